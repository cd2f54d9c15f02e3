"""What is left behind: findings, facts of the run, and the renderers that show them."""

from tilth.report.report import Facts, Finding, FindingKind, Outcome, Pass, Report, joined, jsonable

__all__ = ["Facts", "Finding", "FindingKind", "Outcome", "Pass", "Report", "joined", "jsonable"]
