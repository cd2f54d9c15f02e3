"""The contests, one file each; each contestant is a function: what it does before it returns is set-up, what it returns is timed."""
