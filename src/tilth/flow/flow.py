"""The flow: one value that describes everything, from reading to delivery; a fitted one also holds what was learned."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal

from sqlglot.expressions import Expression as Tree

from tilth.data import Dataset, Roles, Schema
from tilth.display import Displayed, Grid
from tilth.errors import FlowError, Mistake, Place, TilthError
from tilth.flow.parts import BY_NAME, SERVED
from tilth.flow.protecting import Protect
from tilth.flow.serving import needed_columns, row_error, row_mistakes, row_of, used_columns
from tilth.measures.measure import Measure
from tilth.report import Finding
from tilth.report.blocks import counted, plain, value_with_interval
from tilth.rules import Ruleset
from tilth.secrets import Access
from tilth.steps.fitting import applied
from tilth.steps.rows.split import Split
from tilth.steps.step import Fitted, Part, Step

Steps = Mapping[Part, tuple[Step, ...]]
OnFail = Literal["report", "stop", "quarantine"]
UNFIT = (ArithmeticError, AttributeError, KeyError, TypeError, ValueError)  # what a row function raises for a row that it cannot prepare
TO_FIT = "fit it first: tilth fit FLOW -o NAME.tilth, in Python tilth.fit(flow, data)"


@dataclass(frozen=True)
class Reading:
    """What to read and what its values mean. `options` are those of the format, as the flow file gives them.

    `tables` are other tables that rules compare with and steps read: name → path. `max_invalid` is the largest share of a column's values
    that may become null because they cannot be read as its kind. `table_types` are kinds of the columns of other tables. `secret` opens
    what is read, `table_secrets` other tables.
    """

    read: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    roles: Roles = field(default_factory=Roles)
    tables: Mapping[str, str] = field(default_factory=dict, hash=False)
    max_invalid: float = 0.05
    table_types: Mapping[str, Mapping[str, str]] = field(default_factory=dict, hash=False)
    secret: Access | None = None
    table_secrets: Mapping[str, Access] = field(default_factory=dict, hash=False)

    @property
    def nulls(self) -> Sequence[str]:
        """The strings that mean null."""
        found: Sequence[str] = self.options.get("nulls", ())
        return found


@dataclass(frozen=True)
class Delivery:
    """Where the result goes and in which format; `options` are those of writing it, as the flow file gives them.

    `manifest` is the place in S3 to which the folder will be copied: each part then has a `ManifestFile` of its objects there. `about` is
    what is said of the data set in its Croissant metadata, by the words of the flow file.
    """

    to: str = ""
    format: str = "parquet"
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    manifest: str = ""
    about: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class FitResult:
    """The result of fitting: numbers, small tables and models, never a row.

    `schema` is that of the rows that are served: of the table as it was read, or as a step of `rows` made it whose rows are others.
    `parts` are the fitted steps of the parts that are served, `strings` says whether the table was read from a file of strings, such as
    CSV; `facts` say on which rows, by which engine and versions; `baseline` are the measures
    of the training part; `golden` are made-up rows with what was made of them, of a flow that was opened from a file.
    """

    schema: Schema
    parts: Mapping[Part, tuple[Fitted, ...]] = field(hash=False)
    strings: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict, hash=False)
    baseline: tuple[Mapping[str, Any], ...] = field(default=(), hash=False)
    golden: tuple[Mapping[str, Any], ...] = field(default=(), hash=False, compare=False)

    @property
    def features(self) -> tuple[Fitted, ...]:
        """The fitted features."""
        return self.parts.get("features", ())

    @property
    def served(self) -> tuple[Fitted, ...]:
        """Every fitted step that is served, in order."""
        return tuple(fitted for name in SERVED for fitted in self.parts.get(name, ()))

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The measures of the training part, as findings. Errors: `RequestError` where they are not findings."""
        from tilth.report.json import finding_from_json

        return tuple(map(finding_from_json, self.baseline))


