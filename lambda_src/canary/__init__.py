"""A device of the operator's own that is provisioned, looked at and removed again."""
