"""Enrolling devices from files of any size: read, validate, compare with the registry, write."""
