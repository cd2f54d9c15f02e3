"""Steps for tables of times."""
