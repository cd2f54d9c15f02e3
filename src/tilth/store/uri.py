"""Parses places: local paths and URIs such as `s3://bucket/folder`."""

from __future__ import annotations

import os
from ipaddress import ip_address
from pathlib import Path
from typing import TypeAlias
from urllib.parse import quote, unquote, urlsplit

Place: TypeAlias = str | os.PathLike[str]
FILE_DATABASES = ("duckdb", "sqlite")  # schemes with the path of a file on this machine


def scheme_of(place: Place) -> str:
    """The scheme of a place; `file` for a path.

    >>> scheme_of("s3://bucket/a.csv"), scheme_of("a/b.csv"), scheme_of("jdbc:db2://host/db")
    ('s3', 'file', 'jdbc')
    """
    scheme, mark, _ = os.fspath(place).partition("://")
    if scheme.lower().startswith("jdbc:"):
        return "jdbc"
    return scheme.lower() if mark and scheme.replace("+", "").isalnum() else "file"


def is_local(place: Place) -> bool:
    """Whether a place is local."""
    return scheme_of(place) == "file"


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, according to its name or address.

    >>> is_loopback("localhost"), is_loopback("::1"), is_loopback("db.example.org")
    (True, True, False)
    """
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def local_path(place: Place) -> str:
    """The path of a local place.

    >>> local_path("file:///tmp/a%20b.csv"), local_path("a.csv")
    ('/tmp/a b.csv', 'a.csv')
    """
    written = os.fspath(place)
    return unquote(urlsplit(written).path) if written.lower().startswith("file://") else written


def joined(folder: Place, name: str) -> str:
    """A place in a folder. An absolute name or a URI stays unchanged, except the relative path of a database in a file.

    >>> joined("/flows", "sqlite://shop.db?table=orders")
    'sqlite:///flows/shop.db?table=orders'
    >>> joined("flows", "../a.csv"), joined("flows", "s3://bucket/a.csv"), joined("s3://bucket/out/", "report.html")
    ('a.csv', 's3://bucket/a.csv', 's3://bucket/out/report.html')
    """
    scheme = scheme_of(name)
    if scheme in FILE_DATABASES and is_local(folder) and not name[len(scheme) + 3 :].startswith("/"):
        return f"{name[: len(scheme) + 3]}{quote(str(Path(local_path(folder))))}/{name[len(scheme) + 3 :]}"
    if not is_local(name):
        return name
    if not is_local(folder):
        return f"{os.fspath(folder).rstrip('/')}/{name}"
    path, name = Path(folder), local_path(name)
    while name.startswith("../") and path.name not in ("", "..") and not path.is_symlink():  # shorten it for readers
        path, name = path.parent, name.removeprefix("../")
    return str(path / name)
