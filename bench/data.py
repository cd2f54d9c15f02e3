"""Makes the benchmark tables by DuckDB from row numbers alone: the same rows on every machine, in any number.

    python -m bench.data --rows 20000000      # bench/data/20000000/{trips,loans,drivers}

*trips* has 20 columns: a near-unique integer key (one row in 10,000 repeats its neighbour's), a unique text key, integers, doubles,
two timestamps, five low-cardinality texts, a text of 200,000 values, a phone number (nearly unique, 1 % bad), a comment of 50,000
values; thirteen columns are null in 5 % of the rows. *loans* is for bias; *drivers* is the table that trips refer to, with one driver
in 200 missing.
"""

from __future__ import annotations

import argparse
import shutil
from itertools import pairwise
from pathlib import Path

import duckdb

HOME = Path(__file__).parent / "data"
ROWS = 20_000_000
FILES = 8
ROW_GROUP = 250_000
DRIVERS = 200_000

PAYMENT = ("card", "cash", "app", "voucher", "invoice")
CITY = ("Aachen", "Bern", "Cork", "Delft", "Evora", "Faro", "Ghent")
STATUS = ("done", "cancelled", "open", "disputed")
VEHICLE = ("car", "van", "bike")
CHANNEL = ("web", "phone", "kiosk", "partner", "api", "street")
SEX = ("Female", "Male")
RACE = ("A", "B", "C", "D", "E")

PHONE = r"\+[0-9]{2}-[0-9]{3}-[0-9]{7}"


def below(n: int, salt: int) -> str:
    """An evenly spread integer in [0, n), a function of the row number `i` and the salt."""
    return f"(hash(i * 64 + {salt}) % {n})"


def unit(salt: int) -> str:
    """An evenly spread double in (0, 1]."""
    return f"(({below(1_000_000_007, salt)} + 1) / 1000000007e0)"


def normal(salt: int) -> str:
    """A standard normal double (Box and Muller, 1958)."""
    return f"(sqrt(-2 * ln({unit(salt)})) * cos(6.283185307179586e0 * {unit(salt + 1)}))"


def one_of(values: tuple[str, ...], salt: int) -> str:
    """One of a few strings, the first ones more often."""
    drawn = f"cast(least(floor({len(values)} * pow({unit(salt)}, 1.5e0)), {len(values) - 1}) as integer)"
    return f"[{', '.join(repr(v) for v in values)}][1 + {drawn}]"


def nulled(value: str, salt: int, percent: int = 5) -> str:
    """The value, or null in a few percent of the rows."""
    return f"case when {below(100, salt)} >= {percent} then {value} end"


DISTANCE = f"round(-6 * ln({unit(20)}), 2)"
PHONE_NUMBER = f"'+' || (10 + {below(90, 40)}) || '-' || (100 + {below(900, 41)}) || '-' || (1000000 + {below(9_000_000, 42)})"
BEGIN = f"timestamp '2024-01-01' + to_seconds({below(366 * 86_400, 30)})"

TRIPS = {
    "trip_id": "10000000 + i - cast(i % 10000 = 9999 as bigint)",
    "order_ref": "'ORD-' || lpad(cast(i + 1 as varchar), 9, '0')",
    "passengers": nulled(f"cast(1 + {below(6, 10)} as integer)", 1),
    "duration_s": nulled(f"cast(120 + 150 * {DISTANCE} + {below(600, 11)} as integer)", 2),
    "rating": nulled(f"cast(1 + {below(5, 12)} as integer)", 3),
    "distance_km": nulled(DISTANCE, 4),
    "fare": f"round(3.5 + 1.9 * {DISTANCE} + 2 * {unit(22)}, 2)",
    "tip": nulled(f"round(3 * {unit(23)} * {unit(24)}, 2)", 5),
    "tolls": nulled(f"case when {below(10, 25)} = 0 then round(12 * {unit(26)}, 2) else 0 end", 6),
    "surge": nulled(f"exp(0.25 * {normal(27)})", 7),
    "picked_up_at": BEGIN,
    "dropped_off_at": nulled(f"{BEGIN} + to_seconds({below(7200, 31)})", 8),
    "payment": nulled(one_of(PAYMENT, 32), 9),
    "city": one_of(CITY, 33),
    "status": one_of(STATUS, 34),
    "vehicle": nulled(one_of(VEHICLE, 35), 13),
    "channel": nulled(one_of(CHANNEL, 36), 14),
    "driver_id": f"'DRV-' || lpad(cast({below(DRIVERS, 37)} as varchar), 6, '0')",
    "phone": nulled(f"case when {below(100, 43)} = 0 then 'ext. ' || {below(10_000, 44)} else {PHONE_NUMBER} end", 15),
    "comment": nulled(f"'Comment ' || {below(50_000, 45)} || repeat(' the ride was fine', cast({below(50_000, 45)} % 4 as bigint))", 16),
}

SCORE = f"1 / (1 + exp(-(0.4 * {normal(53)} + case when {below(2, 50)} = 1 then 0.35 else 0 end - 0.01 * {below(20, 52)})))"
AGE = f"18 + {below(70, 54)}"

LOANS = {
    "sex": f"{list(SEX)}[1 + cast({below(2, 50)} as integer)]",
    "race": nulled(one_of(RACE, 51), 55, percent=2),
    "age": f"cast({AGE} as integer)",
    "region": f"'R' || lpad(cast({below(20, 52)} as varchar), 2, '0')",
    "approved": f"cast({unit(56)} < {SCORE} as integer)",
    "predicted": f"cast({SCORE} > 0.5 as integer)",
    "score": SCORE,
}

KNOWN_DRIVERS = {"driver_id": "'DRV-' || lpad(cast(i AS varchar), 6, '0')", "depot": "cast(i % 40 AS integer)"}


def select(columns: dict[str, str], start: int, stop: int) -> str:
    """A query for the rows with numbers in [start, stop)."""
    return f"SELECT {', '.join(f'{sql} AS {name}' for name, sql in columns.items())} FROM range({start}, {stop}) AS rows(i)"


def write_table(con: duckdb.DuckDBPyConnection, columns: dict[str, str], rows: int, folder: Path) -> None:
    """Write a table as eight Parquet files of equal size, in row groups of 250,000 rows."""
    folder.mkdir(parents=True)
    edges = [rows * k // FILES for k in range(FILES + 1)]
    for k, (start, stop) in enumerate(pairwise(edges)):
        con.execute(f"COPY ({select(columns, start, stop)}) TO '{folder}/part-{k}.parquet' (ROW_GROUP_SIZE {ROW_GROUP})")


def make(rows: int = ROWS, home: Path = HOME) -> Path:
    """The folder of the tables with this number of rows. If it is missing, it is made, atomically."""
    place = home / str(rows)
    if place.exists():
        return place
    half = home / f".{rows}"
    shutil.rmtree(half, ignore_errors=True)
    con = duckdb.connect()
    con.execute("SET memory_limit = '2GiB'; SET preserve_insertion_order = true; SET enable_progress_bar = false")
    write_table(con, TRIPS, rows, half / "trips")
    write_table(con, LOANS, rows, half / "loans")
    (half / "drivers").mkdir()
    known = f"{select(KNOWN_DRIVERS, 0, DRIVERS)} WHERE i % 200 <> 7"
    con.execute(f"COPY ({known}) TO '{half}/drivers/part-0.parquet'")
    half.rename(place)
    return place


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Make the benchmark tables.")
    parser.add_argument("--rows", type=int, default=ROWS)
    print(make(parser.parse_args().rows))
