"""Steps that make numbers of text."""
