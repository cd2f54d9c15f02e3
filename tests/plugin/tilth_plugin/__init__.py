"""A package that adds one entry of each kind to the shelves of Tilth."""
