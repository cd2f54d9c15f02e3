"""Tables and queries of a database, and tables of a catalog, by the URI of their place."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tilth.data import Files, Native, Source
from tilth.engine.session import Session
from tilth.errors import RequestError
from tilth.formats.format import Format, checked_names
from tilth.formats.parquet import SCANS
from tilth.store.jdbc import Jdbc, JdbcTable
from tilth.store.places import store_of


class Table(Format):
    """A table or query of a database, such as `postgresql://user@host/db?table=schema.table`, or a table of a catalog.

    Rows are read once; by JDBC, Spark reads and keeps them. If a catalog lists Parquet files with exactly these rows, the files are scanned
    as far as needed.
    """

    name = "table"

    def open(self, given: Any, names: Sequence[str] | None, engine: Session, **_: Any) -> Source:
        from tilth.formats.codec import as_parquet

        places = given if isinstance(given, list | tuple) else [given]
        if len(places) > 1:
            raise RequestError("one table or query is read at a time", hint="join them in a query: …?query=SELECT …", code="several-tables")
        place = os.fspath(places[0])
        store = store_of(places[0])
        if isinstance(store, Jdbc):
            return _named(engine.jdbc(JdbcTable.of(place), store.access), names)
        table = store.catalogued(place)
        if table is None:
            return as_parquet(place, object(), store.rows(place), names)
        if not table.paths:
            return replace(as_parquet(table.place, (*table.key, *(names or ())), table.batches, names), table=table)
        columns = tuple(checked_names(table.columns, names))
        options = (("hive", False), *((("names", columns),) if names else ()), ("uniform", True))
        return Files("parquet", table.paths, columns, options, table=table, scans=SCANS)


def _named(source: Native, names: Sequence[str] | None) -> Native:
    """A frame of Spark with other names."""
    columns = checked_names(source.columns, names)
    return replace(source, handle=source.handle.toDF(*columns), columns=tuple(columns)) if names else source
