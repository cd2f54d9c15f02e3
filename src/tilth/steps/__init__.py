"""One file per step: what it learns, and the columns or rows it makes."""
