"""Runs the check of a table: its rules, the further tables that they name, the history of earlier checks, and the files of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from tilth import formats
from tilth.data import Dataset, Files, Schema
from tilth.engine.session import Session
from tilth.errors import RequestError, RulesError, unknown
from tilth.formats import table_of
from tilth.metrics.columns import RowCount
from tilth.metrics.metric import measured
from tilth.report import Finding, Report
from tilth.rules import Ruleset, parse
from tilth.rules.conditions import check_time
from tilth.shelf import Shelf
from tilth.store.local import reject_own_input, text_of
from tilth.store.uri import Place, is_local, joined

if TYPE_CHECKING:
    from tilth.history.ledger import Ledger
    from tilth.rules.context import History
    from tilth.rules.evaluation import Evaluation
    from tilth.rules.row_output import RowResults

RULES = "rules"  # the purpose of the scans for rules
ROWS = "rows that pass and fail"


@dataclass(frozen=True)
class Checked:
    """A finished check: its findings and facts, the metrics for the history, and a function that gives its rows by their verdicts."""

    findings: tuple[Finding, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    dataset: str = ""
    statistics: Mapping[str, float] = field(default_factory=dict)
    ledger: Ledger | None = None
    at: datetime | None = None
    rows: Callable[[], RowResults] | None = None

    def record(self) -> None:
        """Add the metrics to the history, if there is one. Called last, when the check or run can no longer fail."""
        if self.ledger is not None:
            self.ledger.append(self.dataset, self.statistics, self.at)


@dataclass(frozen=True)
class RowFiles:
    """Where to write the rows of a check: those that `passed` every rule, those that `failed` one, all `rows` with their verdicts.

    `outside` is the verdict for a row outside a rule's `where`: `passed` or `skipped`. `labels`: each rule is followed by its labels.
    """

    passed: Place | None = None
    failed: Place | None = None
    rows: Place | None = None
    outside: str = "passed"
    labels: bool = False

    @property
    def places(self) -> dict[str, Place]:
        """The given places."""
        given = {"passed": self.passed, "failed": self.failed, "rows": self.rows}
        return {what: place for what, place in given.items() if place is not None}

    def reject(self, data: Dataset, others: Iterable[Dataset]) -> None:
        """Reject places that cannot be written, before anything is measured. Errors: `RequestError`."""
        from tilth.rules.row_output import ADDED, FAILED_RULES, reject_taken

        RequestError.reject(unknown([self.outside], ("passed", "skipped"), "a row outside a `where` cannot be {}", "bad-value"))
        read = [path for t in (data, *others) if isinstance(t.source, Files) for path in t.source.paths]
        for i, place in enumerate(given := list(self.places.values())):
            formats.format_of(place)
            reject_own_input(place, read)
            if place in given[:i]:
                raise RequestError(
                    f"two kinds of rows cannot be written to the same place, {place}", hint="give each its own", code="same-place"
                )
        reject_taken(data, ADDED if self.rows else [FAILED_RULES] if self.failed else [])


@runtime_checkable
class ForeignRuleset(Protocol):
    """The ruleset of another product; its rules depend on the columns of the table."""

    @property
    def labels(self) -> Iterable[Mapping[str, str]]:
        """The labels of its rules, as far as known without the columns."""

    def ruleset(self, schema: Schema) -> Ruleset:
        """Its rules for a table with these columns. Errors: `RulesError` with every mistake."""

    def to_json(self, report: Report) -> str:
        """The report of a check by this ruleset, in the format of the product."""


RULESET_FILES: Shelf[Callable[[str], ForeignRuleset]] = Shelf(
    "ruleset file", "ruleset_files", {"json": "tilth.aws.rulesets:DataBrewRuleset.load"}
)
"""Suffix of a ruleset of another product → the function that reads it."""


def rules_from(rules: Any, folder: str = ".") -> Ruleset | ForeignRuleset:
    """The ruleset from an object, a string or a file; a path is relative to `folder`. Errors: `RulesError` for anything else.

    A string is a file if it ends in `.dqdl`, in the suffix of a foreign ruleset, or is a URI; a `Path` always is.
    """
    if isinstance(rules, Ruleset | ForeignRuleset):
        return rules
    if not isinstance(rules, str | Path):
        message, hint = f"a value of type {type(rules).__name__} is not a ruleset", "the data comes first: tilth.check(data, rules)"
        raise RulesError(message, accepted="a string of DQDL, the path of a .dqdl or .json file, or a Ruleset", hint=hint, code="no-rules")
    written = str(rules).strip()
    if not isinstance(rules, Path) and "\n" in written:
        return parse(written)
    place, suffix = joined(folder, written), PurePath(written).suffix.removeprefix(".")
    if suffix in RULESET_FILES:
        return RULESET_FILES[suffix](place)
    if isinstance(rules, Path) or suffix == "dqdl" or not is_local(written):
        return parse(text_of(place, "ruleset", RulesError), file=place)
    return parse(written)


def ruleset_from(rules: Any, folder: str = ".") -> Ruleset:
    """The ruleset, if it is needed before the data. Errors: `RulesError`, also for a ruleset of another product."""
    found = rules_from(rules, folder)
    if isinstance(found, Ruleset):
        return found
    hint = f"convert it, and name the result: tilth convert {rules} --data DATA -o rules.dqdl"
    raise RulesError("a flow takes rules in DQDL", hint=hint, code="no-rules")


def named_tables(sources: Any) -> Mapping[str, Any]:
    """Name → further table of a check. Errors: `RequestError` for tables without names."""
    if sources is not None and not isinstance(sources, Mapping):
        message = f"a value of type {type(sources).__name__} does not name the further tables"
        raise RequestError(message, accepted="a mapping, such as {'customers': customers}", code="no-names")
    return sources or {}


def checked(
    data: Dataset,
    ruleset: Ruleset | ForeignRuleset,
    session: Session,
    *,
    sources: Mapping[str, Any] | None = None,
    history: str | Path | None = None,
    earlier: History | None = None,
    at: date | str | None = None,
    row_files: RowFiles = RowFiles(),
    what_if: bool = False,
    **options: Any,
) -> Checked:
    """Check a table by a ruleset, and collect facts for the report: see `tilth.check`. Without a place, `earlier` is the history."""
    from tilth.rules.evaluation import evaluate
    from tilth.rules.row_output import row_results
    from tilth.rules.scores import scores

    asked_at = None if at is None else check_time(at)
    ledger = None if history is None else _ledger(history)
    with session.working_for(RULES):
        ruleset = ruleset if isinstance(ruleset, Ruleset) else ruleset.ruleset(session.schema(data))
        tables = {name: table_of(source, session) for name, source in named_tables(sources).items()}
        row_files.reject(data, tables.values())
        key = ruleset.primary.name if ruleset.primary else str(data.source) if isinstance(data.source, Files) else "data"
        with nullcontext(earlier) if ledger is None else ledger.reading(key, asked_at) as known:
            asked = {"sources": tables, "history": known, "now": asked_at or datetime.now(UTC), **options}
            evaluation = evaluate(data, ruleset, session, **asked)
            damage = _noticed(data, ruleset, evaluation, session, asked) if what_if else ()
    rows = partial(row_results, data, ruleset, evaluation.prepared, skips=row_files.outside == "skipped", labels=row_files.labels)
    facts = _write_rows(data, rows(), evaluation.rows, session, row_files) if row_files.places else {}
    metrics = {**evaluation.statistics, **scores(evaluation.findings)}
    named = {"ruleset": Path(file).stem} if ruleset.source and (file := ruleset.source.file) else {}
    return Checked((*evaluation.findings, *damage), {"rows": evaluation.rows, **named, **facts}, key, metrics, ledger, asked_at, rows)


def _noticed(data: Dataset, ruleset: Ruleset, evaluation: Evaluation, session: Session, asked: Mapping[str, Any]) -> Iterable[Finding]:
    from tilth.rules.what_if import what_if

    return what_if(data, ruleset, evaluation, session, **asked)


def _ledger(place: str | Path) -> Ledger:
    from tilth.history import ledger_at

    return ledger_at(place)


def _write_rows(data: Dataset, rows: RowResults, known: int | None, session: Session, files: RowFiles) -> dict[str, Any]:
    """Write the rows, all files or none.

    Returns the rules that do not judge rows, and the numbers of passing and failing rows, if they are separated. For several files, the
    rows are materialised, so that the source is scanned only once.
    """
    with session.working_for(ROWS):
        if len(files.places) > 1:
            rows = rows.held(session.checkpoint(rows.tested))
        made = {"passed": lambda flat: rows.passed, "failed": rows.failed, "rows": rows.all_rows}
        parts = [(made[what](not formats.format_of(place).lists), place) for what, place in files.places.items()]
        written = dict(zip(files.places, formats.write_together(parts, session), strict=True))
        counted = _counts(written, known, lambda: measured(data, [RowCount()], session)[RowCount()])
    return {**counted, "rules_without_rows": list(rows.without_rows)}


def _counts(written: Mapping[str, int], known: int | None, count: Callable[[], int]) -> dict[str, int]:
    """The numbers of passing and failing rows, if they are separated. If only one kind is written, the other number is the rest."""
    if not written.keys() & {"passed", "failed"}:
        return {}
    total = written.get("rows", known)
    if len(written) == 1 and total is None:
        total = count()
    passed = written["passed"] if "passed" in written else (total or 0) - written["failed"]
    return {"rows_passed": passed, "rows_failed": written["failed"] if "failed" in written else (total or 0) - passed}
