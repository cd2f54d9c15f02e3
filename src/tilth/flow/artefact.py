"""The fitted flow as a file, `NAME.tilth`: a zip of texts, readable with `unzip -p`. No pickle, no row of the data.

| entry | holds |
|---|---|
| `manifest.json` | the format's version, and the SHA-256 of every other entry |
| `flow.yaml` | the flow as it was written |
| `flow.json` | the flow's steps and reading, as they were understood |
| `learned.json` | what each step learned, and of which columns |
| `baseline.json` | the measures of the training part |

Entries have a fixed date and order, so that the same flow makes the same bytes. Reading refuses what is not of this form: a
wrong hash, an entry that is missing or strange, more than should be unpacked, and a learned value that its step can make nothing of.
"""

from __future__ import annotations

import hashlib
import json
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from tilth.data import Column, Dataset, Kind, Roles, Schema
from tilth.errors import ArtefactError
from tilth.flow.flow import PARTS, Delivery, Flow, Learned, Reading
from tilth.formats import described as source_of
from tilth.steps import STEPS
from tilth.steps.rows.split import Split
from tilth.steps.step import Fitted, Step
from tilth.store.local import refuse_stream
from tilth.store.places import atomic, copies

VERSION = 1
OLDEST = 1  # the oldest version that is still read
ENTRIES = ("flow.yaml", "flow.json", "learned.json", "baseline.json")
LARGEST = 512 * 2**20  # bytes of all entries, unpacked
DAMAGED = (  # what reading bytes that somebody changed may raise
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
EPOCH = (1980, 1, 1, 0, 0, 0)


def save(flow: Flow, path: str | Path) -> Path:
    """Save a fitted flow; the file appears whole or not at all. Errors: `FlowError` if it is not fitted."""
    learned = flow.need_learned()
    entries = {
        "flow.yaml": flow.text,
        "flow.json": _json(described(flow)),
        "learned.json": _json(learnt(learned)),
        "baseline.json": _json(list(learned.baseline)),
    }
    manifest = {"format": "tilth", "version": VERSION, "sha256": {name: _hash(text.encode()) for name, text in entries.items()}}
    with atomic(path) as new, zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in [("manifest.json", _json(manifest)), *entries.items()]:
            info = zipfile.ZipInfo(name, EPOCH)
            info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
            archive.writestr(info, text)
    return Path(path)


def opened(path: str | Path) -> Flow:
    """The fitted flow in a file. Errors: `ArtefactError` that says what is wrong with the file."""
    held = copies(path)  # of a place elsewhere; they live as long as this
    path = Path(held.path)
    refuse_stream(str(path), "fitted flow", ArtefactError)
    texts = _texts(path)
    try:
        description, state, baseline = (json.loads(texts[name], object_hook=_decoded) for name in ENTRIES[1:])
        described_flow = _flow(description, texts["flow.yaml"])
        flow = described_flow.with_learned(_learned(state, baseline, described_flow))
        flow.prepared(Dataset(source_of(flow.need_learned().schema)))  # what was learned must be what the steps can make columns of
        return flow
    except DAMAGED as error:
        raise ArtefactError(f"{str(path)!r} is no fitted flow of this version: {error}", code="bad-artefact") from error


def _texts(path: Path) -> dict[str, str]:
    def refuse(why: str, hint: str = "") -> ArtefactError:
        return ArtefactError(f"{str(path)!r} cannot be opened: {why}", hint=hint, code="bad-artefact")

    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if sorted(names) != sorted({"manifest.json", *ENTRIES}):
                raise refuse(f"it holds {', '.join(names[:8])}, not the parts of a fitted flow")
            if sum(info.file_size for info in archive.infolist()) > LARGEST:
                raise refuse(f"unpacked it would be larger than {LARGEST:,} bytes")
            raw = {name: _read(archive, name) for name in names}
        manifest = json.loads(raw["manifest.json"])
        found = manifest["version"]
        if manifest.get("format") != "tilth" or type(found) is not int:
            raise refuse("its manifest is not that of a fitted flow")
        if not OLDEST <= found <= VERSION:
            raise refuse(
                f"it is of format version {found}; this Tilth reads {OLDEST} to {VERSION}",
                "fit the flow again, or use the Tilth that made it",
            )
        wrong = [name for name in ENTRIES if _hash(raw[name]) != manifest["sha256"].get(name)]
        if wrong:
            raise refuse(f"{', '.join(wrong)} was changed after it was made", "fit the flow again")
        return {name: raw[name].decode() for name in ENTRIES}
    except ArtefactError:
        raise
    except FileNotFoundError as error:
        raise refuse("there is no such file") from error
    except (PermissionError, IsADirectoryError) as error:
        raise refuse(str(error.strerror)) from error
    except DAMAGED as error:
        raise refuse(f"it is damaged, or something else ({error})") from error


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as file:  # a lying header cannot make it read more than this
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise OSError("a part of it is too large")
    return content


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


# ── values in JSON ──


def _json(value: Any) -> str:
    return json.dumps(_encoded(value), ensure_ascii=False, sort_keys=True, indent=1) + "\n"


def _encoded(value: Any) -> Any:
    match value:
        case datetime():
            return {"$datetime": value.isoformat()}
        case date():
            return {"$date": value.isoformat()}
        case Decimal():
            return {"$decimal": str(value)}
        case Mapping():
            return {f"${k}" if str(k).startswith("$") else str(k): _encoded(v) for k, v in value.items()}
        case list() | tuple():
            return [_encoded(v) for v in value]
    return value


def _decoded(found: dict[str, Any]) -> Any:
    if len(found) == 1:
        ((key, value),) = found.items()
        match key:
            case "$datetime":
                return datetime.fromisoformat(value)
            case "$date":
                return date.fromisoformat(value)
            case "$decimal":
                return Decimal(value)
    return {key.removeprefix("$"): value for key, value in found.items()}


# ── the flow in JSON ──


def described(flow: Flow) -> dict[str, Any]:
    """The flow's description as JSON: reading, roles, steps by part."""
    steps: dict[str, list[Any]] = {part: [] for part in PARTS}
    for part, step in flow.steps():
        steps[part].append(_step(step))
    return {
        "name": flow.name,
        "reading": {"options": flow.reading.options, "roles": {f.name: getattr(flow.reading.roles, f.name) for f in fields(Roles)}},
        "check": flow.check,
        "steps": steps,
        "measure": flow.measure,
        "deliver": {"format": flow.deliver.format},
    }


def _step(step: Step) -> dict[str, Any]:
    return {"step": step.name, "parameters": {f.name: getattr(step, f.name) for f in fields(step)}}  # type: ignore[arg-type]  # every step is a dataclass


def _made(found: Mapping[str, Any]) -> Step:
    return STEPS[found["step"]](**{k: _tupled(v) for k, v in found["parameters"].items()})


def _tupled(value: Any) -> Any:
    return tuple(_tupled(v) for v in value) if isinstance(value, list) else value


def _flow(found: Mapping[str, Any], text: str) -> Flow:
    steps = {part: tuple(_made(s) for s in found["steps"][part]) for part in PARTS}
    reading = Reading((), found["reading"]["options"], Roles.of(**found["reading"]["roles"]))
    return Flow(
        name=found["name"],
        reading=reading,
        check=found["check"],
        rows=steps["rows"],
        split=next((s for s in steps["split"] if isinstance(s, Split)), None),
        features=steps["features"],
        training=steps["training"],
        measure=tuple(found["measure"]),
        deliver=Delivery("", found["deliver"]["format"]),
        text=text,
    )


def learnt(learned: Learned) -> dict[str, Any]:
    """What was learned as JSON."""
    schemas = list(dict.fromkeys(f.schema for f in learned.features))
    return {
        "schema": _columns(learned.schema),
        "schemas": [_columns(s) for s in schemas],
        "features": [{"step": f.step.name, "schema": schemas.index(f.schema), "learned": f.learned} for f in learned.features],
        "texts": learned.texts,
        "facts": learned.facts,
    }


def _columns(schema: Schema) -> list[list[str]]:
    return [[c.name, c.kind, c.type] for c in schema]


def _schema(found: list[list[str]]) -> Schema:
    return Schema(tuple(Column(name, Kind(kind), type_) for name, kind, type_ in found))


def _learned(found: Mapping[str, Any], baseline: list[Any], flow: Flow) -> Learned:
    schemas = [_schema(s) for s in found["schemas"]]
    features = tuple(Fitted(step, schemas[f["schema"]], f["learned"]) for step, f in zip(flow.features, found["features"], strict=True))
    return Learned(_schema(found["schema"]), features, found["texts"], found["facts"], tuple(baseline))
