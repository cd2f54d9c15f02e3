"""Five rules on an Iceberg table of 5,000 small files: by its manifests, as a folder of the same files, and in batches of PyIceberg."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.benchmark import Benchmark, Candidate, Figures, Target, Work, close, ratio
from bench.benchmarks.footers import by_hand, checked

FILES = 5_000
RULES = [
    "RowCount > 0",
    'Completeness "comment" > 0.9',
    'ColumnValues "passengers" between 0 and 7 with threshold > 0.9',
    'ColumnValues "fare" between 0 and 1000 with threshold > 0.9',
    'IsUnique "id"',
]
HAND = """SELECT count(*), count(comment) / count(*), count_if(passengers > 0 AND passengers < 7) / count(*),
    count_if(fare > 0 AND fare < 1000) / count(*), (SELECT count_if(n = 1) / sum(n) FROM (SELECT count(*) AS n FROM '{place}' GROUP BY id))
    FROM '{place}'"""


def catalog(folder: Path) -> Path:
    """A catalog with the trips in a table `sales.trips` of 5,000 files, and the same files in a table with a changed schema."""
    import duckdb
    from pyiceberg.catalog.sql import SqlCatalog
    from pyiceberg.types import StringType

    home = folder / "catalog"
    if (home / "done").exists():
        return home
    home.mkdir(exist_ok=True)
    made = SqlCatalog("bench", uri=f"sqlite:///{home}/catalog.db", warehouse=f"file://{home.absolute()}")
    made.create_namespace("sales")
    rows = duckdb.sql(
        f"""SELECT id, cast(id * {FILES} // count(*) OVER () AS integer) AS part, passengers, fare, picked_up_at, city, comment
        FROM (SELECT row_number() OVER () - 1 AS id, * FROM '{folder}/trips/*.parquet')"""
    ).to_arrow_table()
    table = made.create_table("sales.trips", schema=rows.schema)
    with table.update_spec() as update:
        update.add_identity("part")
    table.append(rows)
    changed = made.register_table("sales.changed", table.metadata_location)
    with changed.update_schema() as new:
        new.add_column("note", StringType())
    (home / "done").touch()
    return home


def place_of(table: str) -> Any:
    return lambda folder: f"iceberg://{catalog(folder)}/catalog.db/sales.{table}"


def files(folder: Path) -> str:
    return f"{catalog(folder)}/sales/trips/data/**/*.parquet"


def pyiceberg(folder: Path) -> Work:
    """Read every row by PyIceberg alone, without rules."""
    from pyiceberg.catalog.sql import SqlCatalog

    table = SqlCatalog("bench", uri=f"sqlite:///{catalog(folder)}/catalog.db").load_table("sales.trips")
    return lambda: [float(table.scan().to_arrow().num_rows)]


def differences(results: Mapping[str, Any]) -> list[str]:
    hand = results.get("hand", [])
    return [f"{name} and hand differ" for name in ("table", "folder", "changed") if not all(map(close, results.get(name, []), hand))]


def milliseconds_a_file(name: str) -> Any:
    def value(figures: Mapping[str, Figures]) -> float:
        return figures[name].wall / FILES * 1000

    return value


BENCHMARK = Benchmark(
    name="catalog",
    title="Tables of a catalog",
    about=f"{len(RULES)} rules on {FILES:,} small Parquet files: completeness, two ranges, a unique key. As an Iceberg table, with "
    "numbers from its manifests; as a folder; and as a table with a changed schema, which PyIceberg assembles.",
    candidates=(
        Candidate("table", checked(RULES, place_of("trips")), title="Iceberg table"),
        Candidate("folder", checked(RULES, files), title="folder"),
        Candidate("changed", checked(RULES, place_of("changed")), title="Iceberg table, schema changed"),
        Candidate("hand", by_hand(HAND, files), title="by hand, DuckDB on the folder"),
        Candidate("pyiceberg", pyiceberg, title="PyIceberg reads all rows, no rules"),
    ),
    compared=False,
    targets=(
        Target("a file of an Iceberg table", milliseconds_a_file("table"), 20, "ms"),
        Target("a file, schema changed", milliseconds_a_file("changed"), 20, "ms"),
        Target("the table to its files as a folder", ratio("table", "folder"), 1),
    ),
    differences=differences,
)
