"""The profile of each column: missing, invalid and valid values, distribution of numbers, frequent values."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import pyarrow as pa
from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Dataset, Kind, Roles, Schema, mask
from tilth.engine.expressions import cast_to, col, data_type, eq, lit, mul
from tilth.engine.operations.numbers import Finite, NanToNull
from tilth.engine.operations.strings import BlankToNull
from tilth.engine.operations.sums import WideSum
from tilth.engine.session import Session
from tilth.engine.statistics import Statistic, count_of, distinct
from tilth.errors import RequestError
from tilth.measures.associations import associations
from tilth.measures.distributions import Histogram, histogram_of, histogram_of_times, shape_of
from tilth.measures.measure import Measure, Measured
from tilth.measures.sampled import (
    COMPARABLE,
    COUNTED,
    FEW,
    MOST_GROUPS,
    Rows,
    Spread,
    Values,
    all_rows,
    counted,
    most_rows,
    numbers_of_strings,
    ordered,
    packs,
    quantiles_of,
    sampled_rows,
    values_of,
)
from tilth.measures.table_profile import EqualRows, table_findings
from tilth.measures.trend import trends
from tilth.metrics.columns import Maximum, Mean, Minimum, RowCount, StandardDeviation
from tilth.metrics.keys import Frequencies
from tilth.metrics.metric import Metric, Where, measured, ratio
from tilth.report import Finding, Payload
from tilth.report.charts import percent
from tilth.shelf import PYTHON_ONLY

SMALL = 20  # with at least this many rows, values of nearly unique floats are not shown
TOP = 10  # most values shown
EXACT_ROWS = 1_000_000  # distinct values of a possibly unique column are counted up to this many rows, and estimated beyond
MOST_EXACT = 100_000_000  # up to this many rows, whole columns are inspected in memory, one at a time
MOST_INTEGER = 2**63 - 1  # columns with larger values are not inspected
NARROW = ("TINYINT", "SMALLINT", "INTEGER", "INT", "UTINYINT", "USMALLINT")  # integer types with squares of up to 64 bits
TOO_WIDE = ("UBIGINT", "HUGEINT", "UHUGEINT")  # integer types with larger values
CONDITIONS = frozenset({Kind.BOOLEAN, Kind.INTEGER, Kind.FLOAT, Kind.STRING})  # kinds whose values can be counted by conditions
QUANTILES = {"p5": 0.05, "p25": 0.25, "median": 0.5, "p75": 0.75, "p95": 0.95}


@dataclass(frozen=True)
class Profile(Measure):
    """The profile of every column, and of the rows: duplicates, associations, the label beside each feature, trends, class balance.

    For a table with more rows than a sample (100,000, or fewer with many columns), quantiles come from a sample that is the same for every
    order of rows, and large numbers of distinct values are estimated.
    """

    name = "profile"
    baseline = True
    default = True

    exact: bool = False
    """Whether distributions, distinct values and duplicates of large tables are exact, which takes a scan for each column."""

    brief: bool = field(default=False, metadata=PYTHON_ONLY)
    """Whether to measure only what one scan counts, if the table has more rows than a sample; for parts that a flow has prepared."""

    def of_prepared(self) -> Profile:
        return replace(self, brief=not self.exact)

    def including(self, other: Measure) -> Profile | None:
        return self if other.name == "balance" else None

    def measure(self, table: Dataset, originals: Dataset, session: Session, before: Any = None) -> Measured:
        found, *_ = profiled(table, originals, session, self.exact, self.brief)
        return found, None


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
class Present(Metric):
    """The number of rows in which an expression is not null. 0 over no rows."""

    range = (0, float("inf"))
    x: Tree

    def needs(self) -> tuple[Statistic, ...]:
        return (count_of(self.x),)


@dataclass(frozen=True)
class IntegerMean(Metric):
    """The mean of integers of up to 32 bits, from exact sums. None without values."""

    column: str

    def needs(self) -> tuple[Statistic, ...]:
        return Statistic(WideSum.of(_wide(self.column))), count_of(col(self.column))

    def value(self, total: Any, n: int) -> float | None:
        return ratio(int(total or 0), n)


@dataclass(frozen=True)
class IntegerDeviation(Metric):
    """The standard deviation of the population of integers of up to 32 bits, √(n Σx² − (Σx)²) / n. None without values."""

    range = (0, float("inf"))
    column: str

    def needs(self) -> tuple[Statistic, ...]:
        x = _wide(self.column)
        return count_of(col(self.column)), Statistic(WideSum.of(x)), Statistic(WideSum.of(mul(x, x)))

    def value(self, n: int, total: Any, squares: Any) -> float | None:
        return math.sqrt(n * int(squares) - int(total) ** 2) / n if n else None


def _wide(column: str) -> Tree:
    return cast_to(col(column), data_type("bigint"))


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

    `kind` and `type` (the engine's name); `missing` (null, NaN, and blank strings), `invalid` (infinite) and `valid` add up to `rows`;
    `distinct`, and whether it is exact; for numbers, dates and times `minimum` and `maximum`; for numbers `mean`, `deviation` (of the
    population), and, with more than two values, quantiles, all over finite values; for strings `blank` and `lengths`; the most frequent
    values with their rows: `top`, if the column has few, else, for strings, `frequent`; `skewness`, and the shares of `outliers` and
    `far_outliers`, numbers more than 1.5 and 3 interquartile ranges beyond the quartiles; `histogram`. `sampled` is the number of rows that
    these and the quantiles come from, if not all.
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
    frequent: tuple[tuple[Any, int], ...] = ()
    skewness: float | None = None
    outliers: float | None = None
    far_outliers: float | None = None
    histogram: Histogram | None = None
    sampled: int | None = None

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


@dataclass(frozen=True)
class Look:
    """A summary of a column's values: the number of distinct ones, and whether it is exact; their counts, if there are few; quantiles; and
    other fields of the payload (`shape`)."""

    distinct: int
    exact: bool = True
    counts: Mapping[Any, int] = field(default_factory=dict)
    quantiles: Mapping[str, float] = field(default_factory=dict)
    shape: Mapping[str, Any] = field(default_factory=dict)


def profiled(
    table: Dataset, originals: Dataset, session: Session, exact: bool = False, brief: bool = False
) -> tuple[list[Finding], Rows, tuple[Column, ...]]:
    """The findings of a profile, the inspected rows (none if the table is large and the profile `brief`), and the columns."""
    from tilth.measures.balance import balance_findings

    columns = tuple(schema := session.schema(table))
    found, drawn = _profiled(table, schema, session, exact, brief)
    balance = balance_findings(originals, session, whole=table is originals)
    if drawn is None:
        return [*found, *balance], Rows(pa.table({}), 0), columns
    known, roles = drawn.known(columns), table.roles
    equal = [EqualRows(table.names)] if exact and not drawn.all_there and len(known) == len(columns) else []
    duplicates = next(iter(measured(table, equal, session).values()), None)
    of_rows = [*table_findings(columns, drawn, roles, duplicates), *associations(known, drawn, roles), *trends(known, drawn, roles)]
    return [*found, *of_rows, *balance], drawn, columns


def _profiled(
    data: Dataset, schema: Schema, session: Session, exact: bool, brief: bool = False
) -> tuple[list[Finding[ColumnProfile]], Rows | None]:
    """A finding for each column, and the inspected rows; None if the table is large and the profile `brief`.

    A table of few rows takes one scan. A larger one takes a scan for the numeric columns, one for the sample, one for the other
    columns, and a few for the columns of few values, which are counted together. With `exact`, it takes a scan for each column as well.
    Errors: `RequestError` if it has too many rows for that.
    """
    columns = [c for c in schema if c.kind in COMPARABLE]
    most = most_rows(len(columns))
    rows = session.rows_up_to(data, most + 1)
    large = rows > most
    in_rows = [] if large else [c for c in columns if c.kind in COUNTED and c.type not in TOO_WIDE]
    whole = {c.name for c in in_rows}
    first = [c for c in schema if c.name not in whole and (c.kind.numeric or brief or not large)]
    asked = {c.name: _metrics_of(c) | (_estimate(c) if large and not brief else {}) for c in first}
    numbers = _measured(asked | ({"": {"rows": RowCount()}} if large else {}), data, session)
    rows = numbers.pop("")["rows"] if large else rows
    if large and brief:
        return [_finding(c, rows, numbers[c.name], None, data.roles, None) for c in schema], None
    columns = [c for c in columns if c.name in whole or not (c.kind is Kind.INTEGER and (numbers[c.name]["maximum"] or 0) > MOST_INTEGER)]
    drawn = sampled_rows(data, [c.name for c in columns], rows, _spreads(columns, numbers) if large else [], session)
    values = {c.name: drawn.values(c.name) for c in columns}
    numbers |= {c.name: counted(c, drawn.table[c.name], values[c.name]) for c in in_rows}
    if large and exact:
        numbers |= _measured({c.name: _metrics_of(c) for c in schema if c.name not in numbers}, data, session)
        looks = {c.name: _of_all_values(c, rows, data, session) for c in columns}
    else:
        looks = {name: _counted(v) for name, v in values.items()}
        if large:
            looks, numbers = _of_all_rows(schema, looks, numbers, rows, len(drawn.table), data, session)
        private = data.roles.private
        looks = {c.name: _with_shape(looks[c.name], c, values[c.name], drawn.table[c.name], c.name in private) for c in columns}
    sampled = None if drawn.all_there or exact else len(drawn.table)
    return [_finding(c, rows, numbers[c.name], looks.get(c.name), data.roles, sampled) for c in schema], drawn


def _of_all_values(c: Column, rows: int, data: Dataset, session: Session) -> Look:
    """The summary of all values of a column, read into memory."""
    if rows > MOST_EXACT:
        hint = "leave it out: a quantile of the sample is off by at most 0.3 per cent of the rows"
        raise RequestError(f"profile: `exact` of {rows:,} rows", accepted=f"up to {MOST_EXACT:,} rows", hint=hint, code="too-many-rows")
    column = all_rows(data, [c.name], session)[c.name]
    values = values_of(column)
    return _with_shape(_counted(values), c, values, column, c.name in data.roles.private)


def _counted(values: Values) -> Look:
    return Look(values.distinct, counts=values.counts() if values.distinct <= FEW else {})


def _with_shape(look: Look, c: Column, values: Values, column: Any, private: bool) -> Look:
    """Add the distribution of numbers and times, and frequent strings; values of private columns are not shown."""
    if look.distinct <= 2:
        return look
    if c.kind.numeric:
        x = values.numbers
        quantiles = quantiles_of(x, QUANTILES)
        shape = shape_of(x, quantiles) | (
            {} if private or not quantiles else {"histogram": histogram_of(x, c.kind is Kind.INTEGER, quantiles)}
        )
        return replace(look, quantiles=quantiles, shape=shape)
    if private or look.counts:
        return look
    if c.kind.temporal:
        return replace(look, shape={"histogram": histogram_of_times(column)})
    return replace(look, shape={"frequent": values.frequent(TOP)}) if c.kind is Kind.STRING else look


def _metrics_of(c: Column) -> dict[str, Metric]:
    """The metrics of a column for the common scan."""
    asked: dict[str, Metric] = {"present": Present(_there(c))}
    if c.kind.numeric:
        finite = c.kind is Kind.FLOAT  # only floats can be infinite
        asked |= {"finite": Present(Finite.of(col(c.name)))} if finite else {}
        asked |= {"minimum": Minimum(c.name, finite), "maximum": Maximum(c.name, finite)}
        if c.type.upper() in NARROW:
            asked |= {"mean": IntegerMean(c.name), "deviation": IntegerDeviation(c.name)}
        else:
            asked |= {"mean": Mean(c.name, finite), "deviation": StandardDeviation(c.name, finite=finite)}
    elif c.kind.temporal:
        asked |= {"minimum": Minimum(c.name), "maximum": Maximum(c.name)}
    elif c.kind is Kind.STRING:
        asked |= {"filled": Present(BlankToNull.of(col(c.name))), "lengths": TextLengths(c.name)}
    return asked


def _estimate(c: Column) -> dict[str, Metric]:
    """The metric that estimates the number of distinct values; none for kinds without an order."""
    return {"distinct": Distinct(_there(c), estimated=True)} if c.kind in COMPARABLE else {}


def _measured(asked: Mapping[str, Mapping[str, Metric]], data: Dataset, session: Session) -> dict[str, dict[str, Any]]:
    """The values of metrics, by column and name, in the fewest scans."""
    found = measured(data, [m for wanted in asked.values() for m in wanted.values()], session)
    return {name: {n: found[m] for n, m in wanted.items()} for name, wanted in asked.items()}


def _spreads(columns: Sequence[Column], numbers: Mapping[str, Mapping[str, Any]]) -> list[Spread]:
    of_numbers = ((c, numbers[c.name]) for c in columns if c.kind.numeric)
    return [
        Spread(c, float(n["minimum"]), float(n["maximum"]), n["distinct"])
        for c, n in of_numbers
        if "distinct" in n and n["minimum"] is not None
    ]


# ── few values in a large table ──


def _of_all_rows(
    schema: Schema, seen: Mapping[str, Look], numbers: Mapping[str, dict[str, Any]], rows: int, drawn: int, data: Dataset, session: Session
) -> tuple[dict[str, Look], dict[str, dict[str, Any]]]:
    """Extend the summaries of the sample to all rows; also return the numbers of all columns, including those measured before.

    The values of columns with few values are counted. Columns with two values, of which a prepared table has many, are counted by
    conditions; the counts prove without grouping that there is no third value. The counts of strings also give their lengths and blank
    values. The distinct values of columns that look unique are counted if there are not too many rows.
    """
    columns = [c for c in schema if c.name in seen]
    few = [c for c in columns if 0 < seen[c.name].distinct <= FEW and not _all_differ(c, drawn, seen[c.name].distinct)]
    strings = {c.name: c for c in few if c.kind is Kind.STRING}
    of_two = {c.name: seen[c.name].counts for c in few if c.kind in CONDITIONS and seen[c.name].distinct <= 2}
    conditions = {(name, v): Where(RowCount(), eq(col(name), lit(v))) for name, counts in of_two.items() for v in counts}
    unique = {c.name: Distinct(_there(c)) for c in columns if seen[c.name].distinct == drawn and rows <= EXACT_ROWS}
    asked = {c.name: _metrics_of(c) | _estimate(c) for c in schema if c.name not in numbers and c.name not in strings}
    asked |= {name: {"present": Present(_there(c))} for name, c in strings.items()}
    found = measured(data, [*conditions.values(), *unique.values(), *(m for wanted in asked.values() for m in wanted.values())], session)
    numbers = {**numbers, **{name: {n: found[m] for n, m in wanted.items()} for name, wanted in asked.items()}}
    looks = {c.name: Look(numbers[c.name]["distinct"], exact=not numbers[c.name]["present"]) for c in columns if c.name not in strings}
    looks |= {name: Look(found[m]) for name, m in unique.items()}
    counts_of: dict[str, dict[Any, int]] = {}
    for name, counts in of_two.items():
        two = {v: found[conditions[name, v]] for v in counts}
        if sum(two.values()) == numbers[name]["present"]:
            counts_of[name] = two
    sizes = {c.name: seen[c.name].distinct + 1 for c in few if c.name not in counts_of}
    together = [Frequencies(tuple(pack)) for pack in packs(sizes, MOST_GROUPS)]
    groups = measured(data, together, session)
    counts_of |= {name: _of_one(groups[pack], i) for pack in together for i, name in enumerate(pack.columns)}
    looks |= {name: Look(len(counts), counts=counts if len(counts) <= FEW else {}) for name, counts in counts_of.items()}
    return looks, numbers | {name: numbers_of_strings(counts_of[name]) for name in strings}


def _of_one(groups: Mapping[tuple[Any, ...], int], i: int) -> dict[Any, int]:
    """Value → rows for the i-th of the columns that were counted together."""
    counts = Counter[Any]()
    for key, n in groups.items():
        if key[i] is not None and key[i] == key[i]:
            counts[key[i]] += n
    return counts


def _all_differ(c: Column, rows: int, distinct: int) -> bool:
    """Whether most floats of a column are distinct, so that none is frequent."""
    return c.kind is Kind.FLOAT and rows >= SMALL and 2 * distinct > rows


def _there(c: Column) -> Tree:
    return NanToNull.of(col(c.name)) if c.kind is Kind.FLOAT else col(c.name)


def _finding(
    c: Column, rows: int, found: Mapping[str, Any], look: Look | None, roles: Roles, sampled: int | None
) -> Finding[ColumnProfile]:
    valid = found.get("finite", found.get("filled", found["present"]))
    invalid = found["present"] - valid if "finite" in found else 0
    missing = rows - valid - invalid
    hide: Callable[[Any], Any] = mask if c.name in roles.private else lambda value: value
    blank = found["present"] - valid if "filled" in found else None
    quantiles = look.quantiles if look else {}
    payload = ColumnProfile(
        kind=str(c.kind),
        type=c.type,
        roles=tuple(roles.of_column(c.name)),
        rows=rows,
        missing=missing,
        invalid=invalid,
        valid=valid,
        blank=blank,
        sampled=sampled if look and (quantiles or look.shape) else None,
        **(look.shape if look else {}),
        **{name: found[name] for name in ("mean", "deviation", "lengths") if found.get(name) is not None},
        **{name: hide(found[name]) for name in ("minimum", "maximum") if name in found},
        **{name: hide(value) for name, value in quantiles.items()},
        **(_values(c, look, valid, hide) if look else {}),
    )
    return Finding(c.name, (c.name,), valid / rows if rows else None, message=_words(c, rows, missing, invalid), payload=payload)


def _values(c: Column, look: Look, rows: int, hide: Callable[[Any], Any]) -> dict[str, Any]:
    top = {} if _all_differ(c, rows, look.distinct) else ordered(look.counts, TOP)
    return {"distinct": look.distinct, "distinct_exact": look.exact, "top": tuple((hide(v), n) for v, n in top.items())}


def _words(c: Column, rows: int, missing: int, invalid: int) -> str:
    if not rows:
        return "no rows"
    said = [f"{n:,} {what} ({percent(n / rows)})" for n, what in ((missing, "missing"), (invalid, "infinite")) if n]
    return f"{c.kind}: {', '.join(said) or 'every value is there'}"
