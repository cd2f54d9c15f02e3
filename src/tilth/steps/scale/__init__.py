"""Steps that scale numbers."""
