"""The profile of each column: missing, invalid and valid values, distribution of numbers, frequent values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Dataset, Kind, Roles, mask
from tilth.engine.expressions import and_, col, eq, is_null, lit, ne, not_null, or_
from tilth.engine.operations.aggregates import DistinctOfFew
from tilth.engine.operations.numbers import Finite, NanToNull
from tilth.engine.operations.strings import Trim
from tilth.engine.session import Session
from tilth.engine.statistics import Statistic, distinct
from tilth.measures.measure import Measure, Measured
from tilth.metrics.columns import Maximum, Mean, Minimum, Percentile, RowCount, StandardDeviation
from tilth.metrics.keys import Frequencies
from tilth.metrics.metric import Metric, Where, measured
from tilth.report import Finding, Payload

FIRST = 20_000  # rows of the initial sample
SMALL = 20  # rows from which nearly unique floats are not counted by value
FEW = 50  # distinct values in the first rows up to which a column is counted by value
TOP = 10  # values shown
EXACT_ROWS = 1_000_000  # up to here distinct values are counted; above, large numbers of them are estimated
QUANTILES = {"p5": 0.05, "p25": 0.25, "median": 0.5, "p75": 0.75, "p95": 0.95}
COMPARABLE = frozenset(
    {Kind.BOOLEAN, Kind.INTEGER, Kind.FLOAT, Kind.DECIMAL, Kind.STRING, Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMP_TZ, Kind.TIME}
)


@dataclass(frozen=True)
class Profile(Measure):
    """The profile of every column, and the class distribution of the label."""

    name = "profile"
    baseline = True
    default = True

    def measure(self, table: Dataset, originals: Dataset, session: Session, before: Any = None) -> Measured:
        from tilth.measures.balance import balance_findings

        return [*profile_findings(table, session), *balance_findings(originals, session)], None


@dataclass(frozen=True)
class Distinct(Metric):
    """The number of distinct values, without null. `estimated` uses the engine's sketch: a few per cent off, in little memory.

    0 over no values.
    """

    range = (0, float("inf"))
    x: Tree
    estimated: bool = False

    def needs(self) -> tuple[Statistic, ...]:
        return (Statistic(exp.ApproxDistinct(this=self.x.copy())) if self.estimated else distinct(self.x),)

    def value(self, found: int) -> int:
        return int(found)


@dataclass(frozen=True)
class TextLengths(Metric):
    """The minimum, maximum and mean length of a column's strings, in characters. None without strings."""

    range = (0, float("inf"))
    column: str

    def needs(self) -> tuple[Statistic, ...]:
        length = exp.Length(this=col(self.column))
        return tuple(Statistic(kind(this=length.copy())) for kind in (exp.Min, exp.Max, exp.Sum, exp.Count))

    def value(self, low: int | None, high: int | None, total: Any, n: int) -> dict[str, float] | None:
        return {"min": int(low or 0), "max": int(high or 0), "mean": float(total) / n} if n else None


@dataclass(frozen=True)
class ColumnProfile(Payload):
    """The profile of a column.

    `kind` and `type` (the engine's name); `missing` (null, NaN, and for strings blank), `invalid` (infinite) and `valid` add up to `rows`;
    `distinct`, and whether it is exact; for numbers, dates and times `minimum` and `maximum`; for numbers `mean`, `deviation` (of the
    population), and of more than two values quantiles, all over finite values; for strings `blank` and `lengths`; `top`, the most frequent
    values with their rows, if the column has few.
    """

    KIND: ClassVar[str] = "column"
    VALUE: ClassVar[str] = "share of valid values"
    kind: str = ""
    type: str = ""
    roles: tuple[str, ...] = ()
    rows: int = 0
    missing: int = 0
    invalid: int = 0
    valid: int = 0
    blank: int | None = None
    mean: float | None = None
    deviation: float | None = None
    lengths: Mapping[str, float] = field(default_factory=dict)
    minimum: Any = None
    p5: Any = None
    p25: Any = None
    median: Any = None
    p75: Any = None
    p95: Any = None
    maximum: Any = None
    distinct: int | None = None
    distinct_exact: bool | None = None
    top: tuple[tuple[Any, int], ...] = ()

    @property
    def row_count(self) -> int | None:
        """The rows of the table."""
        return self.rows

    @property
    def compared(self) -> Mapping[str, float | None]:
        return {"rows": self.rows, "mean": self.mean, "standard deviation": self.deviation, "distinct values": self.distinct}

    @property
    def lacking(self) -> int:
        """The number of missing or invalid values."""
        return self.missing + self.invalid


