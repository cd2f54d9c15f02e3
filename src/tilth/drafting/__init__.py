"""A flow for data that nobody has described yet: roles guessed, rules and steps proposed from a look at the values, traps named.

What is written runs as it is, and its rules pass on the data that it was made from. It is a first draft to read and change, so
every guess says that it is one. Values of columns that look private are never shown.
"""

from tilth.drafting.draft import propose

__all__ = ["propose"]
