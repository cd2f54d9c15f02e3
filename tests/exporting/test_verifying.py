"""Files are compared with the database."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import tilth
from tests.encrypted import key
from tilth.errors import Gap, MachineError
from tilth.exporting.verifying import of_batches

__all__ = ["key"]
pytestmark = pytest.mark.slow
VALUES = """
select * from (values
  (1::int2, 1::int4, 9223372036854775807::int8, true, 'ä b'::text, 'a '::char(4), ''::varchar, 0.1::float4, 'NaN'::float8,
   1.50::numeric(9,2), 0.0000000001::numeric(20,10), 1e30::numeric, date '1969-12-31', timestamp '1999-12-31 23:59:59.123456',
   timestamptz '2024-03-31 02:30:00+02', time '23:59:59.5', '\\x00ff'::bytea, gen_random_uuid(), '{"a": 1}'::jsonb, '1 day'::interval),
  (-1, -1, -9223372036854775808, false, 'a' || chr(31) || 'b', '', 'x', '-0', '-Infinity',
   0, -1, 'NaN', date '0001-01-01', timestamp '9999-12-31', timestamptz '1970-01-01+00', time '00:00', '', null, null, null),
  (null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null)
) as v(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t)
"""


def test_values_of_every_type_are_the_same_on_both_sides(database: str, execute: Callable[..., Any], tmp_path: Path) -> None:
    execute("drop table if exists every_type", f"create table every_type as {VALUES}")
    done = tilth.export(f"{database}&table=every_type", str(tmp_path / "out"), verify=True)
    assert done.rows == 3 and done.state["parts"][0]["hashes"]


def test_each_part_under_a_key_also_where_nothing_is_left_to_read(database: str, tmp_path: Path, key: str) -> None:
    plan = {"source": f"{database}&table=orders", "partition": {"by": "id", "parts": 3}, "connections": 1}

    def end(text: str) -> None:
        if text.startswith("2 of 4 parts verified"):
            raise MachineError("ended")

    with tilth.protected(key):
        with pytest.raises(MachineError, match="ended"):
            tilth.export(plan, str(tmp_path / "out"), verify=True, progress=end)
        done = tilth.export(plan, str(tmp_path / "out"), verify=True)
    assert (done.rows, all(p["hashes"] for p in done.state["parts"]), len(done.state["snapshots"])) == (6000, True, 2)


def test_another_value_and_what_cannot_be_compared(database: str, tmp_path: Path) -> None:
    def change(text: str) -> None:
        for path in tmp_path.rglob("*.parquet"):
            rows = pq.read_table(path)
            pq.write_table(rows.set_column(1, rows.schema.field(1), pa.array([7] * len(rows), rows.schema.field(1).type)), path)

    with pytest.raises(MachineError, match="differ from the database: 6,000 rows, and 6,000 in the database"):
        tilth.export(f"{database}&table=orders", str(tmp_path / "out"), verify=True, progress=change)
    assert not (tmp_path / "out").exists()
    for more, words in (
        ({"redact": [{"columns": "id", "with": "null"}]}, "cannot be compared"),
        ({"source": f"{database}&query=select array[1] as a"}, "list"),
    ):
        with pytest.raises(Gap, match=words):
            tilth.export({"source": f"{database}&table=orders", **more}, str(tmp_path / "b"), verify=True)


def test_the_order_of_rows_makes_no_difference() -> None:
    table = pa.table({"a": [1, None, 3], "b": ["x", None, ""]})
    whole, parts = of_batches(table.to_batches()), of_batches(table.take([2, 0, 1]).to_batches(max_chunksize=1))
    assert whole == parts and whole != of_batches(table.slice(1).to_batches())
