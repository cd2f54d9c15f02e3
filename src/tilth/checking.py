"""A check of one table: its rules, further tables that they name, the history of earlier checks, and the rows that pass and fail."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tilth import formats
from tilth.data import Dataset, Files
from tilth.engine.session import Session
from tilth.errors import RequestError, RulesError
from tilth.formats import table_of
from tilth.metrics.columns import RowCount
from tilth.metrics.metric import measured
from tilth.report import Finding
from tilth.rules import Ruleset, parse
from tilth.store.local import reject_own_input, text_of

if TYPE_CHECKING:
    from tilth.history.ledger import Ledger
    from tilth.rules.evaluation import Evaluation

RULES = "rules"  # the purpose of scans that rules need
ROWS = "rows that pass and fail"


@dataclass(frozen=True)
class Checked:
    """A check that is finished: its findings and facts, and the metrics that a history takes."""

    findings: tuple[Finding, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    dataset: str = ""
    statistics: Mapping[str, float] = field(default_factory=dict)
    ledger: Ledger | None = None

    def record(self) -> None:
        """Add the metrics to the history, if there is one: once nothing of the check or run can fail any more."""
        if self.ledger is not None:
            self.ledger.append(self.dataset, self.statistics)


def ruleset_from(rules: Any, folder: str = ".") -> Ruleset:
    """A ruleset, or the one in a string or in a file, whose path is relative to `folder`. Errors: `RulesError` for anything else."""
    if isinstance(rules, Ruleset):
        return rules
    if not isinstance(rules, str | Path):
        message, hint = f"a value of type {type(rules).__name__} is not a ruleset", "the data comes first: tilth.check(data, rules)"
        raise RulesError(message, accepted="a string of DQDL, the path of a .dqdl file, or a Ruleset", hint=hint, code="no-rules")
    if isinstance(rules, Path) or (str(rules).strip().endswith(".dqdl") and "\n" not in str(rules)):
        path = Path(folder, str(rules).strip())
        return parse(text_of(path, "ruleset", RulesError), file=str(path))
    return parse(str(rules))


def checked(
    data: Dataset,
    ruleset: Ruleset,
    session: Session,
    *,
    sources: Mapping[str, Any] | None = None,
    history: str | Path | None = None,
    passed: str | Path | None = None,
    failed: str | Path | None = None,
    **options: Any,
) -> Checked:
    """The check of a table by a ruleset, with facts for the report: see `tilth.check`."""
    from tilth.rules.evaluation import evaluate

    ledger = None if history is None else _ledger(history)
    with session.working_for(RULES):
        tables = {name: table_of(source, session) for name, source in (sources or {}).items()}
        _reject_places(passed, failed, (data, *tables.values()))
        key = ruleset.primary.name if ruleset.primary else str(data.source) if isinstance(data.source, Files) else "data"
        with nullcontext() if ledger is None else ledger.reading(key) as earlier:
            evaluation = evaluate(data, ruleset, session, sources=tables, history=earlier, **options)
    facts = {} if passed is failed is None else _write_rows(data, ruleset, evaluation, session, passed, failed)
    return Checked(evaluation.findings, {"rows": evaluation.rows, **facts}, key, evaluation.statistics, ledger)


def _ledger(place: str | Path) -> Ledger:
    from tilth.history.ledger import Ledger

    return Ledger(place)


def _reject_places(passed: Any, failed: Any, tables: Iterable[Dataset]) -> None:
    """Reject writing rows over data that are read, or both to one place."""
    if passed is not None and passed == failed:
        raise RequestError(f"the rows that pass and those that fail cannot both be written to {passed}", code="same-place")
    for place in (passed, failed):
        if place is not None:
            reject_own_input(place, [path for t in tables if isinstance(t.source, Files) for path in t.source.paths])


def _write_rows(data: Dataset, ruleset: Ruleset, evaluation: Evaluation, session: Session, passed: Any, failed: Any) -> dict[str, Any]:
    """Write the rows that pass and those that fail; how many they are, and the rules that do not judge rows."""
    from tilth.rules.row_output import row_results

    with session.working_for(ROWS):
        rows = row_results(data, ruleset, evaluation.prepared)
        rows = rows.held(session.checkpoint(rows.tested))
        numbers = [measured(part, [RowCount()], session)[RowCount()] for part in (rows.passed, rows.failed)]
        for part, place in ((rows.passed, passed), (rows.failed, failed)):
            if place is not None:
                formats.write(part, place, engine=session)
    return {"rows_passed": numbers[0], "rows_failed": numbers[1], "rules_without_rows": list(rows.without_rows)}
