"""Steps that choose, order, split or make rows."""
