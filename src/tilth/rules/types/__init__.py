"""Rule types, one file per family."""
