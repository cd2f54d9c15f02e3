"""The flow: one value that says everything, from reading to delivery; fitted, it holds what was learned too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from tilth.data import Change, Dataset, Roles, Schema
from tilth.errors import FlowError, TilthError
from tilth.steps.rows.split import Split
from tilth.steps.step import Fitted, Part, Step

PARTS: tuple[Part, ...] = ("rows", "split", "features", "training")


@dataclass(frozen=True)
class Reading:
    """What to read and what its values mean. `options` are those of the format, as the flow file gives them."""

    read: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    roles: Roles = field(default_factory=Roles)


@dataclass(frozen=True)
class Delivery:
    """Where the result goes and in which format."""

    to: str = ""
    format: str = "parquet"


@dataclass(frozen=True)
class Learned:
    """What fitting leaves: numbers and small tables, never a row.

    `schema` is that of the table as it was read, `texts` tells whether from a file of texts, such as CSV; `features` what each
    step learned on the training part; `facts` say on which rows, by which engine and versions; `baseline` are the measures of
    the training part.
    """

    schema: Schema
    features: tuple[Fitted, ...]
    texts: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict, hash=False)
    baseline: tuple[Mapping[str, Any], ...] = field(default=(), hash=False)


@dataclass(frozen=True)
class Flow:
    """A flow, described or fitted.

    The part a step stands in says when it runs: `rows` on the whole table before the split, never served; `features` row by
    row, learned on the training part only, exactly what is served; `training` on the training part only.

    >>> from tilth.steps.clean.impute import Impute
    >>> print(Flow("small", features=(Impute("age"),)))
    flow small
      features  impute(columns='age')
    """

    name: str = "flow"
    reading: Reading = field(default_factory=Reading)
    check: str = ""
    rows: tuple[Step, ...] = ()
    split: Split | None = None
    features: tuple[Step, ...] = ()
    training: tuple[Step, ...] = ()
    measure: tuple[str, ...] = ()
    deliver: Delivery = field(default_factory=Delivery)
    text: str = field(default="", compare=False, repr=False)
    folder: str = field(default=".", compare=False, repr=False)
    learned: Learned | None = None

    @staticmethod
    def load(path: str | Path) -> Flow:
        """The flow in a file: a flow file (YAML), or a fitted flow (`NAME.tilth`). `FlowError` with every mistake at once."""
        if Path(path).suffix == ".tilth":
            from tilth.flow.artefact import opened

            return opened(path)
        from tilth.flow.loading import load

        return load(path)

    @staticmethod
    def parse(text: str, name: str = "flow") -> Flow:
        """The flow in a YAML text."""
        from tilth.flow.loading import parse_flow

        return parse_flow(text, file="<flow>", name=name)

    def save(self, path: str | Path) -> Path:
        """Save the fitted flow as `NAME.tilth`: a zip of texts and small tables, byte-equal when made twice."""
        from tilth.flow.artefact import save

        return save(self, path)

    def with_learned(self, learned: Learned) -> Flow:
        """The same flow, fitted."""
        return replace(self, learned=learned)

    @property
    def fitted(self) -> bool:
        """Whether the flow has learned."""
        return self.learned is not None

    def steps(self) -> Iterator[tuple[Part, Step]]:
        """Every step with the part it stands in, in the order in which they run."""
        yield from (("rows", s) for s in self.rows)
        yield from (("split", s) for s in (self.split,) if s is not None)
        yield from (("features", s) for s in self.features)
        yield from (("training", s) for s in self.training)

    def need_learned(self) -> Learned:
        """What was learned; `FlowError` if nothing was."""
        if self.learned is None:
            raise FlowError(f"flow {self.name!r} is not fitted", hint="fit it first: tilth fit FLOW -o NAME.tilth", code="not-fitted")
        return self.learned

    def prepared(self, data: Dataset) -> Dataset:
        """The table that the fitted features make of a table as it was read."""
        for fitted in self.need_learned().features:
            data = fitted.apply(data)
        return data

    @cached_property
    def _row(self) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
        from tilth.engine.row import row_function
        from tilth.formats import decode_served, described

        schema, texts = self.need_learned().schema, self.need_learned().texts
        decode = decode_served(schema, self.reading.options.get("nulls", ()), empty_is_null=texts)
        data = self.prepared(Dataset(described(schema), self.reading.roles, (decode,)))
        return row_function([layer for layer in data.layers if isinstance(layer, Change)], schema.names)

    def row(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """One prepared row, without an engine: column → value in, column → value out.

        Values are Python's own, numpy's or pandas', or texts as in a file; null is None, NaN, `NA` or `NaT`. A column that is lacking
        counts as null; a key that is no column is ignored; a text that cannot be read as its column's kind is null, as in a table.

        Errors: `RequestError` that names every column whose value is of a type that can be none of its kind, such as a list for a number;
        `FlowError` if the flow is not fitted, `Gap` if a step has no form for one row.

        >>> import pyarrow as pa, tilth
        >>> flow = tilth.fit(Flow.parse("features: [{impute: {columns: age, with: mean}}]"), pa.table({"age": [30, 50]}))
        >>> flow.row({"age": None}), flow.row({"age": "38"})
        ({'age': 40.0}, {'age': 38.0})
        """
        prepare = self._row
        try:
            return prepare(values)
        except TilthError:
            raise
        except (ArithmeticError, AttributeError, TypeError, ValueError) as error:
            from tilth.flow.serving import refused_row

            raise refused_row(self.need_learned().schema, values, error) from None

    def __str__(self) -> str:
        if self.learned is None:
            lines = [f"  {part:<9} {step}" for part, step in self.steps()]
            return "\n".join([f"flow {self.name}", *lines])
        return "\n".join([f"flow {self.name}, fitted", *(f"  {line}" for line in _table(self.learned.features))])


def _table(fitted: tuple[Fitted, ...]) -> list[str]:
    """What was learned, a line for each step and column."""
    rows = [("step", "column", "learned")]
    for f in fitted:
        for column, state in f.step.shown(f.learned).items():
            rows.append((f.step.name, column, ", ".join(f"{k} = {_short(v)}" for k, v in state.items()) or "-"))
    widths = [max(len(r[i]) for r in rows) for i in range(2)]
    return [f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c}".rstrip() for a, b, c in rows]


def _short(value: Any) -> str:
    match value:
        case float():
            return f"{value:.6g}"
        case list() | tuple() | dict() if len(value) > 4:
            return f"{len(value)} values"
    return str(value)
