"""DQDL as text: tokens, parser, syntax, and what is wrong with it."""
