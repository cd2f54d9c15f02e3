"""Drafts a flow for undescribed data: guesses roles, proposes rules and steps from the values, and lists pitfalls. Recommends rules.

The draft runs as it is, and its rules pass on the data it was made from. It is meant to be read and changed, so every guess is
marked as one. Values of columns that look private are never shown.
"""

from tilth.drafting.draft import Draft, init
from tilth.drafting.recommendation import Recommendation, recommend

__all__ = ["Draft", "Recommendation", "init", "recommend"]
