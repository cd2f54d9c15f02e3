"""The step that hides what a table says of persons: one file for each way, or for several that are one idea."""
