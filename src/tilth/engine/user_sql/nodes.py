"""The nodes of SQL that users write: the kind of a value, and the functions that the parser leaves to Tilth."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Kind
from tilth.engine.operations import across, times
from tilth.engine.operations.operation import Operation
from tilth.engine.operations.patterns import FullMatches
from tilth.engine.operations.strings import Center
from tilth.engine.operations.timewriting import AddTime, FromUnixSeconds, Millisecond, WriteTime

CASTS: Mapping[Any, Kind] = {
    **dict.fromkeys((exp.DType.BIGINT, exp.DType.INT), Kind.INTEGER),
    **dict.fromkeys((exp.DType.DOUBLE, exp.DType.FLOAT), Kind.FLOAT),
    **dict.fromkeys((exp.DType.TEXT, exp.DType.VARCHAR), Kind.STRING),
    exp.DType.BOOLEAN: Kind.BOOLEAN,
    exp.DType.DATE: Kind.DATE,
    **dict.fromkeys((exp.DType.TIMESTAMP, exp.DType.TIMESTAMPNTZ, exp.DType.TIMESTAMPTZ, exp.DType.TIMESTAMPLTZ), Kind.TIMESTAMP),
}
SEVERAL = 0
OF_DECIMAL = "digits"  # in the meta of a decimal
ZONED = ("from_utc_timestamp()", "to_utc_timestamp()")
OWN: Mapping[str, tuple[type[Operation], int]] = {
    "days_between": (times.DaysBetween, 2),
    "weekday_of": (times.Weekday, 1),
    "full_match": (FullMatches, 2),
    "center": (Center, 3),
    "add_time": (AddTime, 3),
    "millisecond": (Millisecond, 1),
    "timestamp_seconds": (FromUnixSeconds, 1),
    "strftime": (WriteTime, 2),
    "from_utc_timestamp": (times.LocalTime, 2),
    "to_utc_timestamp": (times.AtLocalTime, 2),
    "row_count": (across.Count, SEVERAL),
    "row_distinct": (across.CountDistinct, SEVERAL),
    "row_largest": (across.Largest, SEVERAL),
    "row_largest_distinct": (across.LargestDistinct, SEVERAL),
    "row_mean": (across.Mean, SEVERAL),
    "row_median": (across.Median, SEVERAL),
    "row_mode": (across.Mode, SEVERAL),
    "row_std": (across.StandardDeviation, SEVERAL),
    "row_sum": (across.Sum, SEVERAL),
    "row_var": (across.Variance, SEVERAL),
}
"""Functions that the parser leaves to Tilth → the operation, and how many arguments it takes."""
CALLED: Mapping[type[Any], str] = {
    exp.Trim: "trim", exp.Pad: "lpad() or rpad", exp.StrToDate: "to_date", exp.StrToTime: "to_timestamp",
    exp.Quantile: "percentile", exp.ApproxQuantile: "percentile_approx", exp.ApproxDistinct: "approx_count_distinct",
    exp.TimestampTrunc: "date_trunc", exp.DateTrunc: "trunc", exp.TimestampAdd: "dateadd", exp.StrToUnix: "unix_timestamp",
    exp.UnixToStr: "from_unixtime", exp.LogicalAnd: "bool_and", exp.LogicalOr: "bool_or", exp.ArgMax: "max_by", exp.ArgMin: "min_by",
    exp.ArrayUniqueAgg: "collect_set", exp.ArrayAgg: "collect_list", exp.GroupConcat: "listagg", exp.DecodeCase: "decode",
    exp.JSONExtractScalar: "get_json_object", exp.ToBase64: "base64", exp.ArraySize: "size", exp.SafeDivide: "try_divide",
    exp.RegexpReplace: "regexp_replace", exp.RegexpExtractAll: "regexp_extract_all",
    **{operation: name for name, (operation, _) in OWN.items()},
}  # fmt: skip
"""Functions that their nodes are not named after."""

INSTEAD: Mapping[type[Any], str] = {
    exp.Log: "ln(x) / ln(10)", exp.ILike: "lower(s) like 'a%'", exp.Bracket: "split_part(s, ',', 1) is a part of a string",
    exp.SubstringIndex: "split_part(s, ',', 1) is a part of a string", exp.WithinGroup: "percentile(x, 0.5)",
    **dict.fromkeys((exp.Skewness, exp.Kurtosis), "the rule types Skewness and Kurtosis measure it"),
    **dict.fromkeys((exp.First, exp.Last, exp.FirstValue, exp.LastValue, exp.AnyValue), "rows have no order: min(x) or max(x) is one"),
    **dict.fromkeys((exp.ArgMax, exp.ArgMin), "of several rows it takes any: join a sub-query with max(x) or min(x)"),
    **dict.fromkeys((exp.ArrayAgg, exp.ArrayUniqueAgg, exp.GroupConcat), "count(distinct x), min(x) and max(x) tell sets apart"),
    **dict.fromkeys((exp.Rand, exp.Uuid), "it is another value at each run"), exp.JSONExtractScalar: "regexp_extract(s, pattern, 1)",
    **dict.fromkeys((exp.DateDiff, exp.TimestampDiff), "days_between(a, b), months_between(a, b), or unix_seconds(a) - unix_seconds(b)"),
    exp.Array: "of several percentages, one call for each: percentile(x, 0.5)",
    exp.Interval: "units are second, minute, hour, day, week, month, quarter and year, and their number is written out",
    exp.DateTrunc: "units are 'year', 'quarter', 'month' and 'week'; date_trunc('day', x) is the midnight of a day",
    exp.TimestampTrunc: "units are 'year', 'quarter', 'month', 'week', 'day', 'hour', 'minute' and 'second'",
    exp.Extract: "parts are year, quarter, month, week, day, doy, dow, hour and minute; second(t) is the whole seconds",
    exp.UnixToStr: "its format is written in quotes, as date_format() takes it: 'yyyy-MM-dd HH:mm:ss'",
    exp.SafeDivide: "x / y is null where y is 0", exp.DecodeCase: "CASE x WHEN 1 THEN 'a' ELSE 'b' END",
}  # fmt: skip
"""Refused node → what to write instead."""

REPEATS: Mapping[Any, int] = {
    **dict.fromkeys((exp.Nullif, exp.Between, exp.Nanvl), 2), **dict.fromkeys((exp.NullSafeEQ, exp.NullSafeNEQ, exp.TimestampTrunc), 3),
    **dict.fromkeys((exp.Floor, exp.Ceil, exp.DateTrunc), 3), exp.Round: 7, **dict.fromkeys((exp.Sign, exp.Pow, "pmod"), 5),
    exp.MonthsBetween: 9,
}  # fmt: skip
"""Node, or the name of a function → how often the generated SQL repeats its arguments, if more than once."""


def kind(x: Tree) -> Kind:
    """The kind of an admitted value."""
    found: Kind = x.meta.get("kind", Kind.OTHER)
    return found


def typed(x: Tree, of: Kind, narrow: bool = False) -> Tree:
    """Set the kind of a tree's value. `narrow`: a number of fewer than 64 bits, which engines compute with in different widths."""
    x.meta.update(kind=of, narrow=narrow)
    return x


