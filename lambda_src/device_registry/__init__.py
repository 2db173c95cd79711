"""The device registry: what is allowed to exist, and who holds the claim on it."""
