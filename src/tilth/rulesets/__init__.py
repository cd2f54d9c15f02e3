"""Checks of other products as rules in DQDL: Great Expectations, dbt, Soda and Deequ."""

from tilth.rulesets.converted import ConvertedChecks, converted_checks

__all__ = ["ConvertedChecks", "converted_checks"]
