"""Iceberg tables: `iceberg://CATALOG/namespace.table`; with `?snapshot=ID` or `?as_of=TIME` an earlier state of the table.

CATALOG is the name of a catalog in PyIceberg's configuration (`~/.pyiceberg.yaml`, `PYICEBERG_CATALOG__NAME__URI` …), or the path of the
SQLite file of an SQL catalog (`.db`, `.sqlite`). Credentials are in that configuration, never in a place, a message or a report.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

import pyarrow as pa

from tilth.errors import MachineError, MissingExtra, Mistake, RequestError, SourceError, TilthError, extra, first_line, listed, unknown
from tilth.store.catalog import CatalogTable
from tilth.store.local import files
from tilth.store.manifests import Manifests, paths_of
from tilth.store.places import Store

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog
    from pyiceberg.table import DataScan, Table
    from pyiceberg.table.snapshots import Snapshot

FORM = "iceberg://CATALOG/namespace.table, with ?snapshot=ID or ?as_of=TIME an earlier state"
EMBEDDED = (".db", ".sqlite", ".sqlite3")  # suffixes of the file of an SQL catalog
OPTIONS = ("snapshot", "as_of")
REFUSED = frozenset({"UnauthorizedError", "ForbiddenError", "OAuthError", "AuthorizationExpiredError", "NoCredentialsError"})
OF_OTHERS = frozenset({"pyiceberg", "sqlalchemy", "requests", "urllib3", "botocore", "pydantic_core", "strictyaml", "pyarrow", "thrift"})
MOST_SNAPSHOTS = 5  # listed in a message
CATALOGS_IN = "SELECT catalog_name FROM iceberg_tables UNION SELECT catalog_name FROM iceberg_namespace_properties ORDER BY 1"


class Iceberg(Store):
    """Tables of Iceberg catalogs, read through PyIceberg."""

    has_rows = True

    def catalogued(self, place: str) -> CatalogTable:
        asked = Asked.of(place)
        with _errors_of(asked, "opened"):
            catalog = _catalog(asked)
            with closing(catalog):
                table = _table(catalog, asked)
        with _errors_of(asked, "read"):
            return _snapshot_of(table, asked, catalog.name)

    def rows(self, place: str) -> Callable[[], Iterable[pa.RecordBatch]]:
        return self.catalogued(place).batches


@dataclass(frozen=True)
class Asked:
    """The parts of a place."""

    place: str
    catalog: str
    namespace: tuple[str, ...]
    name: str
    snapshot: str = ""
    as_of: str = ""

    @classmethod
    def of(cls, place: str) -> Asked:
        """Parse a place. Errors: `RequestError`."""
        path, _, query = place.partition("://")[2].partition("?")
        catalog, _, dotted = path.rpartition("/")
        *namespace, name = map(unquote, dotted.split("."))
        if "@" in catalog:
            hint = "credentials are in PyIceberg's configuration: they would appear in reports"
            raise RequestError("a place must not contain a user or a password", accepted=FORM, hint=hint, code="password")
        if not (catalog and name and namespace and all(namespace)):
            raise RequestError(f"{place!r} does not name a catalog, a namespace and a table", accepted=FORM, code="bad-place")
        options = dict(parse_qsl(query, keep_blank_values=True))
        RequestError.reject(unknown(options, OPTIONS, "the place of an Iceberg table has no option {}", "unknown-option"))
        if len(options) > 1:
            raise RequestError("`snapshot` and `as_of` each name a state of the table", accepted="one of them", code="bad-place")
        return cls(f"iceberg://{path}", catalog, tuple(namespace), name, **options)

    @property
    def identifier(self) -> tuple[str, ...]:
        """The table's identifier for PyIceberg."""
        return (*self.namespace, self.name)

    @property
    def dotted(self) -> str:
        """The table's name with dots."""
        return ".".join(self.identifier)


