"""The pre-provisioning hook: decides whether a device may be provisioned, and as what."""
