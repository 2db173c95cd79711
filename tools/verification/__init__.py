"""Shows that devices can be provisioned in an account and a Region, with a device of its own."""