def profile_findings(data: Dataset, engine: Session) -> list[Finding[ColumnProfile]]:
    """One finding for each column: its `value` is the share of valid values. Values of private columns are masked.

    One scan for all numbers, one for each column counted by value, one to verify two-valued numeric columns; above a million rows one for
    each column's quantiles.
    """
    schema = engine.schema(data)
    look = first_look(schema.columns, data, engine)
    rows = next(iter(look.values())).rows if look else 0
    if rows >= FIRST:
        rows = measured(data, [RowCount()], engine)[RowCount()]
    asked = {c.name: _metrics_of(c, rows, look[c.name].distinct) for c in schema}
    found = measured(data, [m for wanted in asked.values() for m in wanted.values()], engine)
    numbers = {c.name: {n: found[m] for n, m in asked[c.name].items()} for c in schema}
    two = [c for c in schema if c.kind.numeric and "distinct" not in asked[c.name]]
    for name, values in _of_two_values(two, numbers, data, engine).items():
        numbers[name]["distinct"] = values
    for columns in _late([c for c in schema if c.kind.numeric], rows, numbers):
        found = measured(data, [m for wanted in columns.values() for m in wanted.values()], engine)
        for name, wanted in columns.items():
            numbers[name] |= {n: found[m] for n, m in wanted.items()}
    return [_finding(c, rows, numbers[c.name], data.roles) for c in schema]


def _of_two_values(columns: Sequence[Column], numbers: Mapping[str, Mapping[str, Any]], data: Dataset, engine: Session) -> dict[str, int]:
    """Column → its distinct values, if they are only its minimum and its maximum.

    A prepared table has many such columns, and one engine copies each row for each column counted by value; that there is no third value
    takes one count.
    """
    ends = {c.name: [numbers[c.name][end] for end in ("minimum", "maximum")] for c in columns}
    others = {
        c.name: Where(RowCount(), and_(not_null(_there(c)), *(ne(col(c.name), lit(end)) for end in ends[c.name])))
        for c in columns
        if None not in ends[c.name]
    }
    found = measured(data, others.values(), engine) if others else {}
    return {name: len(set(ends[name])) for name, m in others.items() if not found[m]}


def _late(columns: Sequence[Column], rows: int, numbers: Mapping[str, Mapping[str, Any]]) -> list[dict[str, dict[str, Metric]]]:
    """Column → its remaining metrics; with many rows one column at a time, because all its values are in memory."""
    late: dict[str, dict[str, Metric]] = {}
    for c in columns:
        unknown = {} if "distinct" in numbers[c.name] else {"distinct": _distinct(c, rows)}
        wanted = unknown | (
            _quantiles(c) if "median" not in numbers[c.name] and (unknown or _has_quantiles(numbers[c.name]["distinct"])) else {}
        )
        late |= {c.name: wanted} if wanted else {}
    return [{name: wanted} for name, wanted in late.items()] if rows > EXACT_ROWS else [late] if late else []


@dataclass(frozen=True)
class Look:
    """The first rows of a column: how many there were (fewer than requested if they are all) and its distinct values."""

    rows: int
    distinct: int


def first_look(columns: Sequence[Column], data: Dataset, engine: Session) -> dict[str, Look]:
    """The first rows of each column."""
    statistics = {c.name: Statistic(DistinctOfFew.of(_there(c))) for c in columns if c.kind in COMPARABLE}
    (rows,) = RowCount().needs()
    found = engine.sample_statistics(data, [rows, *statistics.values()], FIRST)
    return {c.name: Look(found[rows], found[statistics[c.name]] if c.name in statistics else 0) for c in columns}


