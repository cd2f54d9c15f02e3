"""The dataset: a lazy table, its schema, its roles, and what its values mean."""
