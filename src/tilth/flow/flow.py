"""The flow: one value that describes everything from reading to delivery. A fitted flow also holds what it learned."""

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
UNFIT = (ArithmeticError, AttributeError, KeyError, TypeError, ValueError)  # raised by a row function if it cannot prepare a row
TO_FIT = "fit it first: tilth fit FLOW -o NAME.tilth, in Python tilth.fit(flow, data)"


@dataclass(frozen=True)
class Reading:
    """What to read, and how to interpret it. `options` are options of the format, as in the flow file.

    `tables` are further tables for rules and steps: name → path. `max_invalid` is the largest share of a column's values that may become
    null because they cannot be read as the column's kind. `table_types` are column kinds of the further tables. `secret` opens the data,
    `table_secrets` the further tables.
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
    """Where to write the result, and in which format; `options` are write options, as in the flow file.

    `manifest` is the place in S3 to which the folder will be copied: each part then gets a `ManifestFile` that lists its objects there.
    `about` describes the data set in the Croissant metadata, with the keys of the flow file.
    """

    to: str = ""
    format: str = "parquet"
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    manifest: str = ""
    about: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Protect:
    """The reference of a key, the kinds of files that stay unencrypted, and whether sealed files are signed."""

    key: str
    allow_plaintext: tuple[str, ...] = ()
    sign: bool = False


@dataclass(frozen=True)
class FitResult:
    """The result of fitting: numbers, small tables and models, never a row.

    `schema` is the schema of served rows: the schema of the table as read or, if a step of `rows` replaces the rows (such as `aggregate`),
    of the step's result. `parts` are the fitted steps of the served parts. `strings` says whether the table came from a file of strings,
    such as CSV. `facts` name the training rows, the engine and the versions. `baseline` holds the measures of the training part. `golden`
    are synthetic rows with their prepared values; only a flow that was opened from a file has them.
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
        """The measures of the training part, as findings. Errors: `RequestError` if they are not valid findings."""
        from tilth.report.json import finding_from_json

        return tuple(map(finding_from_json, self.baseline))


@dataclass(frozen=True, repr=False)
class Flow(Displayed):
    """A flow, described or fitted.

    The part of a step determines when it runs: see `tilth.flow.parts`. `Flow.load(path)` and `Flow.parse(text)` make a flow, `save(path)`
    saves it. A flow also has scikit-learn's methods `fit`, `transform`, `fit_transform` and `get_feature_names_out`.

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
        """The fields only, for copies and other processes. Cached objects, such as the row function, are made again."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def with_secret(self, secret: str | Mapping[str, Any] | Access | None) -> Flow:
        """The same flow with another secret for its data; without a secret, the flow itself. Errors: `RequestError`."""
        return self if secret is None else replace(self, reading=replace(self.reading, secret=Access.of(secret)))

    def with_learned(self, learned: FitResult) -> Flow:
        """The same flow, fitted."""
        return replace(self, learned=learned)

    @property
    def fitted(self) -> bool:
        """Whether the flow is fitted."""
        return self.learned is not None

    @property
    def split(self) -> Split | None:
        """The split into parts, if there is one."""
        return next((s for s in self.parts.get("split", ()) if isinstance(s, Split)), None)

    def steps(self, *names: Part) -> Iterator[tuple[Part, Step]]:
        """Each step with its part, in the order in which they run; by default of all parts."""
        yield from ((name, step) for name in names or BY_NAME for step in self.parts.get(name, ()))

    def need_learned(self) -> FitResult:
        """What the flow learned. Errors: `FlowError` if it is not fitted."""
        if self.learned is None:
            raise FlowError(f"flow {self.name!r} is not fitted", hint=TO_FIT, code="not-fitted")
        return self.learned

    def prepared(self, data: Dataset, training: Tree | None = None) -> Dataset:
        """Apply the fitted features to a table as read. `training` is true for the rows that they learned from."""
        return applied(self.need_learned().features, data, training)

    def served(self, data: Dataset, training: Tree | None = None) -> Dataset:
        """Apply the fitted features and `output` to a table as read."""
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
        """Whether to reject a served row with an unreadable value: one row is 100 % of its column."""
        return self.reading.max_invalid < 1

    def row(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """One prepared row, without an engine: column → value in, column → value out.

        Values are Python's own, numpy's or pandas', or strings as in a file; null is None, NaN, `NA` or `NaT`. A key that is not a column
        is ignored, and so is a missing column that the flow does not need. A row is treated as `apply` treats a table of this row: with
        `max_invalid: 1` under `data`, a value that cannot be read as its column's kind is null.

        Errors: `ColumnError` that names every missing column that the flow needs; `RequestError` that names every column whose value has
        the wrong type, such as a list for a number, or cannot be read, such as `"six"` for a number; `FlowError` if the flow is not
        fitted, `Gap` if a step cannot be computed for a single row.

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
        """A function like `row` that computes only some columns of the prepared row, and reads only what these need.

        For a row that `row` rejects it raises one of `UNFIT`; `row_mistakes` then says what is wrong.
        """
        learned = self.need_learned()
        return row_of(learned.schema, learned.served, self.reading.roles, self.reading.nulls, learned.strings, self._strict, wanted)

    def row_mistakes(self, values: Any) -> list[tuple[str, Mistake]]:
        """Column → mistake in a rejected row, such as a missing column. No mistake shows a value."""
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
    """A table of what was learned, with a row for each step and column."""
    rows = [("step", "column", "learned")]
    for f in fitted:
        for column, state in f.step.shown(f.learned).items():
            rows.append((f.step.name, column, ", ".join(f"{k} = {_short(v)}" for k, v in state.items()) or "-"))
    return rows


def _table(fitted: tuple[Fitted, ...]) -> list[str]:
    """What was learned, as aligned lines of text."""
    rows = _learned(fitted)
    widths = [max(len(r[i]) for r in rows) for i in range(2)]
    return [f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c}".rstrip() for a, b, c in rows]


def _short(value: Any) -> str:
    many = isinstance(value, list | tuple | dict) and len(value) > 4
    return counted(len(value), "value") if many else plain(value_with_interval(value))
