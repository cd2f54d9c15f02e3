"""The language DQDL: tokens, parser, syntax, and static checks."""