def _metrics_of(c: Column, rows: int, distinct: int) -> dict[str, Metric]:
    """The metrics of a column with `distinct` distinct values in the first rows."""
    x = col(c.name)
    asked: dict[str, Metric] = {"missing": Where(RowCount(), _missing(c))}
    if c.kind in COMPARABLE and not (c.kind.numeric and distinct <= 2):
        asked["distinct"] = Frequencies((c.name,)) if distinct <= FEW and not _all_differ(c, rows, distinct) else _distinct(c, rows)
    if c.kind.numeric:
        finite = c.kind is Kind.FLOAT  # only these may hold infinities
        asked |= {"invalid": Where(RowCount(), _infinite(c))} if finite else {}
        asked |= {"minimum": Minimum(c.name, finite), "maximum": Maximum(c.name, finite)}
        asked |= {"mean": Mean(c.name, finite), "deviation": StandardDeviation(c.name, finite=finite)}
        asked |= _quantiles(c) if rows <= EXACT_ROWS and _has_quantiles(distinct) else {}
    elif c.kind.temporal:
        asked |= {"minimum": Minimum(c.name), "maximum": Maximum(c.name)}
    elif c.kind is Kind.STRING:
        asked |= {"blank": Where(RowCount(), eq(Trim.of(x), lit(""))), "lengths": TextLengths(c.name)}
    return asked


def _all_differ(c: Column, rows: int, distinct: int) -> bool:
    """Whether most floats of a small table differ: then none is frequent, and each column would cost a query."""
    return c.kind is Kind.FLOAT and rows >= SMALL and 2 * distinct > rows


def _distinct(c: Column, rows: int) -> Metric:
    return Distinct(_there(c), estimated=rows > EXACT_ROWS)


def _has_quantiles(distinct: Any) -> bool:
    """Whether quantiles are measured: for two-valued columns, of which a prepared table has many, the mean says the same."""
    return (len(by_value(distinct)) if isinstance(distinct, Mapping) else distinct) > 2


def _quantiles(c: Column) -> dict[str, Metric]:
    return {name: Percentile(c.name, q) for name, q in QUANTILES.items()}


def _there(c: Column) -> Tree:
    return NanToNull.of(col(c.name)) if c.kind is Kind.FLOAT else col(c.name)


def _missing(c: Column) -> Tree:
    blank = eq(Trim.of(col(c.name)), lit("")) if c.kind is Kind.STRING else None
    return or_(is_null(_there(c)), blank)


def _infinite(c: Column) -> Tree:
    return and_(not_null(_there(c)), is_null(Finite.of(col(c.name))))


def _finding(c: Column, rows: int, found: Mapping[str, Any], roles: Roles) -> Finding[ColumnProfile]:
    missing, invalid = found["missing"], found.get("invalid", 0)
    valid = rows - missing - invalid
    hide: Callable[[Any], Any] = mask if c.name in roles.private else lambda value: value
    quantiles = QUANTILES if "median" in found and _has_quantiles(found["distinct"]) else ()
    payload = ColumnProfile(
        kind=str(c.kind),
        type=c.type,
        roles=tuple(roles.of_column(c.name)),
        rows=rows,
        missing=missing,
        invalid=invalid,
        valid=valid,
        **{name: found[name] for name in ("blank", "mean", "deviation", "lengths") if found.get(name) is not None},
        **{name: hide(found[name]) for name in ("minimum", *quantiles, "maximum") if name in found},
        **(_values(found["distinct"], rows, hide) if "distinct" in found else {}),
    )
    return Finding(c.name, (c.name,), valid / rows if rows else None, message=_words(c, rows, missing, invalid), payload=payload)


def _values(found: Any, rows: int, hide: Callable[[Any], Any]) -> dict[str, Any]:
    if not isinstance(found, Mapping):
        return {"distinct": found, "distinct_exact": rows <= EXACT_ROWS}
    counts = by_value(found)
    if len(counts) > FEW:  # the first rows had fewer: whether values are shown must not depend on which rows came first
        return {"distinct": len(counts), "distinct_exact": True}
    return {"distinct": len(counts), "distinct_exact": True, "top": tuple((hide(key), n) for key, n in islice(counts.items(), TOP))}


def _words(c: Column, rows: int, missing: int, invalid: int) -> str:
    if not rows:
        return "no rows"
    said = [f"{n:,} {what} ({n / rows:.1%})" for n, what in ((missing, "missing"), (invalid, "infinite")) if n]
    return f"{c.kind}: {', '.join(said) or 'every value is there'}"


def by_value(found: Mapping[tuple[Any, ...], int]) -> dict[Any, int]:
    """Rows by value, most frequent first, without null and NaN."""
    return {key: n for (key,), n in found.items() if key is not None and key == key}
