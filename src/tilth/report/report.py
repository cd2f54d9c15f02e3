"""Reports: findings and the facts of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Protocol, TypeVar, overload

from tilth.display import Displayed, Grid, brief
from tilth.errors import DataFailure, RequestError
from tilth.report.facts import Facts
from tilth.report.finding import Finding, Outcome, Payload

FORMAT = 1  # version of the JSON format; fields may be added without a new version, but never change their meaning
K = TypeVar("K", bound=Payload)


class JudgedRows(Protocol):
    """The rows of a table by the verdicts of rules."""

    @property
    def passed(self) -> Any:
        """The rows that fail no rule, a `Dataset`."""

    def failed(self, *, rule: str | None, limit: int | None) -> Any:
        """The rows that fail this rule, or any, a `Dataset`."""


@dataclass(frozen=True, repr=False)
class Report(Displayed):
    """The result of a verb. In a condition, it is true if every rule passed: `if report: …`.

    `save(path)` writes it as HTML, JSON, JUnit XML, Markdown or text, by the suffix or in the given `format`; `to_pandas()` returns a frame
    with one row per finding, `to_dict()` the content of the JSON. A notebook shows the whole page.

    >>> report = Report("measure", (Finding("Mean", ("age",), 40.0),))
    >>> report.passed, len(report.of("metric"))
    (True, 1)
    >>> report
    measure: 1 finding
      finding  columns  value
      Mean     age      40
    """

    title: str
    findings: tuple[Finding, ...] = ()
    facts: Facts = field(default_factory=Facts)
    # set in `tilth.report`, because they need the renderers
    _repr_html_: ClassVar[Callable[[Report], str]]
    save: ClassVar[Callable[..., Any]]
    to_dict: ClassVar[Callable[[Report], dict[str, Any]]]
    to_pandas: ClassVar[Callable[[Report], Any]]

    def __bool__(self) -> bool:
        return self.passed

    def __getstate__(self) -> dict[str, Any]:
        """Pickle the report without its rows."""
        return {name: value for name, value in vars(self).items() if name != "_rows"}

    def with_rows(self, rows: Callable[[], JudgedRows] | None) -> Report:
        """The report of a check, with a function that gives the judged rows; it is not a field: not written, compared or pickled."""
        made = replace(self)
        vars(made)["_rows"] = rows
        return made

    def _grid(self) -> Grid:
        judged, passed = self.verdicts, sum(f.outcome is Outcome.PASSED for f in self.verdicts)
        verdict = f"{'passed' if self.passed else 'failed'}, {passed} of {len(judged)} rules passed, " if judged else ""
        found = sorted(self.findings, key=lambda f: (f.outcome in (None, Outcome.PASSED), not f.payload.JUDGES))  # failures first
        rows = [
            (f.name if f.named else f.payload.VALUE or f.name, ", ".join(f.subject), f.group, f.part, brief(f.value), brief(f.outcome))
            for f in found
        ]
        heads = ("finding", "columns", "group", "part", "value", "verdict")
        used = [k for k in range(len(heads)) if any(row[k] for row in rows)]
        title = f"{self.title}: {verdict}{len(rows):,} finding{'' if len(rows) == 1 else 's'}"
        return Grid(title, tuple(heads[k] for k in used), [tuple(row[k] for k in used) for row in rows])

    @overload
    def of(self, *kinds: type[K], part: str | None = None) -> tuple[Finding[K], ...]: ...
    @overload
    def of(self, *kinds: str, part: str | None = None) -> tuple[Finding[Any], ...]: ...
    def of(self, *kinds: Any, part: str | None = None) -> tuple[Finding[Any], ...]:
        """The findings of some kinds, by name or payload class, in order; only of `part`, if given."""
        names = {k if isinstance(k, str) else k.KIND for k in kinds}
        return tuple(f for f in self.findings if f.kind in names and (part is None or f.part == part))

    @property
    def verdicts(self) -> tuple[Finding, ...]:
        """The findings that are verdicts."""
        return tuple(f for f in self.findings if f.payload.JUDGES)

    @property
    def passed(self) -> bool:
        """Whether every verdict is Passed."""
        return all(f.outcome is Outcome.PASSED for f in self.verdicts)

    @property
    def rows(self) -> int | None:
        """The number of rows of the data as read: a fact, or from the first finding that counted them. None if none did."""
        if self.facts.rows is not None:
            return self.facts.rows
        return next((n for f in self.findings if not f.where and (n := f.payload.row_count) is not None), None)

    def failures(self, labels: Iterable[tuple[str, str]] = ()) -> tuple[Finding, ...]:
        """The verdicts that are not Passed; with `labels`, pairs of key and value, only those of rules that have one of these labels.

        >>> Report("check").failures([("severity", "high")])
        ()
        """
        wanted = tuple(labels)
        failed = (f for f in self.verdicts if f.outcome is not Outcome.PASSED)
        return tuple(f for f in failed if not wanted or any(f.payload.has_label(key, value) for key, value in wanted))

    @property
    def score(self) -> float | None:
        """The share of verdicts that are Passed, as in Glue. None without any."""
        return sum(f.outcome is Outcome.PASSED for f in self.verdicts) / len(self.verdicts) if self.verdicts else None

    def passed_rows(self) -> Any:
        """The rows of a check that fail no rule: a lazy `Dataset`, which reads the data again. See `failed_rows`."""
        return self._judged_rows().passed

    def failed_rows(self, rule: str | None = None, limit: int | None = None) -> Any:
        """The rows of a check that fail a rule: a lazy `Dataset`, which reads the data again.

        The column `DataQualityRulesFail` lists the failed rules of each. `rule` is one of the rules, by its text or how that begins;
        `limit` is how many rows there are at most, those that are found first. A rule's threshold does not change which rows fail it.

        Errors: `RequestError` for a report that has no rows, such as one that was saved; for an unknown rule, and one that judges no rows.

        >>> import pyarrow as pa, tilth
        >>> report = tilth.check(pa.table({"age": [30, None, -1]}), 'Rules = [ IsComplete "age", ColumnValues "age" >= 0 ]')
        >>> tilth.write(report.failed_rows("IsComplete"))["DataQualityRulesFail"].to_pylist()
        [['IsComplete "age"', 'ColumnValues "age" >= 0']]
        """
        return self._judged_rows().failed(rule=rule, limit=limit)

    def _judged_rows(self) -> JudgedRows:
        rows: Callable[[], JudgedRows] | None = vars(self).get("_rows")
        if rows is None:
            hint = "the report that tilth.check gives has them until it is saved"
            raise RequestError(f"this report of {self.title!r} has no rows", hint=hint, code="no-rows")
        return rows()

    def raise_for_failures(self, labels: Iterable[tuple[str, str]] = ()) -> None:
        """Raise `DataFailure` with a line for each of the `failures`."""
        if failed := self.failures(labels):
            raise DataFailure(*(f"{f.name}: {f.outcome}" + (f": {f.message}" if f.message else "") for f in failed))
