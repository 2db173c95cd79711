"""Claim certificates: the key stays with the operator, Terraform gets the request only."""
