"""Tables and queries of a database, by the URI of their place."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from tilth.data import Files
from tilth.engine.session import Session
from tilth.errors import RequestError
from tilth.formats.format import Format
from tilth.store.places import store_of


class Table(Format):
    """A table or query of a database, such as `postgresql://user@host/db?table=schema.table`. Its rows are read once."""

    name = "table"

    def open(self, given: Any, names: Sequence[str] | None, engine: Session, **_: Any) -> Files:
        from tilth.formats.codec import as_parquet

        places = given if isinstance(given, list | tuple) else [given]
        if len(places) > 1:
            raise RequestError("one table or query is read at a time", hint="join them in a query: …?query=SELECT …", code="several-tables")
        place = os.fspath(places[0])
        return as_parquet(place, object(), store_of(places[0]).rows(place), names)
