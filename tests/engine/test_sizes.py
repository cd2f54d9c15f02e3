"""The sizes of groups are those that grouping all rows gives, where few rows or none are grouped."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp
from sqlglot.expressions import Expression as Tree

import tilth
from tests.engines import duckdb_session
from tilth.engine import sizes
from tilth.engine.dry_run import DryRun
from tilth.engine.expressions import all_rows, col, is_null, lit
from tilth.engine.operations.aggregates import CountIf, GroupEntropy, SumOrZero
from tilth.engine.operations.operation import call
from tilth.engine.statistics import Statistic, count, key, over_groups, size

FOLDS = (CountIf.of(exp.GT(this=size(), expression=lit(1))), all_rows(), SumOrZero.of(size()), GroupEntropy.of(size()))


def of_size(n: int, column: str = "id", where: Tree | None = None) -> Statistic:
    """The number of values that are there n times."""
    return over_groups(CountIf.of(exp.EQ(this=size(), expression=lit(n))), (column,), where)


def asked_of(column: str) -> list[Statistic]:
    """Folds of all kinds: over sizes, with a filter, by parts and of two columns."""
    odd = exp.GT(this=col("part"), expression=lit(0))
    asked = [over_groups(f.copy(), (column,), where) for f in FOLDS for where in (None, odd)]
    asked += [over_groups(f.copy(), (column, "part")) for f in FOLDS]
    return [*asked, count(is_null(col(column))), over_groups(all_rows(), (column,)).grouped(col("part"))]


def weak(column: str) -> Tree:
    """A hash that different strings share."""
    return call("hash", call("length", col(column)))


@pytest.mark.slow
@given(st.lists(st.integers(-1, 9) | st.none(), max_size=12), st.booleans(), st.booleans(), st.booleans())
def test_numbers_that_are_there_once_are_not_grouped(tmp_path_factory, values, unique, short, largest):
    place = tmp_path_factory.mktemp("unique") / "a.parquet"
    values = list(dict.fromkeys(values)) if unique else values
    table = pa.table({"id": pa.array(values, pa.int32()), "part": [i % 2 for i in range(len(values))]})
    pq.write_table(table, place)
    asked = asked_of("id") + ([over_groups(exp.Max(this=key(0)), ("id",))] if largest else [])
    session, grouped = duckdb_session(), duckdb_session()
    with pytest.MonkeyPatch.context() as patch:
        if short:  # stretches of two numbers, any of which may have repeated ones
            patch.setattr(sizes, "STRETCH", 2)
            patch.setattr(sizes, "FEW", 1)
        assert session.answer(tilth.read(place), asked) == grouped.answer(tilth.read(table), asked)
    there = [v for v in values if v is not None]
    alone = 0 < len(there) == len(set(there)) and not largest
    assert short or (not any(s.title == "groups of id" for s in session.scans)) == alone
    assert "values of id" not in [s.title for s in grouped.scans]


@pytest.mark.slow
@given(st.lists(st.sampled_from(["", "a", "b", "ab", "ä", "a\0", "abc" * 9]) | st.none(), max_size=12), st.booleans(), st.booleans())
def test_strings_that_are_there_once_are_not_grouped(tmp_path_factory, values, collide, many):
    place = tmp_path_factory.mktemp("unique") / "a.parquet"
    table = pa.table({"id": pa.array(values, pa.string()), "part": [i % 2 for i in range(len(values))]})
    pq.write_table(table, place)
    session, grouped, asked = duckdb_session(), duckdb_session(), asked_of("id")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sizes, "FEWEST", 0)
        patch.setattr(sizes, "RARE", 1)
        if many:  # repeated ones among few rows
            patch.setattr(sizes, "FEW", 1)
        if collide:
            patch.setattr(sizes, "hashed", weak)
        assert session.answer(tilth.read(place), asked) == grouped.answer(tilth.read(table), asked)
    titles = [s.title for s in session.scans]
    assert "hashes of id" in titles and ("values of id" in titles or not many)
    assert "hashes of id" not in [s.title for s in grouped.scans]


def test_of_strings_that_nearly_all_differ_those_with_a_hash_of_several_are_grouped(tmp_path):
    n = sizes.FEWEST
    table = pa.table({"id": [f"order {i}" for i in range(n)] + ["order 5", "order 5", "order 9", None]})
    pq.write_table(table, tmp_path / "a.parquet")
    session = duckdb_session()
    asked = [of_size(1), of_size(2), of_size(3), count(is_null(col("id")))]
    found = session.answer(tilth.read(tmp_path / "a.parquet"), asked)
    assert [found[a] for a in asked] == [n - 2, 1, 1, 1]
    hashes, values = session.scans  # nulls are in the footer
    assert (hashes.title, values.title) == ("hashes of id", "values of id") and "GROUP BY" in values.query


def test_strings_that_all_differ_are_read_once(tmp_path):
    pq.write_table(pa.table({"id": [f"order {i}" for i in range(sizes.FEWEST)]}), tmp_path / "a.parquet")
    report = tilth.check(
        tilth.read(tmp_path / "a.parquet"), 'Rules = [ IsUnique "id", Uniqueness "id" = 1.0, DistinctValuesCount "id" > 9 ]'
    )
    assert report.passed
    hashes, values = report.facts.scans
    assert (hashes.title, values.title) == ("hashes of id", "values of id") and "GROUP BY" not in values.query


@pytest.mark.parametrize("why", ["few rows", "no room", "repeated in the first rows", "many repeated", "values are asked for"])
def test_strings_are_grouped_where_their_hashes_are_not_worth_it(tmp_path, monkeypatch, why):
    n = sizes.FEWEST - (why == "few rows")
    ids = [f"order {i}" for i in range(n)]
    ids[n // 2 :] = ids[: n - n // 2] if why == "many repeated" else ids[n // 2 :]
    ids[:20] = ids[:10] * 2 if why == "repeated in the first rows" else ids[:20]
    pq.write_table(pa.table({"id": ids}), tmp_path / "a.parquet")
    session = duckdb_session()
    if why == "no room":
        monkeypatch.setattr(type(session), "has_room", lambda session, size: size < sizes.BYTES * n)
    asked = [of_size(1)] + ([over_groups(exp.Max(this=key(0)), ("id",))] if why == "values are asked for" else [])
    once, *_ = session.answer(tilth.read(tmp_path / "a.parquet"), asked).values()
    assert once == {"many repeated": 0, "repeated in the first rows": n - 20}.get(why, n)
    assert [s.title for s in session.scans] == ["hashes of id"] * (why == "many repeated") + ["groups of id"]


def test_there_is_room_for_an_eighth_of_the_memory_limit():
    session = duckdb_session()
    session.run("SET memory_limit = '800 MB'")
    assert session.has_room(90_000_000) and not session.has_room(110_000_000)


def test_a_plan_shows_the_hashes(tmp_path):
    pq.write_table(pa.table({"id": [f"order {i}" for i in range(sizes.FEWEST)]}), tmp_path / "a.parquet")
    with DryRun(duckdb_session()) as run:
        run.answer(tilth.read(tmp_path / "a.parquet"), [of_size(1)])
        assert [s.title for s in run.scans] == ["hashes of id", "groups of id"]


@pytest.mark.parametrize(("first", "of"), [(-128, pa.int8()), (2**63, pa.uint64())])
def test_numbers_of_other_widths_are_told_apart_in_64_bits_or_grouped(tmp_path, first, of):
    pq.write_table(pa.table({"id": pa.array(range(first, first + 256), of)}), tmp_path / "a.parquet")
    assert list(duckdb_session().answer(tilth.read(tmp_path / "a.parquet"), [of_size(1)]).values()) == [256]


def test_of_a_key_with_few_repeated_values_only_their_stretches_are_grouped(tmp_path):
    pq.write_table(pa.table({"id": [*range(20 * sizes.STRETCH), 5, 5, 9]}), tmp_path / "a.parquet")
    session = duckdb_session()
    asked = [of_size(n) for n in (1, 2, 3)]
    assert list(session.answer(tilth.read(tmp_path / "a.parquet"), asked).values()) == [20 * sizes.STRETCH - 2, 1, 1]
    repeats, values = session.scans
    assert (repeats.title, values.title) == ("where values of id repeat", "values of id") and "IN (0)" in values.query
