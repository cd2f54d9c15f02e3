"""A table of PostgreSQL as Parquet: `tilth export`, and COPY by hand."""

from __future__ import annotations

import atexit
import os
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.benchmark import Benchmark, Candidate, Target, Work, out, ratio
from tests.servers import started_postgres

ROWS = int(os.environ.get("EXPORT_ROWS", "10_000_000"))
FIRST = 1_000_000
MADE = f"""create unlogged table orders as select i::int8 as order_id, (i::int8 * 7919 % 100003)::int4 as customer_id,
random() * 1000 as amount, timestamp '2026-01-01' + i * interval '3 seconds' as ordered_at, 'c' || i % 40 as country,
md5((i % 5000)::text) as note from generate_series(1, {ROWS}) as i"""


def database() -> str:
    """Start a server with the table; it ends with this process."""
    from adbc_driver_postgresql import dbapi

    stack = ExitStack()
    atexit.register(stack.close)
    place = stack.enter_context(started_postgres()).socket
    with dbapi.connect(place, autocommit=True) as connection, connection.cursor() as cursor:
        for statement in (MADE, "analyze orders", "checkpoint"):
            cursor.execute(statement)
    return place


def exported(folder: Path, **more: Any) -> Work:
    import tilth
    import tilth.exporting.export
    import tilth.formats.parquet

    place, to = database(), str(out(folder, "export", "tilth"))
    return lambda: tilth.export(f"{place}&table=orders", to, **more).rows


def first(folder: Path) -> Work:
    return exported(folder, where=f"order_id <= {FIRST}", partition={"by": "order_id", "parts": 4})


def copied(folder: Path) -> Work:
    import pyarrow as pa
    import pyarrow.csv as csv
    import pyarrow.parquet as pq

    place, to = database(), out(folder, "export", "copied.parquet")
    types = {"order_id": pa.int64(), "customer_id": pa.int32(), "amount": pa.float64(), "ordered_at": pa.timestamp("us")}
    options = csv.ConvertOptions(column_types=types | {"country": pa.string(), "note": pa.string()})

    def work() -> int:
        words = ["psql", place, "-c", "copy orders to stdout (format csv, header)"]
        with (
            subprocess.Popen(words, stdout=subprocess.PIPE) as process,
            csv.open_csv(process.stdout, csv.ReadOptions(block_size=16 << 20), convert_options=options) as batches,
            pq.ParquetWriter(to, batches.schema) as file,
        ):
            for batch in batches:
                file.write_batch(batch)
        return int(pq.read_metadata(to).num_rows)

    return work


BENCHMARK = Benchmark(
    name="export",
    title="Export",
    about=f"A table of PostgreSQL on the same machine, {ROWS:,} rows × 6 columns, as Parquet: by `tilth export` with its four connections, "
    "at one snapshot and with the rows counted; by `COPY … TO STDOUT` as CSV, which pyarrow reads and writes. The work of the server is "
    "not in core seconds and peak. The first million rows are a quarter of a million rows in each of four parts.",
    candidates=(
        Candidate("exported", exported, title="tilth export"),
        Candidate("copy", copied, title="COPY by hand"),
        Candidate("first", first, title="tilth export, the first million"),
    ),
    targets=(
        Target("tilth export to COPY by hand", ratio("exported", "copy"), 1.2),
        Target("peak memory, all rows to the first million", lambda f: f["exported"].peak / f["first"].peak, 1.1),
    ),
    differences=lambda results: [] if results.get("exported") == results.get("copy", ROWS) == ROWS else ["the rows differ"],
    scale=0,
    compared=False,
)
