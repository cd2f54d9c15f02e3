"""Places: paths and URIs. The store of their scheme reads them, and writes them atomically.

Everything Tilth reads or writes by name goes through `copies`, `rows` and `atomic`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tilth.errors import Gap, RequestError, SourceError, TilthError, listed
from tilth.secrets import Access
from tilth.shelf import Shelf
from tilth.store.catalog import CatalogTable
from tilth.store.protection import in_force
from tilth.store.sealed import sealed
from tilth.store.unsealed import is_sealed_place, unsealed
from tilth.store.uri import Place, scheme_of

if TYPE_CHECKING:
    import pyarrow as pa

MAGIC = re.compile(r"[*?\[]")  # characters of a pattern


@dataclass(frozen=True)
class Copies:
    """The local `path` to read for a `place`: the place itself, or copies, which are removed with this object.

    `renamed` is a prefix of local paths and its replacement in messages.
    """

    path: str
    place: str = ""
    renamed: tuple[str, str] = ("", "")
    scratch: object = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class Object:
    """A file or object of a store: its place, name below the requested place, size in bytes, and version if the store has one.

    `modified` is the time of the last change, in seconds since 1970 in UTC.
    """

    place: str
    name: str
    bytes: int
    version: str | None = None
    modified: float = field(default=0.0, compare=False)


@dataclass(frozen=True)
class Secured(os.PathLike[str]):
    """A place with the secret that opens it. As a path or a string it is only the place.

    >>> place = Secured("postgresql://db.example.com/sales?table=orders", Access("aws:prod/pg"))
    >>> f"{place}", os.fspath(place)
    ('postgresql://db.example.com/sales?table=orders', 'postgresql://db.example.com/sales?table=orders')
    """

    place: str
    access: Access

    def __fspath__(self) -> str:
        return self.place

    def __str__(self) -> str:
        return self.place


def secured(source: Any, secret: str | Mapping[str, object] | Access | None) -> Any:
    """Attach a secret to a place or several places; without a secret, return the source unchanged.

    Errors: `RequestError` for an invalid reference, and for a secret with a table in memory.
    """
    if secret is None:
        return source
    access = Access.of(secret)
    if isinstance(source, list | tuple):
        return [secured(one, access) for one in source]
    if not isinstance(source, str | os.PathLike):
        raise RequestError("a secret was given for a table in memory", hint="leave it out", code="secret-unused")
    return Secured(os.fspath(source), access)


class Store:
    """The places of one scheme. A store has files or rows; the other methods raise a `Gap`. `access` is the secret that opens the place."""

    has_rows = False
    takes_secret = False
    access: Access | None = None

    def copies(self, place: str) -> Copies:
        """The files of a place, copied to this machine if necessary. Errors: `SourceError` if there are none."""
        raise self._unlisted(place)

    def objects(self, place: str) -> list[Object]:
        """The files below a folder or a prefix, in order of the UTF-8 bytes of their names. Errors: `SourceError` if it does not exist."""
        raise self._unlisted(place)

    def matching(self, pattern: str) -> list[Object]:
        """The files that match a pattern with `*`, in order. Their names are the parts after the last slash."""
        raise self._unlisted(pattern)

    def find(self, place: str) -> Object | None:
        """The file or object at a place; None if there is none, or a folder."""
        raise self._unlisted(place)

    def part(self, what: Object, start: int = 0, end: int | None = None) -> bytes:
        """The bytes of an object from `start` to `end`, by default to its end. Errors: `SourceError` if it is missing or changed."""
        raise self._unlisted(what.place)

    def _unlisted(self, place: str) -> Gap:
        hint = "it has tables" if self.has_rows else "objects are read there, one by its name"
        return Gap(f"files cannot be listed at {scheme_of(place)}://", hint=hint)

    def everything(self, place: str, whole: bool = True) -> Copies:
        """All stored files in a folder or below a prefix, on this machine, including hidden files and earlier deliveries.

        If not `whole`, copies have only the right size and the first bytes.
        """
        raise self._unlisted(place)

    def rows(self, place: str) -> Callable[[], Iterable[pa.RecordBatch]]:
        """A function that reads the rows of a table or query in Arrow batches. Errors: `SourceError` if there is no such table."""
        raise Gap(f"there are no tables at {scheme_of(place)}://", hint="it has files")

    def catalogued(self, place: str) -> CatalogTable | None:
        """The table in its catalog; None for stores without a catalog. Errors: `SourceError` if there is no such table."""
        return None

    def reject_foreign(self, place: str, folder: bool) -> None:
        """Reject a place with content that Tilth did not write. Errors: `RequestError`."""
        raise Gap(f"nothing can be written to {scheme_of(place)}://", hint="write a file, and load it from there")

    def atomic(self, place: str, folder: bool) -> AbstractContextManager[Path]:
        """A local path to write to: it replaces the target if the block succeeds."""
        raise Gap(f"nothing can be written to {scheme_of(place)}://", hint="write a file, and load it from there")


STORES: Shelf[type[Store]] = Shelf(
    "store",
    "stores",
    {
        "file": "tilth.store.local:Local",
        "s3": "tilth.store.s3:S3",
        "https": "tilth.store.https:Https",
        "http": "tilth.store.https:Https",
        "postgresql": "tilth.store.table:PostgreSQL",
        "redshift": "tilth.store.redshift:Redshift",
        "duckdb": "tilth.engine.duckdb.file:DuckDBFile",
        "sqlite": "tilth.store.sqlite:SQLite",
        "jdbc": "tilth.store.jdbc:Jdbc",
        "iceberg": "tilth.store.iceberg:Iceberg",
    },
)


def store_of(place: Place) -> Store:
    """The store of a place. Errors: `RequestError` for an unknown scheme, and for a secret that the store does not use."""
    store = STORES.find(scheme_of(place))()
    if isinstance(place, Secured):
        reject_secret(place, store.takes_secret)
        store.access = place.access
    return store


def reject_secret(place: Secured, taken: bool) -> None:
    """Reject a secret if it is not `taken`, that is, used by the store. Errors: `RequestError`."""
    if not taken:
        accepted = listed(f"{scheme}://" for scheme, kind in STORES.items() if kind.takes_secret)
        raise RequestError(f"{place} takes no secret, but one was given", accepted=accepted, code="secret-unused")


def has_rows(place: Place) -> bool:
    """Whether a place is a table or query, with rows but without files."""
    return scheme_of(place) in STORES and store_of(place).has_rows


def copies(place: Place) -> Copies:
    """The local copies to read for a place. A scheme without a store is left to the engine.

    Errors: those of the store; `RequestError` for a secret that is not used, and for a password in the place.
    """
    written = os.fspath(place)
    if scheme_of(written) in STORES:
        return _readable(store_of(place).copies(written))
    if isinstance(place, Secured):
        reject_secret(place, taken=False)
    if urlsplit(written).password is not None:
        message = "a place must not contain a password: it would appear in reports"
        raise RequestError(message, accepted=f"a place of {listed(STORES, 20)}, and --secret REFERENCE", code="password")
    return Copies(written)


def _readable(found: Copies) -> Copies:
    """Copies in which sealed files are decrypted. Errors: as for `unsealed`."""
    if not is_sealed_place(found.path):
        return found
    path, held = unsealed(found.path)
    return Copies(path, found.place or found.path, (held.name, found.renamed[1] or str(Path(found.path).parent)), (found.scratch, held))


def atomic(place: Place, folder: bool = False, kind: str = "") -> AbstractContextManager[Path]:
    """A path for a file, or a folder to write into. It replaces the target if the block succeeds, and is removed otherwise.

    On this machine an existing folder is replaced only if it is empty or has only files written in this way. For object stores see their
    modules. While a key is in force (`store.protection`), everything is encrypted, except a `kind` that may be written unencrypted.

    Errors: `MachineError` if the disk is full or not writable, `RequestError` for a place with other content.

    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp()) / "numbers.txt"
    >>> with atomic(place) as path:
    ...     _ = path.write_text("1 2 3")
    >>> place.read_text(), [p.name for p in place.parent.iterdir()]
    ('1 2 3', ['numbers.txt'])
    """
    make = store_of(place).atomic
    if (protection := in_force()) is None:
        return make(os.fspath(place), folder)
    return sealed(protection, make, os.fspath(place), folder, kind)


def write_text(place: str | Path, text: str) -> Path:
    """Write a text file atomically. Return its path. Errors: as for `atomic`."""
    with atomic(place) as new:
        new.write_text(text, "utf-8")
    return Path(place)


def reject_foreign(place: Place, folder: bool = True) -> None:
    """Reject a place with content that Tilth did not write, before any work is done. Errors: as for `atomic`."""
    store_of(place).reject_foreign(os.fspath(place), folder)


def files_at(place: Place) -> list[Object]:
    """The file at a path, the files that match a pattern with `*`, or the files in a folder and its subfolders; empty if there are none.

    Errors: `SourceError` for a place that cannot be read.
    """
    written = os.fspath(place)
    store = store_of(written)
    if found := store.find(written):
        return [found]
    if MAGIC.search(written):
        return store.matching(written)
    try:
        return store.objects(f"{written.rstrip('/')}/")
    except SourceError as error:
        if error.mistakes[0].code in ("no-file", "no-files"):
            return []
        raise


@contextmanager
def named(found: Copies) -> Iterator[None]:
    """In errors about copies, replace the paths of the copies by the original places."""
    try:
        yield
    except TilthError as error:
        here, there = found.renamed
        if not here or here not in str(error):
            raise

        def shown(text: str) -> str:
            return text.replace(here, there)

        mistakes = [
            replace(m, message=shown(m.message), hint=shown(m.hint), place=m.place and replace(m.place, file=shown(m.place.file or "")))
            for m in error.mistakes
        ]
        raise type(error)(*mistakes) from error
