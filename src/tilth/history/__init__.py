"""The metrics of earlier checks, in a file or in a database."""

from __future__ import annotations

from pathlib import Path

from tilth.errors import RequestError
from tilth.history.ledger import Ledger

SERVER = "postgresql://"


def is_server(place: str | Path) -> bool:
    """Whether a place is a database on a server."""
    return str(place).startswith(SERVER)


def ledger_at(place: str | Path) -> Ledger:
    """The ledger at the path of a file, or in the database at `postgresql://user@host/db`. It is created if there is none.

    Errors: `RequestError` for another kind of address.
    """
    if is_server(place):
        from tilth.history.postgres import PostgreSQL

        return PostgreSQL(str(place))
    scheme, mark, _ = str(place).partition("://")  # the rest may contain a password
    if mark:
        raise RequestError(f"{scheme}{mark} holds no history", accepted=f"the path of a file, or {SERVER}user@host/db", code="no-ledger")
    from tilth.history.sqlite import SQLite

    return SQLite(place)
