"""Tables and queries of a database that Spark reads by JDBC: `jdbc:oracle:thin:@//host/service?table=orders`, `…?query=SELECT …`.

Everything before the first `?`, and every option that is not in `OPTIONS`, is the URL of the driver. The password comes from a secret.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

from sqlglot import TokenType, tokenize
from sqlglot.errors import TokenError

from tilth.errors import Gap, RequestError, joined
from tilth.store.places import Store

if TYPE_CHECKING:
    import pyarrow as pa

RANGES = ("partitionColumn", "lowerBound", "upperBound", "numPartitions")  # Spark's options for reading in parallel
NUMBERS = ("numPartitions", "fetchsize")
OPTIONS = ("table", "query", "driver", *NUMBERS, *RANGES[:3])
FORM = "jdbc:KIND://host/db?table=schema.table, or …?query=SELECT …"
FETCHED = "10000"  # rows at a time; by default, drivers such as PostgreSQL's hold all rows in memory
DRIVERS = {
    "db2": "com.ibm.db2.jcc.DB2Driver",
    "mariadb": "org.mariadb.jdbc.Driver",
    "mysql": "com.mysql.cj.jdbc.Driver",
    "oracle": "oracle.jdbc.OracleDriver",
    "postgresql": "org.postgresql.Driver",
    "sqlserver": "com.microsoft.sqlserver.jdbc.SQLServerDriver",
}
"""Kind of database → the class of its driver. Java finds a class that Spark was given later (`--packages`) only by its name."""
OWN = {"postgresql": "postgresql://host/db", "redshift": "redshift://host/db", "sqlite": "sqlite:///FILE"}
SECRET = re.compile(r"(password|passwd|pwd|passphrase|secret|token|credential|access.?key|api.?key)[^=;&,()]*=", re.IGNORECASE)
LOGIN = re.compile(r"//[^/?;@]*:(?!\d*[/;?])[^/@]*@|^jdbc:[^/@?;]*:[^:/@?;]+/[^@]*@")  # user:password@host, and Oracle's user/password@host
NAME = r'(?:"(?:[^"]|"")+"|`[^`]+`|\[[^]]+\]|[\w$#@-]+)'
TABLE = re.compile(rf"{NAME}(?:\.{NAME})*")


class Jdbc(Store):
    """Tables and queries of databases with a JDBC driver. Only Spark reads them, see `Session.jdbc`."""

    has_rows = True
    takes_secret = True

    def rows(self, place: str) -> Callable[[], Iterable[pa.RecordBatch]]:
        raise only_spark(JdbcTable.of(place))


@dataclass(frozen=True)
class JdbcTable:
    """A table or query of a database: its place, the kind of database, and the options of Spark's reader, without user and password."""

    place: str
    kind: str
    options: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, place: str | os.PathLike[str]) -> JdbcTable:
        """Parse a place. Errors: `RequestError`; messages about a password omit the place.

        >>> table = JdbcTable.of("jdbc:postgresql://h/db?ssl=true&table=sales.orders")
        >>> table.kind, dict(table.options)["url"], dict(table.options)["dbtable"]
        ('postgresql', 'jdbc:postgresql://h/db?ssl=true', 'sales.orders')
        """
        written = os.fspath(place)
        address, _, query = written.partition("?")
        kept, asked = list[str](), dict[str, str]()
        known = {name.lower(): name for name in OPTIONS}
        for part in filter(None, query.split("&")):
            name = known.get(part.partition("=")[0].lower())
            if name is None:
                kept.append(part)
            else:
                asked[name] = dict(parse_qsl(part, keep_blank_values=True)).get(part.partition("=")[0], "")
        url = f"{address}{'?' if kept else ''}{'&'.join(kept)}"
        if LOGIN.search(written) or SECRET.search(unquote(url)):
            hint = "name a secret: --secret env:NAME, or `secret: aws:NAME` under `data`"
            raise RequestError("a place must not contain a password: it would appear in reports", hint=hint, code="password")
        kind = address.split(":")[1].lower()
        return cls(written, kind, (("url", url), *_read_by(asked, kind).items()))


def _read_by(asked: dict[str, str], kind: str) -> dict[str, str]:
    """The options of Spark's reader. Errors: `RequestError`."""
    table, query = asked.pop("table", ""), asked.pop("query", "").strip().rstrip(";")
    if bool(table) == bool(query):
        raise RequestError("a place in a database needs a table or a query", accepted=FORM, code="bad-place")
    if table and not TABLE.fullmatch(table):
        hint = "to compute or join, name a query: …?query=SELECT …"
        raise RequestError(
            f"{table!r} is not the name of a table", accepted="schema.table, in quotes if needed", hint=hint, code="bad-place"
        )
    if query and not _is_one(query):
        raise RequestError("the query is not one complete SELECT", accepted="one statement, with balanced parentheses", code="bad-place")
    if (ranged := [name for name in RANGES if asked.get(name)]) and len(ranged) < len(RANGES):
        lacking = joined([name for name in RANGES if name not in ranged], "and")
        raise RequestError(f"reading in parallel also needs {lacking}", accepted=f"all of {joined(RANGES, 'and')}", code="bad-place")
    for name in NUMBERS:
        if name in asked and not asked[name].isdecimal():
            raise RequestError(f"{name}: {asked[name]!r} is not a number", accepted="an integer", code="bad-value")
    driver = {"driver": DRIVERS[kind]} if kind in DRIVERS else {}
    return {"dbtable": table or f"({query}) tilth_rows", "fetchsize": FETCHED, "preferTimestampNTZ": "true", **driver, **asked}


def _is_one(query: str) -> bool:
    """Whether a query stays inside the parentheses that Spark puts around it. This also holds without knowing its dialect.

    >>> _is_one("SELECT ')' AS a FROM (SELECT 1) t"), _is_one("SELECT 1) t; DELETE FROM t; SELECT * FROM (SELECT 1")
    (True, False)
    """
    try:
        kinds = [token.token_type for token in tokenize(query)]
    except TokenError:
        return False
    depths = list(accumulate((kind is TokenType.L_PAREN) - (kind is TokenType.R_PAREN) for kind in kinds))
    return bool(kinds) and TokenType.SEMICOLON not in kinds and min(depths) >= 0 and depths[-1] == 0


def only_spark(table: JdbcTable) -> Gap:
    """The error of an engine without Java."""
    other = f", or read it as {OWN[table.kind]}?table=…" if table.kind in OWN else ""
    hint = f'add --engine spark, in Python engine="spark"{other}'
    return Gap(f"places of the form jdbc:{table.kind}: are read by Spark only", hint=hint)
