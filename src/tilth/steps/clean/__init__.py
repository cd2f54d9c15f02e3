"""Steps that mend values."""
