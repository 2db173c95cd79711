"""A manufacturer's certificate authority: its registration, what it signs, and closing it."""
