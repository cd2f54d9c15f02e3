"""Which columns hold sensitive data, and of how many rows."""
