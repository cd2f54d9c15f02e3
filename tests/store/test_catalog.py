"""A table that has a place of its own, whatever its files."""

from __future__ import annotations

from tilth.data import Files
from tilth.store.catalog import CatalogTable


def test_files_are_called_by_the_table_that_they_are_of():
    table = CatalogTable("iceberg://shop/sales.orders", "shop", "sales", "orders", "7", (), ("id",), tuple, ("a.parquet",))
    assert str(Files("parquet", table.paths, table.columns, table=table)) == table.place
    assert table.facts == {"catalog": "shop", "database": "sales", "table": "orders", "snapshot": "7"}
