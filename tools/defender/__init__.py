"""Findings of Device Defender audits that are so by design, and how AWS IoT is told."""
