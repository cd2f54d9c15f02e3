"""Flaws of data for a model."""

from tilth.measures.insights.flaws.seen import SEVERITIES, Insight, Seen
from tilth.measures.insights.flaws.table import CODES, FLAWS, NO_FLAW, insights

__all__ = ["CODES", "FLAWS", "NO_FLAW", "SEVERITIES", "Insight", "Seen", "insights"]
