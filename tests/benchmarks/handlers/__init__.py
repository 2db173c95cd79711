"""Hooks to measure against: one module each, with a ``lambda_handler``."""
