"""How easily a person is found in a table: k-anonymity, l-diversity, t-closeness, and what makes the classes larger."""
