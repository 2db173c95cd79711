"""Support for the tests: the endpoint, what it cannot do, and Terraform in a temporary copy."""