@dataclass(frozen=True, repr=False)
class Flow(Displayed):
    """A flow, described or fitted.

    The part that a step is in says when it runs: see `tilth.flow.parts`. `Flow.load(path)` and `Flow.parse(text)` give a flow, and it is
    saved with `save(path)`. By scikit-learn's conventions it has `fit`, `transform`, `fit_transform` and `get_feature_names_out`, too.

    >>> from tilth.steps.clean.impute import Impute
    >>> print(Flow("small", parts={"features": (Impute("age"),)}))
    flow small
      features  impute(columns='age')
    """

    load: ClassVar[Callable[[str | Path], Flow]]
    parse: ClassVar[Callable[..., Flow]]
    save: ClassVar[Callable[[Flow, str | Path], Path]]
    fit: ClassVar[Callable[..., Flow]]
    transform: ClassVar[Callable[[Flow, Any], Any]]
    fit_transform: ClassVar[Callable[..., Any]]
    get_feature_names_out: ClassVar[Callable[..., Any]]

    name: str = "flow"
    reading: Reading = field(default_factory=Reading)
    check: Ruleset | None = None
    parts: Steps = field(default_factory=dict, hash=False)
    measure: tuple[Measure, ...] = ()
    deliver: Delivery = field(default_factory=Delivery)
    on_fail: OnFail = "report"
    protect: Protect | None = None
    text: str = field(default="", compare=False, repr=False)
    folder: str = field(default=".", compare=False, repr=False)
    places: Mapping[Any, Place] = field(
        default_factory=dict, compare=False, repr=False
    )  # of steps, `roles`, `protect`, the role `positive`
    learned: FitResult | None = None

    def __getstate__(self) -> dict[str, Any]:
        """The value alone, for copies and other processes: what is kept beside it, such as the function for one row, is made anew."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def with_secret(self, secret: str | Mapping[str, Any] | Access | None) -> Flow:
        """The same flow, whose data is opened by another secret; without one the flow itself. Errors: `RequestError`."""
        return self if secret is None else replace(self, reading=replace(self.reading, secret=Access.of(secret)))

    def with_learned(self, learned: FitResult) -> Flow:
        """The same flow, fitted."""
        return replace(self, learned=learned)

    @property
    def fitted(self) -> bool:
        """Whether the flow has learned."""
        return self.learned is not None

    @property
    def split(self) -> Split | None:
        """How rows are assigned to the parts of the data, if they are."""
        return next((s for s in self.parts.get("split", ()) if isinstance(s, Split)), None)

    def steps(self, *names: Part) -> Iterator[tuple[Part, Step]]:
        """Every step with its part, of all parts or of some, in the order in which they run."""
        yield from ((name, step) for name in names or BY_NAME for step in self.parts.get(name, ()))

    def need_learned(self) -> FitResult:
        """What was learned; `FlowError` if nothing was."""
        if self.learned is None:
            raise FlowError(f"flow {self.name!r} is not fitted", hint=TO_FIT, code="not-fitted")
        return self.learned

    def prepared(self, data: Dataset, training: Tree | None = None) -> Dataset:
        """The table that the fitted features make of a table as it was read; `training` is true for the rows that they learned from."""
        return applied(self.need_learned().features, data, training)

    def served(self, data: Dataset, training: Tree | None = None) -> Dataset:
        """The table that the fitted features and `output` make of a table as it was read."""
        return applied(self.need_learned().served, data, training)

    @cached_property
    def _row(self) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
        learned = self.need_learned()
        return row_of(learned.schema, learned.served, self.reading.roles, self.reading.nulls, learned.strings, self._strict)

    @cached_property
    def _needed(self) -> frozenset[str]:
        learned = self.need_learned()
        return needed_columns(learned.schema, learned.served)

    @cached_property
    def _used(self) -> Schema:
        learned = self.need_learned()
        return used_columns(learned.schema, learned.served)

    @property
    def _strict(self) -> bool:
        """Whether a served row with a value that cannot be read is refused: it is all of its column."""
        return self.reading.max_invalid < 1

    def row(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """One prepared row, without an engine: column → value in, column → value out.

        Values are Python's own, numpy's or pandas', or strings as in a file; null is None, NaN, `NA` or `NaT`. A key that is not a column
        is ignored, and so is a missing column that the flow does not need. A row is treated as `apply` treats a table of this row: with
        `max_invalid: 1` under `data`, a value that cannot be read as its column's kind is null.

        Errors: `ColumnError` that names every missing column that the flow needs; `RequestError` that names every column whose value is
        of a type that can be none of its kind, such as a list for a number, or cannot be read, such as `"six"` for a number; `FlowError`
        if the flow is not fitted, `Gap` if a step cannot be computed for a single row.

        >>> import pyarrow as pa, tilth
        >>> flow = tilth.fit(tilth.Flow.parse("features: [{impute: {columns: age, with: mean}}]"), pa.table({"age": [30, 50]}))
        >>> flow.row({"age": None}), flow.row({"age": "38"})
        ({'age': 40.0}, {'age': 38.0})
        """
        try:
            return self._row(values)
        except TilthError:
            raise
        except UNFIT as error:
            raise row_error(self._used, self._needed, values, error, self.reading.nulls, self._strict) from None

    def row_of(self, wanted: Sequence[str]) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
        """The function `row` for some columns of the prepared row: what they are not made of is neither looked at nor made.

        For a row that `row` refuses it raises one of `UNFIT`, and `row_mistakes` says what is wrong.
        """
        learned = self.need_learned()
        return row_of(learned.schema, learned.served, self.reading.roles, self.reading.nulls, learned.strings, self._strict, wanted)

    def row_mistakes(self, values: Any) -> list[tuple[str, Mistake]]:
        """Column → what is wrong with it in a row that is refused, such as that it is missing; no mistake says a value."""
        return row_mistakes(self._used, self._needed, values, self.reading.nulls, self._strict)

    def __str__(self) -> str:
        if self.learned is None:
            lines = [f"  {part:<9} {step}" for part, step in self.steps()]
            return "\n".join([f"flow {self.name}", *lines])
        return "\n".join([f"flow {self.name}, fitted", *(f"  {line}" for line in _table(self.learned.served))])

    def _grid(self) -> Grid:
        if self.learned is None:
            return Grid(f"flow {self.name}", ("part", "step"), [(part, str(step)) for part, step in self.steps()])
        head, *rows = _learned(self.learned.served)
        return Grid(f"flow {self.name}, fitted", head, rows)


def _learned(fitted: tuple[Fitted, ...]) -> list[tuple[str, str, str]]:
    """What was learned, a row for each step and column, after the heads."""
    rows = [("step", "column", "learned")]
    for f in fitted:
        for column, state in f.step.shown(f.learned).items():
            rows.append((f.step.name, column, ", ".join(f"{k} = {_short(v)}" for k, v in state.items()) or "-"))
    return rows


def _table(fitted: tuple[Fitted, ...]) -> list[str]:
    """What was learned, in aligned lines."""
    rows = _learned(fitted)
    widths = [max(len(r[i]) for r in rows) for i in range(2)]
    return [f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c}".rstrip() for a, b, c in rows]


def _short(value: Any) -> str:
    many = isinstance(value, list | tuple | dict) and len(value) > 4
    return counted(len(value), "value") if many else plain(value_with_interval(value))
