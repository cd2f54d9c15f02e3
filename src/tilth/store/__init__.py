"""Storage: places, atomic writes, scratch folders."""
