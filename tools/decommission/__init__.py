"""Removing what devices created at AWS IoT, which Terraform neither made nor can remove."""
