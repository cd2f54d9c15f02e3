"""Steps that make numbers of categories."""
