"""Reports: findings, facts of the run, and renderers."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tilth.errors import extra
from tilth.report.facts import Facts, Scan
from tilth.report.finding import Finding, Outcome, Payload, Warned, jsonable, warning
from tilth.report.report import Report

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Facts", "Finding", "Outcome", "Payload", "Report", "Scan", "Warned", "jsonable", "warning"]


def _in_notebook(report: Report) -> str:
    from tilth.report.html import embedded

    return embedded(report)


def _save(report: Report, place: str | Path, format: str | None = None) -> Path | str:
    """Write the report in the given format, by default that of the suffix: see `tilth.write`."""
    from tilth.report.files import write_report

    return write_report(report, place, format)


def _to_dict(report: Report) -> dict[str, Any]:
    """The content of the report's JSON, in Python's own types."""
    from json import loads

    from tilth.report.json import to_json

    held: dict[str, Any] = loads(to_json(report, indent=None))
    return held


def _to_pandas(report: Report) -> pd.DataFrame:
    """A frame with one row per finding: its kind and every field except the payload and the examples; missing values are null.

    Errors: `MissingExtra` without pandas.
    """
    with extra("frames", "Report.to_pandas()"):
        import pandas as pd
    kept = [f.name for f in fields(Finding) if f.name not in ("payload", "examples")]
    rows = [{"kind": f.kind, **{name: getattr(f, name) for name in kept}, "subject": ", ".join(f.subject)} for f in report.findings]
    return pd.DataFrame(rows, columns=["kind", *kept])


Report._repr_html_, Report.save, Report.to_dict, Report.to_pandas = _in_notebook, _save, _to_dict, _to_pandas
