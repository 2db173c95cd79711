"""Makes room for a provisioning template's next version.

AWS IoT keeps five versions of a template at most, and Terraform's provider removes none, so the
fifth change of a body would fail. This runs before each change.
"""
