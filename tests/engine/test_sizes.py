"""The sizes of groups are those that grouping all rows gives, where few rows or none are grouped."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

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
from tilth.engine.statistics import (
    Statistic,
    central_moment,
    correlation,
    count,
    count_of,
    distinct,
    highest,
    key,
    lowest,
    over_groups,
    quantile,
    size,
    standard_moment,
    total,
)

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
def test_numbers_that_are_there_once_are_not_grouped(tmp_path_factory, values, unique, room, largest):
    place = tmp_path_factory.mktemp("unique") / "a.parquet"
    values = list(dict.fromkeys(values)) if unique else values
    table = pa.table({"id": pa.array(values, pa.int32()), "part": [i % 2 for i in range(len(values))]})
    pq.write_table(table, place)
    asked = asked_of("id") + ([over_groups(exp.Max(this=key(0)), ("id",))] if largest else [])
    session, grouped = duckdb_session(), duckdb_session()
    with pytest.MonkeyPatch.context() as patch:
        if not room:  # for values, only for bits
            patch.setattr(type(session), "has_room", lambda session, size: size < sizes.BYTES or size == sizes.COPIES * 2)
        assert session.answer(tilth.read(place), asked) == grouped.answer(tilth.read(table), asked)
    there, titles = [v for v in values if v is not None], [s.title for s in session.scans]
    alone = 0 < len(there) == len(set(there)) and not largest
    assert not alone or not {"groups of id", "values of id"}.intersection(titles)
    assert not room or largest or "groups of id" not in titles
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
    assert "row aggregates, hashes of id" in titles and ("groups of id" not in titles or not many)
    assert "row aggregates, hashes of id" not in [s.title for s in grouped.scans]


def test_of_strings_that_nearly_all_differ_those_with_a_hash_of_several_are_grouped(tmp_path):
    n = sizes.FEWEST
    table = pa.table({"id": [f"order {i}" for i in range(n)] + ["order 5", "order 5", "order 9", None]})
    pq.write_table(table, tmp_path / "a.parquet")
    session = duckdb_session()
    asked = [of_size(1), of_size(2), of_size(3), count(is_null(col("id")))]
    found = session.answer(tilth.read(tmp_path / "a.parquet"), asked)
    assert [found[a] for a in asked] == [n - 2, 1, 1, 1]
    hashes, values = session.scans  # nulls are in the footer
    assert (hashes.title, values.title) == ("row aggregates, hashes of id", "values of id") and "GROUP BY" in values.query


def test_keys_that_are_unique_add_no_scan(tmp_path):
    n = sizes.FEWEST
    pq.write_table(
        pa.table({"id": range(n), "name": [f"order {i}" for i in range(n)], "half": [i / 2 for i in range(n)]}), tmp_path / "a.parquet"
    )
    report = tilth.check(
        tilth.read(tmp_path / "a.parquet"),
        'Rules = [ IsUnique "name", Uniqueness "name" = 1.0, DistinctValuesCount "name" > 9, IsPrimaryKey "id", Mean "half" > 1 ]',
    )
    assert report.passed
    assert [s.title for s in report.facts.scans] == ["row aggregates, bits of id, hashes of name"]


def test_beside_hashes_other_statistics_are_the_same(tmp_path):
    n = sizes.FEWEST
    at = datetime(2024, 2, 29, 1, 2, 3, 456)
    kinds = {
        "int": pa.array([2**62] * n),
        "double": pa.array([0.1] * (n - 1) + [None]),
        "decimal": pa.array([Decimal("0.00")] * n, pa.decimal128(10, 2)),
        "wide": pa.array([Decimal(10**30)] * n, pa.decimal128(38, 0)),
        "bool": pa.array([True] * n),
        "date": pa.array([at.date()] * n),
        "timestamp": pa.array([at] * n, pa.timestamp("us")),
        "zoned": pa.array([at] * n, pa.timestamp("us", "UTC")),
        "string": pa.array(["é"] * n),
        "nothing": pa.nulls(n, pa.int32()),
    }
    pq.write_table(pa.table({"id": [f"order {i}" for i in range(n)], **kinds}), tmp_path / "a.parquet")
    data, x = tilth.read(tmp_path / "a.parquet"), {c: call("coalesce", col(c)) for c in kinds}  # which footers do not answer
    asked = [f(x[c]) for c in kinds for f in (lowest, highest, count_of, distinct)]
    asked += [total(x["int"], exact=True), total(x["wide"]), *(f(x["double"]) for f in (total, central_moment))]
    asked += [standard_moment(x["int"], 4), correlation(x["int"], x["double"]), quantile(x["double"], 0.5)]
    alone, beside = duckdb_session().answer(data, asked), duckdb_session().answer(data, [of_size(1), *asked])
    assert beside.pop(of_size(1)) == n
    assert beside == alone


def test_one_key_alone_is_proved_unique(tmp_path):
    pq.write_table(pa.table({"id": range(sizes.FEWEST), "name": [f"order {i}" for i in range(sizes.FEWEST)]}), tmp_path / "a.parquet")
    for column, how in (("id", "bits"), ("name", "hashes")):
        session = duckdb_session()
        assert list(session.answer(tilth.read(tmp_path / "a.parquet"), [of_size(1, column)]).values()) == [sizes.FEWEST]
        assert [s.title for s in session.scans] == [f"row aggregates, {how} of {column}"]


def test_a_key_with_repeated_values_adds_one_scan(tmp_path):
    n, rules = sizes.FEWEST, [f'Uniqueness "{c}" > 0.9, IsUnique "{c}"' for c in ("id", "name")]
    table = pa.table({"id": range(n), "name": [f"order {i}" for i in range(n)]})
    pq.write_table(pa.concat_tables([table, table.slice(5, 1)]), tmp_path / "a.parquet")
    report = tilth.check(tilth.read(tmp_path / "a.parquet"), f"Rules = [ {', '.join(rules)} ]")
    assert [str(f.outcome) for f in report.findings] == ["Passed", "Failed"] * 2
    assert [f.value for f in report.findings] == [(n - 1) / (n + 1)] * 4
    read = [s.title for s in report.facts.scans if not s.purpose or "example" not in s.purpose]
    assert read[:3] == ["row aggregates, bits of id, hashes of name", "values of id", "values of name"]


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
    assert [s.title for s in session.scans] == ["row aggregates, hashes of id"] * (why == "many repeated") + ["groups of id"]


def test_there_is_room_for_an_eighth_of_the_memory_limit():
    session = duckdb_session()
    session.run("SET memory_limit = '800 MB'")
    assert session.has_room(90_000_000) and not session.has_room(110_000_000)


def test_a_plan_shows_the_hashes(tmp_path):
    pq.write_table(pa.table({"id": [f"order {i}" for i in range(sizes.FEWEST)]}), tmp_path / "a.parquet")
    with DryRun(duckdb_session()) as run:
        run.answer(tilth.read(tmp_path / "a.parquet"), [of_size(1)])
        assert [s.title for s in run.scans] == ["row aggregates, hashes of id", "values of id, if some repeat"]


@pytest.mark.parametrize(("first", "of"), [(-128, pa.int8()), (2**63, pa.uint64())])
def test_numbers_of_other_widths_are_told_apart_in_64_bits_or_grouped(tmp_path, first, of):
    pq.write_table(pa.table({"id": pa.array(range(first, first + 256), of)}), tmp_path / "a.parquet")
    assert list(duckdb_session().answer(tilth.read(tmp_path / "a.parquet"), [of_size(1)]).values()) == [256]


def test_keys_have_room_together(tmp_path, monkeypatch):
    n, names = sizes.FEWEST, ("a", "b", "c")
    pq.write_table(pa.table({c: [f"{c} {i}" for i in range(n)] for c in names}), tmp_path / "a.parquet")
    session = duckdb_session()
    monkeypatch.setattr(type(session), "has_room", lambda session, size: size <= 2 * n * sizes.BYTES)
    assert set(session.answer(tilth.read(tmp_path / "a.parquet"), [of_size(1, c) for c in names]).values()) == {n}
    assert [s.title for s in session.scans] == ["row aggregates, hashes of a, b", "groups of c"]


def test_tables_of_hashes_and_sizes_are_dropped(tmp_path):
    n = sizes.FEWEST
    pq.write_table(pa.table({"id": [*map(str, range(n)), "5"]}), tmp_path / "a.parquet")
    session, data = duckdb_session(), tilth.read(tmp_path / "a.parquet")
    assert list(session.answer(data, [of_size(2)]).values()) == [1]
    sources = [name for (name,) in session.run("SELECT view_name FROM duckdb_views() WHERE temporary AND NOT internal")]
    assert sources == ["source0"]  # that of the file
