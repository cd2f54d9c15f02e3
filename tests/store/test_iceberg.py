"""Iceberg tables: what is read, by which way, and what cannot be read."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import pyarrow as pa
import pytest

import tilth
from tests.engines import duckdb_session
from tests.iceberg import MORE, ORDERS, RULES, TOKEN, catalog_in, orders_in, served
from tilth.errors import MachineError, MissingExtra, RequestError, SourceError
from tilth.store import iceberg, manifests


def rows(place, **options):
    table = tilth.write(tilth.read(place, engine=duckdb_session(), **options))
    return sorted(table.to_pylist(), key=lambda row: row["id"])


def without_nan(table):
    return [{**row, "price": None if row["price"] != row["price"] else row["price"]} for row in table.to_pylist()]


EXPECTED = without_nan(pa.concat_tables([ORDERS, MORE]))


@pytest.mark.slow
def test_its_files_and_batches_of_pyiceberg_have_the_same_rows(place, monkeypatch):
    source = tilth.read(place).source
    assert rows(place) == EXPECTED and len(source.paths) == 2 and source.copies is None
    monkeypatch.setattr(iceberg, "paths_of", lambda *_: ())
    source = tilth.read(place).source
    assert rows(place) == EXPECTED and source.copies and str(source) == place
    assert tilth.check(place, RULES).passed


def test_an_earlier_state(place, catalog):
    table = catalog.load_table("sales.orders")
    first, second = sorted(table.snapshots(), key=lambda s: s.timestamp_ms)
    at = datetime.fromtimestamp(second.timestamp_ms / 1000, UTC)
    assert rows(f"{place}?snapshot={first.snapshot_id}") == rows(f"{place}?snapshot=first") == EXPECTED[:3]
    assert len(rows(f"{place}?as_of={at:%Y-%m-%dT%H:%M:%S.%fZ}")) == 6
    report = tilth.check(f"{place}?snapshot=first", "Rules = [ RowCount = 3 ]")
    assert report.passed and report.facts.source == place
    assert report.facts.more["snapshot"] == str(first.snapshot_id) and report.facts.more["table"] == "orders"


def test_a_table_without_rows_has_its_columns(place):
    empty = tilth.write(tilth.read(place.replace("orders", "empty")))
    assert (empty.num_rows, empty.column_names) == (0, ORDERS.column_names)


def test_other_names(place):
    names = [f"c{i}" for i in range(10)]
    assert tilth.read(place, names=names).names == tuple(names)
    assert tilth.check(tilth.read(place, names=names), 'Rules = [ ColumnValues "c0" < 7 ]').passed


def test_a_changed_schema_is_that_of_all_rows(tmp_path):
    made = catalog_in(tmp_path)
    table = orders_in(made)
    with table.update_schema() as update:
        update.rename_column("number", "count").add_column("note", table.schema().find_type("state"))
    found = rows(f"iceberg://{tmp_path}/catalog.db/sales.orders")
    assert [(row["id"], row["count"], row["note"]) for row in found] == [(row["id"], row["number"], None) for row in EXPECTED]


@pytest.mark.spark
def test_spark_reads_the_same(place, spark, monkeypatch):
    from tilth.engine.spark import Spark

    for paths_of in (manifests.paths_of, lambda *_: ()):
        monkeypatch.setattr(iceberg, "paths_of", paths_of)
        engine = Spark(spark)
        assert sorted(tilth.write(tilth.read(place, engine=engine), engine=engine).to_pylist(), key=lambda row: row["id"]) == EXPECTED
        assert tilth.check(place, RULES, engine=engine).passed


@pytest.mark.parametrize(
    ("asked", "error", "says"),
    [
        ("{file}/sales.order", SourceError, "did you mean 'sales.orders'"),
        ("{file}/sals.orders", SourceError, "did you mean 'sales'"),
        ("{folder}/catalogue.db/sales.orders", SourceError, "did you mean 'catalog.db'"),
        ("{folder}/other.db/sales.orders", SourceError, "is not an Iceberg catalog: no such table"),
        ("shpo/sales.orders", RequestError, "did you mean 'shop'"),
        ("broken/sales.orders", RequestError, "its configuration is not valid"),
        ("gone/sales.orders", MachineError, "cannot be opened"),
        ("aws/sales.orders", MissingExtra, "pip install 'pyiceberg"),
        ("{file}/sales.orders?snapshot=12", SourceError, "no snapshot 12"),
        ("{file}/sales.orders?snapshot=last", SourceError, "accepted: .* of 20.*, first"),
        ("{file}/sales.orders?as_of=2020-01-01", SourceError, "no snapshot as of 2020-01-01"),
        ("{file}/sales.orders?as_of=noon", RequestError, "is not a time"),
        ("{file}/sales.orders?snapshot=1&as_of=2020-01-01", RequestError, "one of them"),
        ("{file}/sales.orders?token=hidden", RequestError, "no option 'token'"),
        ("me:hidden@shop/sales.orders", RequestError, "must not contain a user or a password"),
        ("shop/orders", RequestError, "does not name a catalog, a namespace and a table"),
    ],
)
def test_what_cannot_be_read(place, tmp_path, monkeypatch, asked, error, says):
    import sqlite3

    file = place.removeprefix("iceberg://").rpartition("/")[0]
    if "other.db" in asked:
        sqlite3.connect(tmp_path / "other.db").execute("CREATE TABLE t (a)").connection.close()
        asked = asked.format(folder=tmp_path)
    monkeypatch.setenv("PYICEBERG_CATALOG__SHOP__URI", f"sqlite:///{file}")
    monkeypatch.setenv("PYICEBERG_CATALOG__BROKEN__URI", "nothing://me:hidden@host")
    monkeypatch.setenv("PYICEBERG_CATALOG__GONE__URI", "http://127.0.0.1:1")
    monkeypatch.setenv("PYICEBERG_CATALOG__AWS__TYPE", "glue")
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(error, match=says) as raised:
        tilth.read(f"iceberg://{asked.format(file=file, folder=file.rpartition('/')[0])}")
    assert "hidden" not in str(raised.value)


def test_without_pyiceberg(place, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyiceberg.catalog", None)
    with pytest.raises(MissingExtra, match=r"tilth\[iceberg\]"):
        tilth.read(place)


def test_files_and_tables_that_went(tmp_path):
    made = catalog_in(tmp_path)
    table, place = orders_in(made), f"iceberg://{tmp_path}/catalog.db/sales.orders"
    (lost, *_) = tilth.read(place).source.paths
    (tmp_path / lost).unlink()
    with pytest.raises(SourceError, match=r"1 of 2 data files of 'sales.orders' are missing, such as"):
        tilth.read(place)
    with table.update_schema() as update:  # from here on PyIceberg reads the files
        update.rename_column("number", "count")
    with pytest.raises(SourceError, match=r"a file of 'sales.orders' is missing"):
        tilth.read(place)
    for file in (tmp_path / "sales/orders/metadata").glob("*.json"):
        file.unlink()
    with pytest.raises(SourceError, match=r"a file of 'sales.orders' is missing"):
        tilth.read(place)
    made.drop_table("sales.orders")
    with pytest.raises(SourceError, match=r"has no table 'sales.orders'"):
        tilth.read(place)


def test_a_catalog_behind_http(catalog, monkeypatch):
    with served(catalog) as address:
        monkeypatch.setenv("PYICEBERG_CATALOG__REMOTE__URI", address)
        monkeypatch.setenv("PYICEBERG_CATALOG__REMOTE__TOKEN", TOKEN)
        assert rows("iceberg://remote/sales.orders") == EXPECTED
        with pytest.raises(SourceError, match=r"did you mean 'sales.orders'"):
            tilth.read("iceberg://remote/sales.order")
        monkeypatch.setenv("PYICEBERG_CATALOG__REMOTE__TOKEN", "wrong-one")
        with pytest.raises(MachineError, match="refuses the credentials") as raised:
            tilth.read("iceberg://remote/sales.orders")
        assert "wrong-one" not in str(raised.value)
