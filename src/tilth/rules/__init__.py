"""DQDL: grammar, parser, conditions, and the catalogue of rule types."""