def digits(x: Tree) -> tuple[int, int]:
    """The maximum number of digits before and after the point; 0 for a decimal if unknown."""
    if kind(x) is Kind.INTEGER:
        return (len(x.sql().strip("()-")) if is_written(x) else 10 if x.meta.get("narrow") else 19), 0
    found: tuple[int, int] = x.meta.get(OF_DECIMAL) or (0, 0)
    return found


def digits_of(type_name: str) -> tuple[int, int] | None:
    """The same of a type, as engines write it.

    >>> digits_of("DECIMAL(16,2)"), digits_of("bigint")
    ((14, 2), None)
    """
    found = re.fullmatch(r"decimal\((\d+), ?(\d+)\)", type_name, re.IGNORECASE)
    return (int(found[1]) - int(found[2]), int(found[2])) if found else None


def short(text: str) -> str:
    """A text as messages show it."""
    flat = " ".join(text.split())
    return flat if len(flat) <= 80 else f"{flat[:77]}..."


def article(of: Kind) -> str:
    """A kind with its article."""
    return f"{'an' if of.value[0] in 'aeio' else 'a'} {of.value}"


def arguments(node: Tree) -> list[Tree]:
    """The arguments of a node."""
    return [x for x in (node.this, node.args.get("expression"), *node.expressions) if isinstance(x, Tree)]


def is_string(x: Tree) -> bool:
    """Whether a value is a string that is written out."""
    return isinstance(x, exp.Literal) and bool(x.is_string)


def is_written(x: Tree) -> bool:
    """Whether a value is a number that is written out."""
    inner = x.unnest()
    return isinstance(inner.this if isinstance(inner, exp.Neg) else inner, exp.Literal)


def is_narrow(x: Tree) -> bool:
    """Whether a number may have fewer than 64 bits: engines give an integer that is written out the width that it needs."""
    return bool(x.meta.get("narrow")) or (kind(x) is Kind.INTEGER and is_written(x))


def name_of(node: Any) -> str:
    """The name of a node in messages; not its SQL, because it may lack arguments."""
    if isinstance(node, exp.TsOrDsToDate) and isinstance(node.parent, exp.Func):
        return name_of(node.parent)
    if isinstance(node, exp.Anonymous):
        return f"{node.name.lower()}()"
    if type(node) in CALLED:
        return f"{CALLED[type(node)]}()"
    return f"{node.sql_name().lower()}()" if isinstance(node, exp.Func) else node.key.upper()
