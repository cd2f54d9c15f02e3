"""What happens if rules of a flow fail: it continues, it stops, or the failing rows are put in quarantine."""

from __future__ import annotations

from dataclasses import dataclass

from tilth.checking import ROWS, Checked, checked
from tilth.data import Dataset
from tilth.engine.layers import row_by_row
from tilth.engine.session import Session
from tilth.flow.flow import Flow
from tilth.flow.reading import further_paths
from tilth.metrics.columns import RowCount
from tilth.metrics.metric import measured
from tilth.report import Finding, Report, warning
from tilth.rules.row_output import FAILED_RULES, reject_taken

QUARANTINE = "quarantine.parquet"


@dataclass(frozen=True)
class Admitted:
    """The rows that a flow continues with, the rows in quarantine if there is one, and the findings of the check."""

    data: Dataset
    quarantined: Dataset | None = None
    findings: tuple[Finding, ...] = ()


def admitted(flow: Flow, data: Dataset, engine: Session, check: Checked | None = None) -> Admitted:
    """The rows of a flow's table that are prepared, by its check, which is made here if it was not yet.

    Errors: `DataFailure` where a rule did not pass and the flow stops then; the metrics of the check are in the history all the same.
    """
    if flow.check is None or flow.on_fail == "report":
        return Admitted(data)
    check = check or checked(data, flow.check, engine, sources=further_paths(flow))
    if flow.on_fail == "quarantine":
        return _parted(data, engine, check)
    report = Report("check", check.findings)
    if engine.answers_are_real and not report.passed:
        check.record()
        report.raise_for_failures()
    return Admitted(data)


def _parted(data: Dataset, engine: Session, check: Checked) -> Admitted:
    assert check.rows is not None  # noqa: S101 -- of what was checked
    reject_taken(data, [FAILED_RULES])
    with engine.working_for(ROWS):
        rows = check.rows()
        if not all(map(row_by_row, rows.tested.layers)):
            rows = rows.held(engine.checkpoint(rows.tested))  # otherwise every later scan would join again
        total, passed = (int(measured(table, [RowCount()], engine)[RowCount()]) for table in (rows.tested, rows.passed))
    failing = [f.name for f in Report("check", check.findings).failures() if f.name in rows.without_rows]
    said = f"{total - passed:,} of {total:,} rows fail a rule and are left out (a delivery has them as {QUARANTINE})"
    more = f"; no rows can be left out for {', '.join(failing)}" if failing else ""
    found = (warning("QUARANTINE", said + more, rows=total - passed, of=total),) if passed < total or failing else ()
    return Admitted(rows.passed, rows.failed(), found)
