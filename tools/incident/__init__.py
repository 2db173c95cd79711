"""What is done about an incident: a leaked claim certificate, a device, a whole batch."""
