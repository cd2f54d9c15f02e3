"""Reports: findings, facts of the run, and renderers."""

from tilth.report.facts import Facts, Scan
from tilth.report.finding import Finding, Outcome, Payload, Warned, jsonable, warning
from tilth.report.report import Report

__all__ = ["Facts", "Finding", "Outcome", "Payload", "Report", "Scan", "Warned", "jsonable", "warning"]


def _in_notebook(report: Report) -> str:
    from tilth.report.html import embedded

    return embedded(report)


Report._repr_html_ = _in_notebook
