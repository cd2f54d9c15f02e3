"""What `test_connect.py` runs in a process of its own: a process has sessions of one kind only, and how it ends is asked, too.

    python -m tests.engine.connected FOLDER

The last line of its output is what it found, as JSON. A process that has not ended `SECONDS` later says where it waits.
"""

from __future__ import annotations

import faulthandler
import json
import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet

import tilth
from tests.engines import INTERPRETED
from tilth.engine.spark import sessions
from tilth.engine.spark.java import use_java
from tilth.errors import TilthError
from tilth.flow import Flow

from . import nasty
from .test_parity import asked, by_engine, close, differences

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from tilth.engine.session import Session

SECONDS = 30
NOBODY = "sc://localhost:1"  # no server listens there
THEIRS = {  # settings with which a query means something else
    "spark.sql.ansi.enabled": "false",
    "spark.sql.session.timeZone": "America/New_York",
    "spark.sql.caseSensitive": "true",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.shuffle.partitions": "3",
}
TABLE = pa.table(
    {
        "n": [None if i % 7 == 0 else i * 0.1 for i in range(200)],
        "i": [i * i for i in range(200)],
        "s": [None if i % 11 == 0 else "ab ÄÖ"[i % 5] for i in range(200)],
    }
)
RULES = """
Rules = [ RowCount = 200, IsUnique "i", Completeness "n" > 0.9, Mean "i" between 13233 and 13234, StandardDeviation "n" > 1,
          CustomSql "select count(*) from primary where i % 2 = 1" = 100 ]
"""
FLOW = """
features:
  - impute: {columns: n, with: mean}
  - scale: {columns: [n, i], with: standard}
  - encode: {columns: s, with: one_hot}
  - formula: {column: f, expression: "n * 2 + exp(i)"}
"""


def started() -> SparkSession:
    """A session with a local server, as users make it."""
    from pyspark.sql import SparkSession

    use_java()
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    os.environ["SPARK_TESTING"] = "1"  # a port of its own: other tests may run on this machine
    builder = SparkSession.builder.remote("local[2]").config("spark.ui.showConsoleProgress", "false")
    session = builder.config("spark.driver.bindAddress", "127.0.0.1").config(map=INTERPRETED).getOrCreate()
    for key, value in THEIRS.items():
        session.conf.set(key, value)
    session.range(3).createOrReplaceTempView("theirs")
    return session


@contextmanager
def told() -> Iterator[dict[str, Any]]:
    """The error of a block: its kind and its message."""
    found: dict[str, Any] = {"kind": "none", "code": 0, "words": ""}
    try:
        yield found
    except TilthError as error:
        found |= {"kind": type(error).__name__, "code": error.exit_code, "words": str(error)}


def views(session: SparkSession, *database: str) -> list[str]:
    return sorted(t.name for t in session.catalog.listTables(*database))


def state(session: SparkSession) -> list[Any]:
    """What of a session is its user's."""
    return [dict(session.conf.getAll), views(session), session is type(session).getActiveSession()]


def parity(engine: Session) -> Iterator[str]:
    """Where formulas and queries over the nasty table differ from DuckDB's."""
    some = nasty.FORMULAS[::12]  # all of them mean the same in Spark by test_parity.py, and under other settings by test_sessions.py
    ours, found = by_engine(tilth.DuckDB().session(), some), by_engine(engine, some)
    for formula in some:
        yield from (f"{formula}: {d}" for d in differences(formula, ours[formula], found[formula]))
    for a, b in zip(asked(tilth.DuckDB().session(), nasty.QUERIES), asked(engine, nasty.QUERIES), strict=True):
        yield from (f"{q}: {x!r} and {y!r}" for q, x, y in zip(nasty.QUERIES, a, b, strict=True) if not close(x, y, q))


def prepared(data: Any, place: Path, form: str) -> tuple[list[Any], Any]:
    """What the rules say of a table, and the table that a flow fitted on it makes of it: written to a place, and handed back."""
    verdicts = [(f.name, str(f.outcome), f.value) for f in tilth.check(data, RULES).findings]
    made = tilth.apply(tilth.fit(Flow.parse(FLOW), data), data)
    tilth.write(made, place)
    return verdicts, tilth.write(made, format=form)


