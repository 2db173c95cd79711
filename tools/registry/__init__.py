"""The registry as operators use it: many records, their certificates, and why one was refused."""
