"""Steps on what a model gave."""
