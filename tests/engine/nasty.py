"""A table of values that engines are known to treat differently, and expressions over it."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from itertools import product

import pyarrow as pa

from tilth.data import Column, Kind, Schema
from tilth.engine.user_sql.expression import parse_expression

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
EXTREMES = [-(2**63), 2**63 - 1, -1, 0, 1, None]
BYTES = [127, -128, 0, 3, -1, None, 100]
SINGLES = [0.100000001490116119384765625, 2.0**127, -0.0, None, 16777216.0, 0.25, math.inf]  # 0.1 as a float of 32 bits has it, and so on
PRICES = [Decimal("2.50"), Decimal("-2.50"), Decimal("0.10"), None, Decimal("99999999999999.99"), Decimal("1.00")]
RATES = [Decimal("2.5000"), Decimal("0.0001"), None, Decimal("99999999999999.9999"), Decimal("0.1000")]

SCHEMA = Schema(
    (
        Column("x", Kind.FLOAT),
        Column("y", Kind.FLOAT),
        Column("i", Kind.INTEGER),
        Column("j", Kind.INTEGER),
        Column("s", Kind.STRING),
        Column("u", Kind.STRING),
        Column("b", Kind.BOOLEAN),
        Column("d", Kind.DATE),
        Column("t", Kind.TIMESTAMP),
        Column("z", Kind.TIMESTAMP_TZ),
        Column("e", Kind.INTEGER),
        Column("k", Kind.INTEGER, "tinyint"),
        Column("f", Kind.FLOAT, "float"),
        Column("p", Kind.DECIMAL),
        Column("q", Kind.DECIMAL),
    )
)


def nasty_rows() -> list[dict[str, object]]:
    """Every pair of doubles, of integers and of texts (texts against a few); the other columns go round, each in its own time."""
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
            | {n: v[k % len(v)] for n, v in {"e": EXTREMES, "k": BYTES, "f": SINGLES, "p": PRICES, "q": RATES}.items()}
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
        ("e", pa.int64()),
        ("k", pa.int8()),
        ("f", pa.float32()),
        ("p", pa.decimal128(16, 2)),
        ("q", pa.decimal128(18, 4)),
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
    "s like '\\\\a%'",
    "s like '%\\\\'",
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
    # numbers narrower than 64 bits are computed with in 64
    "k + k",
    "k * k",
    "-k",
    "abs(k)",
    "k div -1",
    "2147483647 * 2 + k",
    "f * f",
    "f - 0.1",
    "f % f",
    "f in (0.25, 1)",
    "power(f, f)",
    # decimals in doubles
    "p + q",
    "p * q",
    "p % q",
    "p / q",
    "p = 0.1",
    "p < x",
    "p in (2.5, 1)",
    "coalesce(p, 0)",
    "greatest(i, p)",
    "if(b, p, q)",
    "cast(p as bigint)",
    # the ends of 64 bits, and what a double cannot hold
    "e % -1",
    "e % i",
    "i % e",
    "e / -1",
    "i = x",
    "x in (9007199254740993, 0)",
    "i in (9007199254740992.0, 0.5)",
    "nullif(i, x)",
    # conditions, lists and choices
    "b is false",
    "b is not false",
    "b is not true",
    "if(null, 1, 2)",
    "i not in (1, null)",
    "d in ('2024-02-29', null)",
    "d between '1970-01-01' and '2024-12-31'",
    "case d when '2024-02-29' then 1 else 0 end",
    "case i when 7 then 'seven' when null then 'none' end",
    "greatest(i)",
    "greatest(d, '2000-01-01')",
    "coalesce(d, '2000-01-01')",
    "nullif(d, '2024-02-29')",
    "d <=> '2024-02-29'",
    "log(x)",
    # texts of other kinds
    "s || i || b || d",
    "concat(s, null)",
    "cast(d as string)",
    "hour(d)",
    "weekday_of(z)",
    "days_between(d, '2000-01-01')",
    "days_between(z, t)",
    "z > '2000-01-01 00:00:00+02:00'",
]

OVERFLOWING = ["-e", "abs(e)", "e + e", "e - 1", "e * 2", "e div -1", "2 * 9223372036854775807", "cast(x as bigint) * 9223372036854775807"]
"""Formulas that leave 64 bits somewhere: every engine stops."""

DIFFERENT = {
    "x div y": "DIV takes integers",
    "p div 2": "DIV takes integers",
    "s || x": "a float has no string that all engines agree on",
    "concat(s, p)": "a decimal has no string that all engines agree on",
    "s || t": "a timestamp has no string that all engines agree on",
    "length(i)": "length() takes strings",
    "lower(d)": "lower() takes strings",
    "trim(x)": "trim() takes strings",
    "i like '1%'": "a pattern takes strings",
    "b rlike 'a'": "a pattern takes strings",
    "sqrt(s)": "sqrt() takes numbers",
    "round(s)": "round() takes numbers",
    "if(i, 1, 2)": "a condition is true or false",
    "case when s then 1 end": "a condition is true or false",
    "x is true": "a condition is true or false",
    "i is 5": "IS 5",
    "i in ('1')": "an integer cannot be compared with a string",
    "s between 1 and 2": "a string cannot be compared with an integer",
    "s <=> 1": "a string cannot be compared with an integer",
    "nullif(b, 1)": "a boolean cannot be compared with an integer",
    "case i when 'a' then 1 end": "an integer cannot be compared with a string",
    "coalesce(s, 1)": "of different kinds: string, integer",
    "coalesce(d, t)": "of different kinds: date, timestamp",
    "greatest(t, z)": "of different kinds: timestamp, timestamp with time zone",
    "if(b, 1, 'x')": "of different kinds: integer, string",
    "i < 9223372036854775808": "9223372036854775808 does not fit 64 bits",
    "weekday_of(i)": "weekday_of() takes dates and timestamps",
    "days_between(d)": "days_between() takes 2 arguments, not 1",
}
"""Formulas that engines take differently, or one of them not at all → what is told instead."""


QUERIES = [
    *(f"cast(s as {to})" for to in ("bigint", "int", "double", "boolean", "date", "timestamp", "string")),
    *(f"cast({x} as bigint)" for x in "xfpqbi"),
    *(f"cast({x} as double)" for x in "fpi"),
    *(f"cast({x} as string)" for x in "pibdtek"),
    "cast(d as timestamp)",
    "cast(t as date)",
    "cast(z as timestamp)",
    "concat(s, u)",
    "concat(s, null)",
    "s || i || p || d",
    "s like 'a\\_b'",
    "s like 'a\\\\%b'",
    "s like '\\a%'",
    "s not like 'a_c'",
    "trim(s)",
    "lower(s)",
    "upper(s)",
    "s rlike '^a'",
    "x div y",
    "i div j",
    "x % y",
    "e % -1",
    "e % i",
    "p % q",
    "p / q",
    "i / 2",
    "x / 0",
    "f = 0.1",
    "f > 0.1",
    "p = 2.5",
    "x in (0.5, 1)",
    "round(x, 2)",
    "round(p, 1)",
    "greatest(x, y)",
    "coalesce(x, 0)",
    "nullif(x, 0)",
    "x <=> y",
    "b is false",
    "case x when 0 then 'zero' end",
    "d > '2000-01-01'",
    "year(z)",
    "avg(p) over (order by o)",
    "avg(k) over (partition by b)",
    "sum(k) over (order by o rows between 2 preceding and current row)",
    "lag(s) over (order by o)",
    "rank() over (order by x)",
    "rank() over (order by s desc)",
    "row_number() over (partition by d order by o desc)",
    "count(*) over (partition by x)",
    "(select count(distinct s, u) from primary)",
    "(select count_if(x > 0) from primary where false)",
    "(select avg(cast(s as double)) from primary)",
]
"""What stands between SELECT and FROM in whole queries, over the same table with the number of its row in `o`."""

QUERIES_DIFFERENT = {
    "s || x": "has no string that all engines agree on",
    "concat(s, f)": "has no string that all engines agree on",
    "cast(z as string)": "has no string that all engines agree on",
    "trim(both 'a' from s)": "trim takes blanks",
    "ltrim(s)": "trim takes blanks",
    "s like u": "a pattern must be a string in quotes",
    "round(x, 400)": "the places to round to",
    "cast(x as decimal(10, 2))": "a cast to DECIMAL(10, 2)",
}
"""The same for what is refused → what is told."""


@cache
def trees() -> dict[str, object]:
    """Formula → its tree."""
    return {f: parse_expression(f, SCHEMA) for f in FORMULAS}