def _catalog(asked: Asked) -> Catalog:
    """The catalog of a place, from its file or from PyIceberg's configuration. Errors: `RequestError` for an unknown catalog."""
    with extra("iceberg", "an Iceberg table"):
        from pyiceberg.catalog import load_catalog
        from pyiceberg.utils.config import Config
    if "/" in asked.catalog or asked.catalog.lower().endswith(EMBEDDED):
        return _embedded(asked.catalog)
    config = Config()  # reads the current environment
    found = config.get_catalog_config(asked.catalog)
    if not found:
        what = "there is no catalog {} in PyIceberg's configuration"
        (mistake,) = unknown([asked.catalog], config.get_known_catalogs(), what, "no-catalog")
        variable = f"PYICEBERG_CATALOG__{asked.catalog.upper()}__URI"
        hint = f"set {variable}, add it to ~/.pyiceberg.yaml, or name the SQLite file of a catalog: iceberg://FILE.db/…"
        raise RequestError(replace(mistake, hint=mistake.hint or hint))
    return load_catalog(asked.catalog, **found)  # type: ignore[arg-type]  # the configuration has strings and mappings


def _embedded(path: str) -> Catalog:
    """The SQL catalog in an SQLite file. Errors: `SourceError` if the file has no catalog."""
    from pyiceberg.catalog.sql import SqlCatalog

    files(path)  # raises the reason if the file cannot be read
    try:
        with closing(sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro", uri=True)) as connection:
            names = [name for (name,) in connection.execute(CATALOGS_IN)]
    except sqlite3.DatabaseError as error:
        hint = "name the file of an SQL catalog, as PyIceberg's SqlCatalog makes it"
        raise SourceError(f"{path} is not an Iceberg catalog: {error}", hint=hint, code="not-a-catalog") from error
    if len(names) > 1:
        hint = f"configure the one that is meant: PYICEBERG_CATALOG__{names[0].upper()}__URI=sqlite:///{path}, and iceberg://{names[0]}/…"
        raise RequestError(f"{path} has several catalogs: {listed(names)}", hint=hint, code="several-catalogs")
    return SqlCatalog(names[0] if names else "default", uri=f"sqlite:///{Path(path).absolute()}", init_catalog_tables="false")


def _table(catalog: Catalog, asked: Asked) -> Table:
    """The table of a place. Errors: `SourceError` with the tables or namespaces in the catalog."""
    from pyiceberg.exceptions import NoSuchNamespaceError, NoSuchTableError

    try:
        return catalog.load_table(asked.identifier)
    except (NoSuchTableError, NoSuchNamespaceError) as error:
        try:
            known = [".".join(found) for found in catalog.list_tables(asked.namespace)]
            what = f"the catalog {asked.catalog!r} has no table {{}}"
            mistakes = unknown([asked.dotted], known, what, "no-table")
        except NoSuchNamespaceError:
            known = [".".join(found) for found in catalog.list_namespaces()]
            what = f"the catalog {asked.catalog!r} has no namespace {{}}"
            mistakes = unknown([".".join(asked.namespace)], known, what, "no-table")
        if not mistakes:
            raise SourceError(f"the catalog {asked.catalog!r} lists {asked.dotted!r}, but does not give it", code="no-table") from error
        raise SourceError(*mistakes) from error


def _snapshot_of(table: Table, asked: Asked, catalog: str) -> CatalogTable:
    """The state of a table that a place names. Errors: `SourceError` for an unknown snapshot, and for missing data files."""
    snapshot = _snapshot(table, asked)
    scan = table.scan(snapshot_id=snapshot.snapshot_id if snapshot and (asked.snapshot or asked.as_of) else None)
    schema, tasks = scan.projection(), list(scan.plan_files())
    paths = paths_of(table, schema, tasks)
    lost = [path for path in paths if not Path(path).is_file()]
    SourceError.reject([_lost(asked, lost[0], len(lost), len(paths))] if lost else [])
    number = str(snapshot.snapshot_id) if snapshot else ""
    return CatalogTable(
        place=asked.place,
        catalog=catalog,
        database=".".join(asked.namespace),
        name=asked.name,
        snapshot=number,
        key=("iceberg", str(table.metadata.table_uuid), number, schema.schema_id),
        columns=tuple(field.name for field in schema.fields),
        batches=partial(_batches, scan, asked),
        paths=paths,
        contents=Manifests([task.file for task in tasks], schema) if paths else None,
    )


def _snapshot(table: Table, asked: Asked) -> Snapshot | None:
    """The requested snapshot, found by number, name of a tag or branch, or time. By default the current one; None for an empty table."""
    if asked.as_of:
        found = table.snapshot_as_of_timestamp(_milliseconds(asked.as_of))
    elif asked.snapshot:
        by_number = asked.snapshot.isdecimal()
        found = table.snapshot_by_id(int(asked.snapshot)) if by_number else table.snapshot_by_name(asked.snapshot)
    else:
        return table.current_snapshot()
    if found is None:
        what = f"as of {asked.as_of}" if asked.as_of else asked.snapshot
        latest = sorted(table.snapshots(), key=lambda s: s.timestamp_ms, reverse=True)[:MOST_SNAPSHOTS]
        known = [f"{s.snapshot_id} of {datetime.fromtimestamp(s.timestamp_ms // 1000, UTC):%Y-%m-%dT%H:%M:%SZ}" for s in latest]
        named = [name for name in table.metadata.refs if name != "main"]
        hint = "snapshots that were expired cannot be read any more"
        message = f"the table {asked.dotted!r} has no snapshot {what}"
        raise SourceError(message, accepted=listed([*known, *named]) or "none: it is empty", hint=hint, code="no-snapshot")
    return found


def _milliseconds(text: str) -> int:
    """A time in milliseconds since 1970 for PyIceberg; UTC if it has no zone. Errors: `RequestError`."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise RequestError(f"as_of: {text!r} is not a time", accepted="2026-01-31T12:00:00Z, or 2026-01-31", code="bad-value") from None
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)


def _batches(scan: DataScan, asked: Asked) -> Iterator[pa.RecordBatch]:
    """The rows of a scan. The first batch is empty, because there may be no rows."""
    with _errors_of(asked, "read"):
        reader = scan.to_arrow_batch_reader()
        yield pa.RecordBatch.from_pylist([], schema=reader.schema)
        yield from reader


def _lost(asked: Asked, path: str, lost: int, of: int) -> Mistake:
    """The mistake for data files that are in the manifests but not on disk."""
    message = f"{lost} of {of} data files of {asked.dotted!r} are missing, such as {path}"
    return Mistake(message, hint="restore them, or read an earlier snapshot: ?snapshot=ID", code="no-file")


@contextmanager
def _errors_of(asked: Asked, doing: str) -> Iterator[None]:
    """Turn exceptions of PyIceberg and its libraries into Tilth's. Messages from opening a catalog may contain a password."""
    try:
        yield
    except TilthError:
        raise
    except Exception as error:  # PyIceberg passes on exceptions of the libraries of each kind of catalog
        if not isinstance(error, OSError | ValueError | NotImplementedError) and type(error).__module__.split(".")[0] not in OF_OTHERS:
            raise
        raise _translated(asked, doing, error) from error


def _translated(asked: Asked, doing: str, error: Exception) -> TilthError:
    kind = type(error).__name__
    if kind in REFUSED or "AccessDenied" in str(error):
        hint = "check the credentials in PyIceberg's configuration, such as `token`, `credential` or those of AWS"
        return MachineError(f"the catalog {asked.catalog!r} refuses the credentials ({kind})", hint=hint, code="credentials")
    if kind == "NotInstalledError":
        hint = f"pip install {str(error).rpartition('pip install ')[2]}"
        return MissingExtra(f"the catalog {asked.catalog!r} needs a library that is not installed", hint=hint, code="missing-extra")
    if isinstance(error, FileNotFoundError):
        hint = "the files of the table were moved or removed; read an earlier snapshot, or restore them"
        return SourceError(f"a file of {asked.dotted!r} is missing: {first_line(error)}", hint=hint, code="no-file")
    if isinstance(error, ValueError | NotImplementedError) and doing == "read":
        return SourceError(f"{asked.place} cannot be read by PyIceberg: {first_line(error)}", code="not-readable")
    if isinstance(error, ValueError):
        what = f"the catalog {asked.catalog!r} cannot be opened: its configuration is not valid ({kind})"
        return RequestError(what, hint="see `type`, `uri` and `warehouse` in PyIceberg's configuration", code="bad-catalog")
    hint = "is its server or database running, and is its `uri` right?"
    return MachineError(f"the catalog {asked.catalog!r} cannot be {doing} ({kind})", hint=hint, code="catalog")
