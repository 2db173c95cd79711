"""The gate before just-in-time registration: the registry decides which certificate is activated.

Just-in-time provisioning knows no hook: every device with a certificate of a registered CA gets in.
With just-in-time registration AWS IoT registers the certificate as PENDING_ACTIVATION, says so on a
topic, and leaves the rest to this function.
"""
