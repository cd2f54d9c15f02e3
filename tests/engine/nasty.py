"""A table of values that engines are known to treat differently, and expressions over it."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from itertools import product

import pyarrow as pa

from tilth.data import Column, Kind, Schema
from tilth.engine.admission import parse_expression

DOUBLES = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -0.5,
    1.5,
    2.5,
    3.5,
    -2.5,
    0.285,
    1.005,
    0.1,
    1e15,
    1e300,
    -1e300,
    5e-324,
    2.0**53,
    math.inf,
    -math.inf,
    math.nan,
    None,
]
INTEGERS = [0, 1, -1, 2, 7, -7, 2**31, 2**53 + 1, 2**62, -(2**62), None]
TEXTS = [
    "",
    " ",
    "\t\n",
    "abc",
    "ABC",
    " abc ",
    "a%b",
    "a_b",
    "a\\b",
    "it's",
    'say "x"',
    "İstanbul",
    "straße",
    "ΑΣ",
    "éclair",
    "\u00a0x\u00a0",
    "🙂",
    "a\nb",
    "12",
    "-3.5",
    "1e3",
    "0x10",
    "1_000",
    "NaN",
    "inf",
    "true",
    "2024-02-29",
    "2024-02-30",
    "2024-02-29 12:30:00",
    "${spark.app.name}",
    "--",
    "null",
    None,
]
DATES = [date(2024, 2, 29), date(1969, 12, 31), date(2000, 1, 1), date(9999, 12, 31), date(1, 1, 1), None]
TIMES = [datetime(2024, 2, 29, 23, 59, 59, 999999), datetime(1969, 12, 31, 23, 0), datetime(2024, 12, 30, 1, 2, 3), None]

SCHEMA = Schema(
    (
        Column("x", Kind.FLOAT),
        Column("y", Kind.FLOAT),
        Column("i", Kind.INTEGER),
        Column("j", Kind.INTEGER),
        Column("s", Kind.TEXT),
        Column("u", Kind.TEXT),
        Column("b", Kind.BOOLEAN),
        Column("d", Kind.DATE),
        Column("t", Kind.TIMESTAMP),
        Column("z", Kind.INSTANT),
    )
)


def nasty_rows() -> list[dict[str, object]]:
    """Every pair of doubles, of integers and of texts (texts against a few), with dates and booleans going round."""
    pairs = max(len(DOUBLES) ** 2, len(INTEGERS) ** 2)
    doubles, integers = list(product(DOUBLES, DOUBLES)), list(product(INTEGERS, INTEGERS))
    texts = list(product(TEXTS, [*TEXTS[3:8], None]))
    rows = []
    for k in range(pairs):
        x, y = doubles[k % len(doubles)]
        i, j = integers[k % len(integers)]
        s, u = texts[k % len(texts)]
        t = TIMES[k % len(TIMES)]
        z = None if t is None else t.replace(tzinfo=UTC)
        rows.append(
            {"x": x, "y": y, "i": i, "j": j, "s": s, "u": u, "b": (True, False, None)[k % 3], "d": DATES[k % len(DATES)], "t": t, "z": z}
        )
    return rows


ARROW = pa.schema(
    [
        ("x", pa.float64()),
        ("y", pa.float64()),
        ("i", pa.int64()),
        ("j", pa.int64()),
        ("s", pa.string()),
        ("u", pa.string()),
        ("b", pa.bool_()),
        ("d", pa.date32()),
        ("t", pa.timestamp("us")),
        ("z", pa.timestamp("us", "UTC")),
    ]
)


def nasty_table() -> pa.Table:
    """The rows as an Arrow table."""
    return pa.Table.from_pylist(nasty_rows(), ARROW)


FORMULAS = [
    "x + y",
    "x - y",
    "x * y",
    "x / y",
    "x % y",
    "-x",
    "abs(x)",
    "x = y",
    "x <> y",
    "x < y",
    "x <= y",
    "x > y",
    "x >= y",
    "x <=> y",
    "x > 0.5",
    "x >= 0.5",
    "x < 0.5",
    "x between -1 and 1",
    "x in (0.5, 1.0)",
    "greatest(x, y)",
    "least(x, y)",
    "isnan(x)",
    "round(x)",
    "round(x, 2)",
    "floor(x)",
    "ceil(x)",
    "sqrt(x)",
    "ln(x)",
    "exp(x)",
    "power(x, 2)",
    "power(x, y)",
    "nullif(x, y)",
    "coalesce(x, y, 0)",
    "cast(x as bigint)",
    "if(x > y, x, y)",
    "case when x > 0 then 'pos' when x < 0 then 'neg' end",
    "i div j",
    "i % j",
    "i = j",
    "i < j",
    "i / j",
    "cast(i as double)",
    "cast(i as string)",
    "i in (1, 7)",
    "greatest(i, j)",
    "coalesce(i, 0)",
    "abs(i)",
    "i > x",
    "s = u",
    "s < u",
    "s <> u",
    "s <=> u",
    "length(s)",
    "lower(s)",
    "upper(s)",
    "trim(s)",
    "concat(s, u)",
    "s || '-' || u",
    "s like 'a%'",
    "s like '%b'",
    "s like 'a\\\\_b'",
    "s rlike 'a.b'",
    "s rlike '^[a-z]+$'",
    "full_match(s, '[0-9]+')",
    "s in ('abc', 'it''s', '${spark.app.name}')",
    "coalesce(s, 'none')",
    "nullif(s, '')",
    "cast(s as bigint)",
    "cast(s as double)",
    "cast(s as boolean)",
    "cast(s as date)",
    "cast(s as timestamp)",
    "b",
    "not b",
    "b and x > 0",
    "b or x > 0",
    "b is null",
    "b = true",
    "cast(b as bigint)",
    "s is not null",
    "x is null or y is null",
    "d = date '2024-02-29'",
    "d > '2000-01-01'",
    "year(d)",
    "month(d)",
    "day(d)",
    "weekday_of(d)",
    "days_between(d, cast('2000-01-01' as date))",
    "cast(d as timestamp) = t",
    "t > '2000-01-01 00:00:00'",
    "year(t)",
    "hour(t)",
    "minute(t)",
    "cast(t as date)",
    "coalesce(t, cast('2000-01-01 00:00:00' as timestamp))",
]


def trees() -> dict[str, object]:
    """Formula → its tree."""
    return {f: parse_expression(f, SCHEMA) for f in FORMULAS}
