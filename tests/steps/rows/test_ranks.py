"""ranks: the hash at a wanted place, found by counting, is the one that sorting finds."""

import random

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from tests.engines import duckdb_session
from tilth.data import Dataset, Memory
from tilth.engine import groups
from tilth.engine.expressions import col
from tilth.engine.operations.hashing import HashString
from tilth.metrics.metric import measured
from tilth.steps.rows import ranks
from tilth.steps.rows.ranks import ABOVE, Cut, cuts


def found(rows, places):
    """The answer to the conversation, and its scans."""
    table = pa.table({"s": [s for s, _ in rows], "h": [h for _, h in rows]}, pa.schema([("s", pa.string()), ("h", pa.string())]))
    data, engine = Dataset(Memory(table, ("s", "h"))), duckdb_session()
    talk = cuts(col("s"), col("h"), places)
    asked = next(talk)
    while True:
        try:
            asked = talk.send(measured(data, asked, engine))
        except StopIteration as done:
            return done.value, len(engine.scans)


HASHES = st.sampled_from([f"{i:015x}" for i in (0, 1, 16**12 - 1, 16**12, 16**14, 16**15 - 1)]) | st.integers(0, 999).map(
    lambda i: HashString.row(str(i))
)


@given(st.lists(st.tuples(st.sampled_from("ab\0"), HASHES), max_size=60), st.lists(st.integers(0, 70), max_size=3))
def test_cuts_stand_where_sorting_puts_them(rows, places):
    (sizes, cut), _ = found(rows, lambda sizes: dict.fromkeys(sizes, sorted(places)))
    for stratum in {s for s, _ in rows}:
        hashes = sorted(h for s, h in rows if s == stratum)
        assert sizes[stratum] == len(hashes)
        assert cut[stratum] == tuple(Cut(hashes[p], p - hashes.index(hashes[p])) if p < len(hashes) else Cut(ABOVE) for p in sorted(places))


def test_two_scans_find_any_number_of_cuts():
    chance = random.Random(1)
    rows = [(chance.choice("abc"), HashString.row(str(i))) for i in range(5_000)]
    assert found(rows, lambda sizes: {s: [n // 3, n // 2] for s, n in sizes.items()})[1] == 2


def test_no_scan_has_a_group_for_each_row(monkeypatch):
    """A table may have more rows than the groups that are held."""
    monkeypatch.setattr(ranks, "PREFIX", 1)
    monkeypatch.setattr(groups, "MOST_GROUPS", 500)
    rows = [("a", HashString.row(str(i))) for i in range(5_000)]
    hashes = sorted(h for _, h in rows)
    (_, cut), _ = found(rows, lambda sizes: {"a": [1_000]})
    assert cut["a"] == (Cut(hashes[1_000]),)
