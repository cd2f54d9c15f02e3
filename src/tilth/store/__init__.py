"""Where things are kept: places, atomic writes, scratch folders."""
