"""Places: paths and URIs, which the store of their scheme reads and writes atomically.

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

MAGIC = re.compile(r"[*?\[]")  # what makes a place a pattern


@dataclass(frozen=True)
class Copies:
    """What to read on this machine for a `place`: its own path, or that of copies, which are removed with this object.

    `renamed` is a prefix of local paths and what replaces it in messages.
    """

    path: str
    place: str = ""
    renamed: tuple[str, str] = ("", "")
    scratch: object = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class Object:
    """A file, or an object of a store: its place, its name below what was asked for, its bytes, its version where the store has one.

    `modified` is when it was last changed, in seconds since 1970 in UTC.
    """

    place: str
    name: str
    bytes: int
    version: str | None = None
    modified: float = field(default=0.0, compare=False)


@dataclass(frozen=True)
class Secured(os.PathLike[str]):
    """A place, and the secret that opens it. Wherever a path is taken it is the place alone, which is all that is shown.

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
    """A place, or several, with the secret that opens them; what is given itself without a secret.

    Errors: `RequestError` for what is not a reference, and for a secret of a table in memory.
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
    """The places of one scheme. A store has files or rows; what it lacks is a `Gap`. `access` is the secret that opens the place."""

    has_rows = False
    takes_secret = False
    access: Access | None = None

    def copies(self, place: str) -> Copies:
        """The files of a place, on this machine. Errors: `SourceError` if there are none."""
        raise self._unlisted(place)

    def objects(self, place: str) -> list[Object]:
        """The files below a folder or a prefix, in order of the UTF-8 bytes of their names. Errors: `SourceError` if it does not exist."""
        raise self._unlisted(place)

    def matching(self, pattern: str) -> list[Object]:
        """The files whose place matches a pattern with `*`, in order of their names, which are those after the last slash."""
        raise self._unlisted(pattern)

    def find(self, place: str) -> Object | None:
        """The file or object at a place; None without one. A folder is not one."""
        raise self._unlisted(place)

    def part(self, what: Object, start: int = 0, end: int | None = None) -> bytes:
        """The bytes of an object from `start` to `end`; without an end all. Errors: `SourceError` if it is missing, or another one."""
        raise self._unlisted(what.place)

    def _unlisted(self, place: str) -> Gap:
        hint = "it has tables" if self.has_rows else "objects are read there, one by its name"
        return Gap(f"files cannot be listed at {scheme_of(place)}://", hint=hint)

    def everything(self, place: str, whole: bool = True) -> Copies:
        """All files in a folder or below a prefix as they are stored, on this machine: hidden ones and those of earlier deliveries.

        Unless they are `whole`, copies have their size and first bytes only.
        """
        raise self._unlisted(place)

    def rows(self, place: str) -> Callable[[], Iterable[pa.RecordBatch]]:
        """The rows of a table or query, in Arrow batches, as often as wanted. Errors: `SourceError` if there is no such table."""
        raise Gap(f"there are no tables at {scheme_of(place)}://", hint="it has files")

    def catalogued(self, place: str) -> CatalogTable | None:
        """The table as its catalog knows it; None where none does. Errors: `SourceError` if there is no such table."""
        return None

    def reject_foreign(self, place: str, folder: bool) -> None:
        """Reject a place with what Tilth did not write. Errors: `RequestError`."""
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
    """The store of a place. Errors: `RequestError` for an unknown scheme, and for a secret where none is needed."""
    store = STORES.find(scheme_of(place))()
    if isinstance(place, Secured):
        reject_secret(place, store.takes_secret)
        store.access = place.access
    return store


def reject_secret(place: Secured, taken: bool) -> None:
    """Reject a secret for a place that is opened without one. Errors: `RequestError`."""
    if not taken:
        accepted = listed(f"{scheme}://" for scheme, kind in STORES.items() if kind.takes_secret)
        raise RequestError(f"{place} takes no secret, but one was given", accepted=accepted, code="secret-unused")


def has_rows(place: Place) -> bool:
    """Whether a place is a table or query, with rows but without files."""
    return scheme_of(place) in STORES and store_of(place).has_rows


def copies(place: Place) -> Copies:
    """What to read on this machine for a place. A scheme without a store is left to the engine.

    Errors: those of its store; `RequestError` for a secret that is not needed, or a password.
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
    """Copies with decrypted ones of sealed files. Errors: as for `unsealed`."""
    if not is_sealed_place(found.path):
        return found
    path, held = unsealed(found.path)
    return Copies(path, found.place or found.path, (held.name, found.renamed[1] or str(Path(found.path).parent)), (found.scratch, held))


def atomic(place: Place, folder: bool = False, kind: str = "") -> AbstractContextManager[Path]:
    """A path to write a file to, or a folder to write into: it replaces the target if the block succeeds, and is removed otherwise.

    On this machine an existing folder is replaced if it is empty or has only files written in this way. For object stores see their own
    module. While a key is in force (`store.protection`), everything is encrypted, except what is of a `kind` for which that was lifted.

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
    """Write a text file atomically; its path. Errors: as for `atomic`."""
    with atomic(place) as new:
        new.write_text(text, "utf-8")
    return Path(place)


def reject_foreign(place: Place, folder: bool = True) -> None:
    """Reject a place with what Tilth did not write, before any work is done. Errors: as for `atomic`."""
    store_of(place).reject_foreign(os.fspath(place), folder)


def files_at(place: Place) -> list[Object]:
    """The file of a path, the files that a pattern with `*` matches, or those in a folder and its subfolders; none if nothing is there.

    Errors: `SourceError` for what cannot be read.
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
    """Errors about copies name the places that were copied."""
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
