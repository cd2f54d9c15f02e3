"""The state of an export, `_export.json` next to its files: the plan and the finished parts, so that a killed export can be continued."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tilth.encryption.sealed import SUFFIX
from tilth.errors import Mistake, RequestError, SourceError, warn
from tilth.exporting.plan import Plan
from tilth.store.places import atomic, copies, files_at
from tilth.store.protection import in_force

STATE, MANIFEST = "_export.json", "_copy_manifest.json"  # pandas and Spark ignore names that begin with `_`
VERSION = 1


@dataclass(frozen=True)
class File:
    """A file of an export, without its folder."""

    name: str
    bytes: int
    rows: int


@dataclass
class Part:
    """A part and its progress. `snapshot` is the number of its snapshot, counted from zero, `read` the bytes of its rows, `query_id` the
    statement that unloads it, and `hashes` the sum of the hashes of its rows, once they are verified.
    """

    number: int
    condition: str
    done: bool = False
    files: list[File] = field(default_factory=list)
    read: int = 0
    snapshot: int = 0
    tries: int = 0
    query_id: str | None = None
    hashes: str | None = None
    started: str | None = None
    ended: str | None = None

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Part:
        """Read a part from JSON."""
        given = {name: value for name, value in content.items() if name != "rows"}
        return cls(**(given | {"files": [File(**f) for f in content["files"]]}))

    @property
    def rows(self) -> int:
        """The number of rows in its files."""
        return sum(f.rows for f in self.files)


@dataclass
class State:
    """The state of an export, stored at a place. Each change is written at once, so that the file is right even if the process is killed.

    `columns` are those of the query. `redact` are the redaction steps with the ids of their keys, `written` the columns after redaction.
    """

    place: str
    plan: dict[str, Any]
    plan_sha256: str
    query: str
    columns: list[tuple[str, str]]
    tables: dict[str, Any]
    parts: list[Part]
    begun: str
    run: str = field(default_factory=lambda: uuid.uuid4().hex)
    redact: list[dict[str, Any]] = field(default_factory=list)
    written: list[tuple[str, str]] = field(default_factory=list)
    snapshots: list[dict[str, str]] = field(default_factory=list)
    finished: str | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @classmethod
    def load(cls, folder: str) -> State | None:
        """The state in a folder; None if there is none. Errors: `SourceError` if it cannot be read, `RequestError` if the key differs."""
        place = f"{folder}/{STATE}"
        held = [name for name in (STATE, STATE + SUFFIX) if files_at(f"{folder}/{name}")]
        if not held:
            return None
        if (in_force() is not None) != (held[0] != STATE):
            how, hint = ("under a key", "give that key") if in_force() is None else ("without a key", "leave the key out")
            raise RequestError(f"the export in {folder} was started {how}", hint=f"{hint}, or start again with --force", code="other-key")
        found = copies(f"{folder}/{held[0]}")
        try:
            given = json.loads(Path(found.path).read_text("utf-8"))
            if given.pop("tilth_export") != VERSION:
                raise ValueError
            parts = [Part.from_json(p) for p in given.pop("parts")]
            columns = [(name, kind) for name, kind in given.pop("columns")]
            return cls(folder, parts=parts, columns=columns, **given)
        except (ValueError, TypeError, KeyError) as error:
            hint = "export into another folder, or with --force into this one"
            raise SourceError(f"{place} is not the state of an export", hint=hint, code="bad-state") from error

    def to_json(self) -> dict[str, Any]:
        """The state as JSON."""
        facts = {k: getattr(self, k) for k in self.__dataclass_fields__ if k not in ("place", "parts") and k[0] != "_"}
        return {"tilth_export": VERSION, **facts, "parts": [asdict(p) | {"rows": p.rows} for p in self.parts]}

    def save(self) -> None:
        """Write the file."""
        with self._lock, atomic(f"{self.place}/{STATE}") as path:
            path.write_text(json.dumps(self.to_json(), indent=1), "utf-8")

    def done(self, part: Part, files: list[File], read: int) -> str:
        """Record that a part is finished, with these files; return the progress of the export in words."""
        part.files, part.read, part.ended, part.done = files, read, now(), True
        self.save()
        return f"{self.so_far}, {sum(p.rows for p in self.parts):,} rows"

    @property
    def has_begun(self) -> bool:
        """Whether any part was started."""
        return any(p.tries for p in self.parts)

    @property
    def todo(self) -> list[Part]:
        """The unfinished parts."""
        return [p for p in self.parts if not p.done]

    @property
    def so_far(self) -> str:
        """The number of finished parts, in words."""
        return f"{sum(p.done for p in self.parts):,} of {len(self.parts):,} parts"

    @property
    def files(self) -> list[File]:
        """The files of the finished parts, in the order of the parts."""
        return [f for p in self.parts if p.done for f in p.files]

    def reject_other(self, plan: Plan) -> None:
        """Reject a plan other than that of the state. Errors: `RequestError` with the differences."""
        hint = "give the same plan to continue, choose another place, or start again with --force"
        differ = _differences(self.plan, plan.subset) if plan.sha256 != self.plan_sha256 else ()
        RequestError.reject(Mistake(f"there is an export of another plan: {words}", hint=hint, code="other-plan") for words in differ)

    def lose_missing(self) -> None:
        """Reset parts with files that are missing or have another size."""
        for part in self._missing():
            warn(f"part {part.number} is read again: a file of it in {self.place} is missing or changed")
            part.done, part.files, part.read, part.hashes = False, [], 0, None

    def reject_missing(self) -> None:
        """Reject parts with files that are missing or have another size. Errors: `SourceError`."""
        hint = "start again with --force"
        SourceError.reject(
            Mistake(f"a file of part {part.number} in {self.place} is missing or changed", hint=hint, code="changed-file")
            for part in self._missing()
        )

    def _missing(self) -> list[Part]:
        sizes = {file.name: file.bytes for file in files_at(self.place)}
        return [p for p in self.parts if p.done and any(sizes.get(f.name) != f.bytes for f in p.files)]


def _differences(old: Mapping[str, Any], new: Mapping[str, Any], path: str = "") -> Iterator[str]:
    for key in sorted(old.keys() | new.keys()):
        a, b = old.get(key), new.get(key)
        if isinstance(a, dict) and isinstance(b, dict):
            yield from _differences(a, b, f"{path}{key}.")
        elif a != b:
            yield f"{path}{key} was {json.dumps(a)}, and is {json.dumps(b)}"


def now() -> str:
    """The current time as written in the state."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
