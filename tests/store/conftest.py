"""An Iceberg table, made once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.iceberg import ORDERS, catalog_in, orders_in


@pytest.fixture(scope="package")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Any:
    made = catalog_in(tmp_path_factory.mktemp("iceberg"))
    orders_in(made)
    made.create_table("sales.empty", schema=ORDERS.schema)
    return made


@pytest.fixture(scope="package")
def place(catalog: Any) -> str:
    return f"iceberg://{catalog.properties['uri'].removeprefix('sqlite:///')}/sales.orders"