def alike(a: Any, b: Any) -> bool:
    """Law 9: what rests on learned sums and means differs in the order of addition."""
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-12)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(alike, a, b))
    return type(a) is type(b) and bool(a == b)


def by_row(table: pa.Table) -> list[Any]:
    """The rows, in an order that both engines give: that of the column which no step changes the order of."""
    return sorted((list(row.values()) for row in table.to_pylist()), key=lambda row: row[1])


def work(theirs: SparkSession, folder: Path) -> Iterator[tuple[str, Any]]:
    """Everything once, by the user's session; the names say what is found."""
    frame = theirs.createDataFrame(TABLE).cache()
    frame.count()
    before = state(theirs)
    engine = tilth.Spark(theirs).session()
    yield "differences", list(parity(engine))[:5]

    verdicts, back = prepared(frame, folder / "connect.parquet", "spark")
    expected, table = prepared(TABLE, folder / "duckdb.parquet", "arrow")
    yield "verdicts", [verdicts, expected, alike(verdicts, expected)]
    yield "belongs to the user", back.sparkSession is theirs and back.join(frame.select("s").distinct().limit(1)).count() == len(TABLE)
    handed, written = back.toArrow(), pyarrow.parquet.read_table(folder / "connect.parquet")
    yield "columns", [handed.column_names, written.column_names, table.column_names]
    yield "rows are those of DuckDB", [alike(by_row(found), by_row(table)) for found in (handed, written)]

    yield from in_s3(engine, folder)

    with told() as error:
        theirs_sum = theirs.sql("select 1 + sum(id) as n from theirs")
        tilth.write(tilth.read(theirs_sum), format="arrow")
    yield "a frame on a view of the user's", error
    (folder / "ragged.csv").write_text("a,b\n1,2\n3,4,5\n")
    with told() as error:
        tilth.check(str(folder / "ragged.csv"), "Rules = [ RowCount = 2 ]", engine=engine)
    yield "ragged", error
    with told() as error:
        engine.run("select nowhere from nothing")
    yield "refused", error
    with told() as error:
        tilth.Spark(remote=NOBODY)
    yield "nobody beside", error
    yield "the one that is there", tilth.Spark().given is theirs and tilth.Spark(remote="local[2]").given is theirs
    yield "still cached", frame.is_cached and frame.storageLevel.useMemory
    del back
    engine.close()
    yield "before and after", [before, state(theirs)]
    yield "global views", sum(name.startswith("tilth_") for name in views(theirs, "global_temp"))


def in_s3(engine: Session, folder: Path) -> Iterator[tuple[str, Any]]:
    """A server that does not see this machine's copies of objects is sent Parquet, and nothing else."""
    place = os.environ.get("TILTH_TEST_PLACE")
    if not place:
        return
    tilth.write(TABLE, f"{place}/t.parquet")
    tilth.write(TABLE, f"{place}/t.csv")
    yield "rows of S3", alike(by_row(tilth.write(tilth.read(f"{place}/t.parquet", engine=engine), engine=engine)), by_row(TABLE))
    tilth.write(tilth.read(f"{place}/t.parquet", engine=engine), f"{place}/out", engine=engine)
    yield "delivered to S3", alike(by_row(tilth.write(tilth.read(f"{place}/out"))), by_row(TABLE))
    with told() as error:
        tilth.read(f"{place}/t.csv", engine=engine)
    yield "CSV in S3", error


def main(folder: Path) -> None:
    found: dict[str, Any] = {}
    sessions.RETRIES = 1  # how long it tries is no question here: the command line does as long as users wait
    with told() as error:
        tilth.Spark(remote=NOBODY)
    found["nobody"] = error
    try:
        theirs = started()
    except (ImportError, TilthError) as error:
        found["no Spark"] = " ".join(str(error).split())
    else:
        quiet = StringIO()
        with redirect_stderr(quiet):
            found |= work(theirs, folder)
        found["logged"] = [line for line in quiet.getvalue().splitlines() if line.startswith("{")]
    print(json.dumps(found), flush=True)
    faulthandler.dump_traceback_later(SECONDS, exit=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
