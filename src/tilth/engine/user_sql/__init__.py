"""Users' formulas and queries, admitted by one allow-list."""
