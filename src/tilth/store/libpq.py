"""Connections to PostgreSQL: the server, the user, and the security of the connection.

Over a network the server's certificate is verified (`sslmode=verify-full`), with the system's authorities unless others are named. For
connections on this machine (a socket or a loopback address) libpq's defaults apply. A weaker mode must be written into the place, and gives
a warning.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from tilth.errors import RequestError, warn
from tilth.secrets import Credentials, resolve
from tilth.store.query import together
from tilth.store.uri import is_loopback

VERIFIED = "verify-full"
NOTICED = {"connect_timeout": "30", "keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3"}  # detect a lost network
ENGINES = ("postgres", "postgresql", "aurora-postgresql")  # its names in secrets of databases
BROKEN = re.compile(r"FATAL:|PANIC:|connection to server|closed the connection|connection not open|could not (receive|send) data|SSL error")
REFUSED = re.compile(r"authentication failed|no password supplied|is not permitted to log in", re.IGNORECASE)
NO_DATABASE = re.compile(r"database \".*\" does not exist")
UNUSABLE = {  # SQLSTATE → what to do about a table that cannot be used
    "42501": "GRANT USAGE ON the schema and SELECT ON the table TO the user of the secret",
    "42P01": "name the table with its schema: ?table=schema.table",
}


def hint_of(message: str) -> str:
    """A hint for a server that cannot be reached."""
    if "certificate" in message or "SSL" in message:
        return "name the file of its authority: sslrootcert=FILE; a weaker mode must be written into the place: sslmode=require"
    return "name a database of that server" if NO_DATABASE.search(message) else "is the server running?"


def is_broken(message: str) -> bool:
    """Whether a message of libpq says that the connection is lost, rather than that a value is wrong."""
    return bool(BROKEN.search(message))


def is_refused(message: str) -> bool:
    """Whether a message of libpq says that the user or password is refused."""
    return bool(REFUSED.search(message))


def connection_string(server: str, place: str, credentials: Credentials | None) -> str:
    """The URI for libpq. Missing parts come from the credentials. Errors: `RequestError` for credentials of another database."""
    uri = urlsplit(server)
    options = dict(parse_qsl(uri.query))
    if credentials is None and "PGPASSWORD" in os.environ:
        resolve("env:PGPASSWORD")  # so that it is hidden in messages
    if credentials:
        if credentials.engine and credentials.engine not in ENGINES:
            message = f"the secret {credentials.password.reference} is one of {credentials.engine}, but {place} is in PostgreSQL"
            raise RequestError(message, hint="name the secret of that database", code="other-database")
        uri, options = _completed(uri, options, credentials)
        options["password"] = credentials.password.reveal()
    if not _is_local(_hosts(uri, options), options):
        mode = options.setdefault("sslmode", VERIFIED)
        if mode != VERIFIED:
            warn(f"{place}: sslmode={mode} does not verify the server: anyone in between can read and change the data")
        elif not _has_authorities(options):
            options["sslrootcert"] = "system"
        options = NOTICED | options
    return together(uri, options)


def _completed(uri: SplitResult, options: Mapping[str, str], given: Credentials) -> tuple[SplitResult, dict[str, str]]:
    """Add missing host, port and database from the secret. Its user replaces that of the place, because the password belongs to it."""
    more = dict(options)
    if given.user:
        more["user"] = given.user
        uri = uri._replace(netloc=uri.netloc.rpartition("@")[2])
    if not _hosts(uri, options) and given.host:
        more["host"] = given.host
        if given.port:
            more.setdefault("port", given.port)
    if uri.path.strip("/") == "" and given.dbname:
        more.setdefault("dbname", given.dbname)
    return uri, more


def _hosts(uri: SplitResult, options: Mapping[str, str]) -> list[str]:
    """The names of the servers in a place, against which their certificates are verified."""
    in_uri = unquote(re.sub(r":\d+(?=,|$)", "", uri.netloc.rpartition("@")[2]))
    named = options.get("host") or in_uri or options.get("hostaddr") or options.get("service", "")
    return [host.strip("[]") for host in named.split(",") if host]


def _is_local(hosts: list[str], options: Mapping[str, str]) -> bool:
    """Whether all servers are on this machine: all names, and all addresses, which libpq prefers. Without a name it is a socket.

    libpq reads values that the place lacks from the environment.
    """
    names = hosts or [os.environ.get("PGHOST") or os.environ.get("PGSERVICE", "")]
    addresses = (options.get("hostaddr") or os.environ.get("PGHOSTADDR", "")).split(",")
    return all(host.startswith(("/", "@")) or is_loopback(host) for host in (*names, *addresses) if host)


def _has_authorities(options: Mapping[str, str]) -> bool:
    """Whether a file of certificate authorities is configured."""
    return bool(options.get("sslrootcert") or os.environ.get("PGSSLROOTCERT")) or Path("~/.postgresql/root.crt").expanduser().exists()
