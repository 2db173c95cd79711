"""Checks of AWS IoT provisioning for checkov; this file is what makes checkov load the others."""
