"""Files and formats of AWS products."""
