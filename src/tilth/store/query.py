"""Parses places in databases: the table or query, and the file of a database in a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from tilth.errors import RequestError, SourceError
from tilth.store.local import reject_stream


def asked_of(place: str, shape: str, otherwise: str = "") -> tuple[SplitResult, dict[str, str], str]:
    """The parts of a place, its other options, and its SELECT. `shape` is the form of such places for messages, `otherwise` a further hint
    if there is a password in the place.

    Errors: `RequestError` for a password, and for neither a table nor a query, or both.

    >>> asked_of("sqlite:///shop.db?table=main.orders", "")[2]
    'SELECT * FROM "main"."orders"'
    """
    uri, options = parts_of(place, otherwise)
    table, query = options.pop("table", ""), options.pop("query", "").strip().rstrip(";")
    if bool(table) == bool(query):
        accepted = f"{shape}?table=schema.table, or …?query=SELECT …"
        raise RequestError("a place in a database needs a table or a query", accepted=accepted, code="bad-place")
    return uri, options, query or f"SELECT * FROM {quoted(table)}"


def parts_of(place: str, otherwise: str = "") -> tuple[SplitResult, dict[str, str]]:
    """The parts of a place, and its options. Errors: `RequestError` for a password, with `otherwise` as a further hint."""
    uri = urlsplit(place)
    options = dict(parse_qsl(uri.query))
    if uri.password is not None or "password" in options:
        hint = "name a secret: --secret env:NAME, or `secret: aws:NAME` under `data`" + otherwise
        raise RequestError("a place must not contain a password: it would appear in reports", hint=hint, code="password")
    return uri, options


def together(uri: SplitResult, options: Mapping[str, str]) -> str:
    """Join the parts to a URI. For a URI without a server, such as a local socket, `urlunsplit` would leave out the slashes."""
    rest = urlunsplit(uri._replace(scheme="", netloc="", query=urlencode(options, quote_via=quote)))
    return f"{uri.scheme}://{uri.netloc}{rest}"


def quoted(table: str) -> str:
    """`schema.table` as identifiers; given quotes are kept."""
    parts = [table] if '"' in table else table.split(".")
    return ".".join(p if '"' in p else identifier(p) for p in parts)


def identifier(name: str) -> str:
    """A name in quotes.

    >>> identifier('a "b" c')
    '"a ""b"" c"'
    """
    return '"' + name.replace('"', '""') + '"'


def file_of(place: str) -> tuple[str, str]:
    """The file of a database in a file, and the SELECT: `sqlite:///ABSOLUTE/FILE?table=…`, `sqlite://RELATIVE/FILE?table=…`.

    Errors: `RequestError` for other options, `SourceError` if there is no such file.
    """
    scheme = place.partition("://")[0]
    shape = f"{scheme}:///FILE"
    uri, options, query = asked_of(place, shape)
    if options:
        raise RequestError(f"{place}: there is no option {min(options)!r}", accepted="table, query", code="unknown-option")
    path = unquote(uri.netloc + uri.path)
    reject_stream(path, "", SourceError)
    if not Path(path).is_file():
        here = path.lstrip("/")
        hint = f"{scheme}:///FILE is a path from the root, {scheme}://FILE one from this folder, or that of the flow file"
        hint = f"did you mean {scheme}://{here}?" if Path(here).is_file() else hint
        raise SourceError(f"there is no file {path!r}", accepted=f"{shape}?table=…", hint=hint, code="no-file")
    return path, query


def string(text: str) -> str:
    """A text as an SQL literal.

    >>> string("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"
