"""Moving the home of records to another Region: whose hook may grant a serial number."""
