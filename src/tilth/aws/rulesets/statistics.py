"""The statistics of `AGG(…)`: which columns have them, and how DQDL measures them.

If no rule type means the same, a CustomSql is used. A value is missing if it is null or an empty string, and statistics ignore missing
values. Statistics of strings are computed from their lengths. Deviation and variance divide by n − 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from tilth.aws.rulesets.measure import Measure, Of, sql
from tilth.data import Column, Kind
from tilth.engine.user_sql.writing import quoted_identifier, rule_sql, rule_string

NEAR = "abs(i - {q} * (n - 1))"  # how many places a value in order is from the quantile


# ── of the table ──


def duplicate_rows(columns: Sequence[Column], every: bool, number: str) -> Measure:
    """The number of rows that duplicate an earlier row; `every`: whether the columns are all columns."""
    key = ", ".join(quoted_identifier(c.name) for c in columns)
    none = " ".join(["DuplicateRowCount", *([] if every else [rule_string(c.name) for c in columns]), "= 0"])
    query = f"select {number} from (select count(*) as n from primary group by {key})"
    return Measure(sql(query).head, none=none)


OF_TABLE: Mapping[str, Callable[[Sequence[Column], bool], Measure]] = {
    "ROWS_COUNT": lambda columns, every: Measure("RowCount"),
    "COLUMNS_COUNT": lambda columns, every: Measure("ColumnCount"),
    "DUPLICATE_ROWS_COUNT": lambda columns, every: duplicate_rows(columns, every, "coalesce(sum(n - 1), 0)"),
    "DUPLICATE_ROWS_PERCENTAGE": lambda columns, every: duplicate_rows(columns, every, "100 * sum(n - 1) / sum(n)"),
}
"""Each takes the columns with values of simple kinds, and whether these are all."""


# ── of columns ──


@dataclass(frozen=True)
class Statistic:
    """A statistic of a column: its parameters, and how it is measured.

    `sized`: only numbers and strings (by their length) have it; `numeric`: only numbers. `parameters` are the accepted values, None for any
    positive number; `default` is the default value, None if a value is required.
    """

    measure: Callable[[Of, Decimal], Measure]
    sized: bool = False
    numeric: bool = False
    parameters: Sequence[Decimal] | None = ()
    default: Decimal | None = Decimal(0)

    def has(self, kind: Kind) -> bool:
        """Whether columns of a kind have it."""
        return kind.numeric or (not self.numeric and (kind is Kind.STRING or not self.sized))

    @property
    def wanted(self) -> str:
        """The columns that have it, in words."""
        return "numbers" if self.numeric else "numbers and strings"


Measuring: TypeAlias = Callable[[Of], Measure]


def _both(name: str, count: Measuring, percentage: Measuring) -> dict[str, Statistic]:
    """A number of values, and its percentage of all rows."""
    return {f"{name}_COUNT": Statistic(lambda of, p: count(of)), f"{name}_PERCENTAGE": Statistic(lambda of, p: percentage(of))}


def _query(number: str, source: Callable[[Of], str]) -> Measuring:
    return lambda of: sql(f"select {number} from ({source(of)})")


def _where(rule: str, condition: str) -> Measure:
    return Measure(rule, f"where {rule_sql(condition)}")


def _share(sign: int) -> Measuring:
    def measure(of: Of) -> Measure:
        head = f"ColumnValues {of.name} not in [NULL, EMPTY] with threshold" if of.text else f"Completeness {of.name}"
        return Measure(head, share=sign)

    return measure


def _no_repeats(number: str) -> Measuring:
    def measure(of: Of) -> Measure:
        none = Measure(f"DuplicateRowCount {of.name} = 0", f"where {rule_sql(of.present)}" if of.text else "")
        return Measure(sql(f"select {number} from ({of.values})").head, none=f"{none.head} {none.tail}".rstrip())

    return measure


def _of_sizes(number: str, rule: str = "", numeric: bool = False) -> Statistic:
    """A statistic of the sizes x; for numbers it is measured by a rule type, if there is one."""

    def measure(of: Of, parameter: Decimal) -> Measure:
        return Measure(f"{rule} {of.name}") if rule and not of.text else sql(f"select {number} from ({of.sizes})")

    return Statistic(measure, sized=True, numeric=numeric)


def _ordered(query: str) -> str:
    """The values x in order, with their place i from 0, and how many there are."""
    return f"select x, row_number() over (order by x) - 1 as i, count(*) over () as n from ({query}) where x is not null"


def _quantile(query: str, q: Decimal | str) -> str:
    """The quantile with linear interpolation: Hyndman and Fan 1996, type 7."""
    near = NEAR.format(q=q)
    return f"select sum(x * (1 - {near})) from ({_ordered(query)}) where {near} < 1"


def _deviations(query: str) -> str:
    """How far each value is from the median."""
    near = NEAR.format(q=0.5)
    median = f"sum(case when {near} < 1 then x * (1 - {near}) else 0 end) over ()"
    return f"select abs(x - m) as x from (select x, {median} as m from ({_ordered(query)}))"


def _outliers(number: str) -> Statistic:
    """Values more than a number of deviations from the mean."""

    def measure(of: Of, most: Decimal) -> Measure:
        scored = f"select x, avg(x) over () as m, stddev_samp(x) over () as d from ({of.sizes})"
        return sql(f"select {number.format(f'count_if(abs(x - m) > {most:f} * d)')} from ({scored})")

    return Statistic(measure, sized=True, parameters=None, default=Decimal(3))


def _mode(of: Of, parameter: Decimal) -> Measure:
    """The most frequent value, of equally frequent ones the smallest."""
    frequent = f"select x, count(*) as n from ({of.sizes}) where x is not null group by x order by n desc, x limit 1"
    return sql(f"select x from ({frequent})")


def _entropy(of: Of, parameter: Decimal) -> Measure:
    """−Σ p ln p over the distinct values."""
    if not of.text:
        return Measure(f"Entropy {of.name}")
    sizes = f"select count(*) as n from ({of.values}) where x is not null group by x"
    return sql(f"select -sum(n / t * ln(n / t)) from (select n, sum(n) over () as t from ({sizes}))")


OF_ALL = "100 * ({}) / count(*)"
REPEATED, DISTINCT, ONCE = "count(x) - count(distinct x)", "count(distinct x)", "count_if(x is not null and n = 1)"


def _values(of: Of) -> str:
    return of.values


def _repeats(of: Of) -> str:
    return f"select x, count(*) over (partition by x) as n from ({of.values})"


OF_COLUMNS: Mapping[str, Statistic] = {
    **_both("MISSING_VALUES", lambda of: _where("RowCount", of.missing), _share(-1)),
    **_both("VALID_VALUES", lambda of: _where("RowCount", of.present), _share(1)),
    **_both("DUPLICATE_VALUES", _no_repeats(REPEATED), _no_repeats(OF_ALL.format(REPEATED))),
    **_both(
        "DISTINCT_VALUES",
        lambda of: _where(f"DistinctValuesCount {of.name}", of.present),
        _query(OF_ALL.format(DISTINCT), _values),
    ),
    **_both("UNIQUE_VALUES", _query(ONCE, _repeats), _query(OF_ALL.format(ONCE), _repeats)),
    "Z_SCORE_OUTLIERS_COUNT": _outliers("{}"),
    "Z_SCORE_OUTLIERS_PERCENTAGE": _outliers(OF_ALL),
    "MIN": _of_sizes("min(x)"),
    "MAX": _of_sizes("max(x)"),
    "MEAN": _of_sizes("avg(x)", "Mean"),
    "MEDIAN": Statistic(lambda of, q: sql(_quantile(of.sizes, "0.5")), sized=True),
    "MODE": Statistic(_mode, sized=True),
    "STANDARD_DEVIATION": _of_sizes("stddev_samp(x)"),
    "ENTROPY": Statistic(_entropy),
    "SUM": _of_sizes("", "Sum", numeric=True),
    "KURTOSIS": _of_sizes("", "Kurtosis", numeric=True),
    "SKEWNESS": _of_sizes("", "Skewness", numeric=True),
    "VARIANCE": _of_sizes("var_samp(x)", numeric=True),
    "MEDIAN_ABSOLUTE_DEVIATION": Statistic(lambda of, q: sql(_quantile(_deviations(of.sizes), "0.5")), numeric=True),
    "QUANTILE": Statistic(
        lambda of, q: sql(_quantile(of.sizes, q)), numeric=True,
        parameters=(Decimal("0.25"), Decimal("0.5"), Decimal("0.75")), default=None,
    ),
}  # fmt: skip
