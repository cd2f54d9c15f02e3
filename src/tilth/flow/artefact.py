"""The fitted flow as a file, `NAME.tilth`: a zip of text and models, readable with `unzip -p`. It holds no pickle and no row of the data.

| entry | holds |
|---|---|
| `manifest.json` | the format's version, and the SHA-256 of every other entry |
| `flow.yaml` | the flow as it was written |
| `flow.json` | the flow's steps and reading, as they were parsed |
| `schema.json` | the columns as they were read, and as each step saw them |
| `baseline.json` | the measures of the training part |
| `golden.json` | synthetic rows with their prepared values; absent if no single row can be served |
| `features/1-impute.json` | what the first step of `features` learned |
| `features/3-predict.model` | binary content that a step learned under the name `model` |

Entries have a fixed date and order, so that the same flow gives the same bytes. Opening a file rejects wrong hashes, entries that are
missing, unknown or too large, and learned values of another type than their step declares.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import date, datetime, time
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, get_args

from pydantic import ConfigDict, TypeAdapter, create_model

from tilth.data import Dataset, Memory, Roles, Schema
from tilth.data.schema import reject_duplicate_names
from tilth.errors import ArtefactError, Gap, NotAllowed, first_line
from tilth.flow.flow import Delivery, FitResult, Flow, OnFail, Reading
from tilth.flow.golden import golden
from tilth.flow.parts import BY_NAME, SERVED
from tilth.flow.serving import made_by, needed_columns, row_of
from tilth.measures import MEASURES
from tilth.rules import parse as parse_rules
from tilth.steps import STEPS
from tilth.steps.step import ColumnStep, Fitted, Part, Step
from tilth.store.documents import bytes_of
from tilth.store.places import atomic

VERSION = 1
ENTRIES = ("flow.yaml", "flow.json", "schema.json", "baseline.json")
GOLDEN = "golden.json"
LARGEST = 512 * 2**20  # bytes of all entries, unpacked
LARGEST_TEXT = 32 * 2**20  # bytes of one entry of text
EPOCH = (1980, 1, 1, 0, 0, 0)
STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


def written(flow: Flow, path: str | Path) -> Path:
    """Save a fitted flow, atomically. Errors: `FlowError` if it is not fitted, `ArtefactError` if an entry is too large."""
    learned = flow.need_learned()
    schemas = list(dict.fromkeys(f.schema for f in learned.served))
    columns = {
        "read": _columns(learned.schema),
        "steps": [_columns(s) for s in schemas],
        "of": {part: [schemas.index(f.schema) for f in steps] for part, steps in learned.parts.items()},
        "strings": learned.strings,
        "facts": learned.facts,
    }
    documents = {"flow.yaml": flow.text, "flow.json": _json(_described(flow)), "schema.json": _json(columns)}
    documents |= {"baseline.json": _json(list(learned.baseline))}
    if rows := learned.golden or golden(flow):
        documents |= {GOLDEN: _json(list(rows))}
    entries = {name: text.encode() for name, text in documents.items()}
    for part, steps in learned.parts.items():
        for i, f in enumerate(steps):
            entries |= entries_of(_home(part, i, f.step.name), f.learned)
    for name, content in entries.items():
        if len(content) > _most(name):
            message, hint = f"{name} would be larger than {_most(name):,} bytes", "learn less, such as fewer categories"
            raise ArtefactError(message, hint=hint, code="too-large")
    manifest = {"format": "tilth", "version": VERSION, "sha256": {name: _hash(content) for name, content in entries.items()}}
    with atomic(path) as new, new.open("wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in [("manifest.json", _json(manifest).encode()), *entries.items()]:
            info = zipfile.ZipInfo(name, EPOCH)
            info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
            archive.writestr(info, content)
    return Path(path)


def opened(path: str | Path) -> Flow:
    """Open the file of a fitted flow. Errors: `ArtefactError` that says what is wrong with the file."""
    return flow_in(flow_bytes(path), path)


def flow_bytes(path: str | Path) -> bytes:
    """Read the bytes of the file of a fitted flow. Errors: `ArtefactError` if it cannot be read or is too large."""
    return bytes_of(path, "fitted flow", LARGEST, ArtefactError)


def flow_in(content: bytes, path: str | Path) -> Flow:
    """Open a fitted flow from bytes; `path` is its name in messages. Errors: `ArtefactError` that says what is wrong."""
    try:
        raw = _raw(content)
        flow = _flow(_parsed(raw, "flow.json"), raw["flow.yaml"].decode())
        flow = flow.with_learned(_learned(raw, flow))
        verify(flow)
        return flow
    except NotAllowed:
        raise
    except Exception as error:  # damaged or forged bytes may raise anything
        message = f"{str(path)!r} is not a fitted flow of this version: {first_line(error)}"
        hint = "fit the flow again, or use the Tilth that made it"
        raise ArtefactError(message, hint=hint, code="bad-artefact") from error


def verify(flow: Flow) -> None:
    """Reject learned values that their steps cannot use. Applies each step to the schema, and makes a row function."""
    learned = flow.need_learned()
    data = Dataset(Memory(None, learned.schema.names), flow.reading.roles)
    kinds = {c.name: c.kind for c in learned.schema}  # kinds of the columns that no step has replaced yet
    for fitted in learned.served:
        _verify_state(fitted, flow.reading.roles)
        needed = needed_columns(fitted.schema, [fitted])
        if not needed <= set(data.names) or any(c in kinds and kinds[c] is not fitted.schema[c].kind for c in needed):
            raise ValueError(f"{fitted.step.name} reads columns that the table does not have")
        data = fitted.apply(data)
        reject_duplicate_names(data.names)
        for c in made_by(fitted):
            kinds.pop(c, None)
    try:
        row_of(learned.schema, learned.served, flow.reading.roles, flow.reading.options.get("nulls", ()), learned.strings)
    except Gap:  # a step cannot be computed for a single row
        return


def _verify_state(fitted: Fitted, roles: Roles) -> None:
    step = fitted.step
    expected = {c.name: c for c in step.selected(fitted.schema, roles)} if isinstance(step, ColumnStep) else {"": None}
    if set(fitted.learned) != set(expected):
        raise ValueError(f"{step.name} has nothing learned for {sorted(set(fitted.learned) ^ set(expected))[:3]}")
    for name, column in expected.items():
        if (state := step.state(column)) is not None:
            types: dict[str, Any] = {k: (t, None if type(None) in get_args(t) else ...) for k, t in state.items()}
            create_model("State", __config__=STRICT, **types).model_validate(fitted.learned[name])


# ── the zip ──


def _raw(content: bytes) -> dict[str, bytes]:
    """The entries of the file. Errors: `ValueError` if they differ from its manifest, and any error of `zipfile`."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        if len(set(names)) < len(names) or not {"manifest.json", *ENTRIES} <= set(names):
            raise ValueError(f"it holds {', '.join(names[:8])}, not the entries of a fitted flow")
        if sum(info.file_size for info in archive.infolist()) > LARGEST:
            raise ValueError(f"unpacked it would be larger than {LARGEST:,} bytes")
        raw = {name: _read(archive, name) for name in names}
    manifest = _parsed(raw, "manifest.json")
    version, hashes = manifest["version"], manifest["sha256"]
    if manifest.get("format") != "tilth" or type(version) is not int:
        raise ValueError("its manifest is not that of a fitted flow")
    if version != VERSION:
        raise ValueError(f"it is of format version {version}; this Tilth reads version {VERSION}")
    changed = [name for name in {**raw, **hashes} if name != "manifest.json" and hashes.get(name) != _hash(raw.get(name, b""))]
    if changed:
        raise ValueError(f"{', '.join(changed[:8])} was changed after it was made")
    return raw


def _most(name: str) -> int:
    return min(LARGEST_TEXT, LARGEST) if name.endswith((".json", ".yaml")) else LARGEST


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as file:  # whatever size a forged header claims, no more than this is read
        content = file.read(_most(name) + 1)
    if len(content) > _most(name):
        raise ValueError(f"{name} is larger than {_most(name):,} bytes")
    return content


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


# ── what a step learned ──


def _home(part: str, i: int, name: str) -> str:
    return f"{part}/{i + 1}-{name}"


def entries_of(home: str, learned: Mapping[str, Any]) -> dict[str, bytes]:
    """The entries for what a step learned: `HOME.json`, and a separate entry `HOME.NAME` for each binary value."""
    files: dict[str, bytes] = {}

    def apart(name: str, value: Any) -> Any:
        if not isinstance(value, bytes):
            return value
        files.setdefault(f"{home}.{name}", value)
        return _Apart(f"{home}.{name}")

    state = {column: {name: apart(name, value) for name, value in values.items()} for column, values in learned.items()}
    return {f"{home}.json": _json(state).encode(), **files}


def learned_from(home: str, entries: Mapping[str, bytes], schema: Schema) -> Any:
    """Read what a step learned from its entries. Columns are in the order of the table, as when it learned."""
    decoded = partial(_decoded, files=entries)
    state = json.loads(entries[f"{home}.json"], object_hook=decoded, parse_int=_integer, parse_constant=_reject_constant)
    order = {name: k for k, name in enumerate(("", *schema.names))}
    return {column: state[column] for column in sorted(state, key=order.__getitem__)}


class _Apart(str):
    """The name of the entry that holds a value."""


def _learned(raw: Mapping[str, bytes], flow: Flow) -> FitResult:
    columns = _parsed(raw, "schema.json")
    schemas = [_schema(s) for s in columns["steps"]]
    used = {"manifest.json", *ENTRIES, *({GOLDEN} & set(raw))}

    def fitted(part: Part, i: int, step: Step, schema: int) -> Fitted:
        home = _home(part, i, step.name)
        entries = {name: content for name, content in raw.items() if name.startswith(f"{home}.")}
        used.update(entries)
        return Fitted(step, schemas[schema], learned_from(home, entries, schemas[schema]))

    of: Mapping[Part, list[int]] = columns["of"]
    if not set(of) <= set(SERVED):
        raise ValueError("it has steps in a part that does not apply when serving")
    parts = {
        part: tuple(
            fitted(part, i, step, schema) for i, (step, schema) in enumerate(zip(flow.parts.get(part, ()), of.get(part, ()), strict=True))
        )
        for part in SERVED
        if part in of or part in flow.parts
    }
    if set(raw) != used:
        raise ValueError(f"it holds {', '.join(sorted(set(raw) - used)[:3])}, which do not belong to a step")
    return FitResult(
        _schema(columns["read"]),
        {k: v for k, v in parts.items() if v},
        bool(columns["strings"]),
        columns["facts"],
        baseline=tuple(_parsed(raw, "baseline.json")),
        golden=_golden(raw),
    )


def _golden(raw: Mapping[str, bytes]) -> tuple[Mapping[str, Any], ...]:
    found = _parsed(raw, GOLDEN) if GOLDEN in raw else []
    if not all(isinstance(one["row"], dict) and isinstance(one.get("made", {}), dict) for one in found):
        raise ValueError(f"{GOLDEN} does not hold rows")
    return tuple(found)


# ── values in JSON ──


def _parsed(raw: Mapping[str, bytes], name: str) -> Any:
    return json.loads(raw[name], object_hook=_decoded)


def _reject_constant(word: str) -> Any:
    raise ValueError(f"{word} is not a number that a step can learn")


def _integer(digits: str) -> int:
    number = int(digits)
    if not -(2**63) <= number < 2**63:
        raise ValueError("an integer has more than 64 bits")
    return number


def _json(value: Any) -> str:
    return json.dumps(_encoded(value), ensure_ascii=False, sort_keys=True, indent=1, default=_reject_type) + "\n"


def _reject_type(value: Any) -> Any:
    raise TypeError(f"a {type(value).__name__} cannot be saved in a fitted flow")


TAGGED: Mapping[str, tuple[type, Callable[[Any], str], Callable[[str], Any]]] = {  # `datetime` comes before its base class `date`
    "$datetime": (datetime, datetime.isoformat, datetime.fromisoformat),
    "$date": (date, date.isoformat, date.fromisoformat),
    "$time": (time, time.isoformat, time.fromisoformat),
    "$decimal": (Decimal, str, Decimal),
}
"""Types that JSON lacks: key of the object that holds a value → its type, and how to write and read it."""


def _encoded(value: Any) -> Any:
    for tag, (kind, write, _) in TAGGED.items():
        if isinstance(value, kind):
            return {tag: write(value)}
    match value:
        case _Apart():
            return {"$file": str(value)}
        case Mapping():
            return {f"${k}" if str(k).startswith("$") else str(k): _encoded(v) for k, v in value.items()}
        case list() | tuple():
            return [_encoded(v) for v in value]
    return value


def _decoded(entry: dict[str, Any], files: Mapping[str, bytes] | None = None) -> Any:
    if len(entry) == 1:
        ((key, value),) = entry.items()
        if key in TAGGED:
            return TAGGED[key][2](value)
        if key == "$file" and files is not None:
            return files[value]
    return {key.removeprefix("$"): value for key, value in entry.items()}


# ── the flow in JSON ──


def _described(flow: Flow) -> dict[str, Any]:
    """The flow as JSON: reading, roles, and steps by part."""
    from tilth.flow.parameters import written

    roles = {f.name: getattr(flow.reading.roles, f.name) for f in fields(Roles)}
    return {
        "name": flow.name,
        "reading": {"options": flow.reading.options, "roles": roles, "max_invalid": flow.reading.max_invalid},
        "check": None if flow.check is None else str(flow.check),
        **({} if flow.on_fail == "report" else {"on_fail": flow.on_fail}),
        "steps": {
            part: [{"step": s.name, "parameters": {f.name: getattr(s, f.name) for f in written(s)}} for s in flow.parts[part]]
            for part in flow.parts
        },
        "measure": [{m.name: m.parameters()} for m in flow.measure],
        "deliver": {"format": flow.deliver.format, **({"options": flow.deliver.options} if flow.deliver.options else {})},
    }


def _flow(described: Mapping[str, Any], text: str) -> Flow:
    from tilth.flow.parameters import step_of

    if not set(described["steps"]) <= set(BY_NAME):
        raise ValueError("it has an unknown part")
    if (on_fail := described.get("on_fail", "report")) not in get_args(OnFail):
        raise ValueError(f"its `on_fail` is {on_fail!r}, which is unknown")
    read = described["reading"]
    reading = Reading((), dict(read["options"]), Roles.of(**read["roles"]), max_invalid=float(read.get("max_invalid", Reading.max_invalid)))
    parts: dict[Part, tuple[Step, ...]] = {}
    for part, steps in described["steps"].items():
        parts[part] = tuple(step_of(STEPS[s["step"]], s["parameters"], reading.roles) for s in steps)
    check = None if described["check"] is None else parse_rules(described["check"])
    return Flow(
        name=str(described["name"]),
        reading=reading,
        check=check,
        parts=parts,
        measure=tuple(step_of(MEASURES[name], given, reading.roles) for one in described["measure"] for name, given in one.items()),
        deliver=Delivery("", str(described["deliver"]["format"]), dict(described["deliver"].get("options", {}))),
        on_fail=on_fail,
        text=text,
    )


SCHEMA = TypeAdapter(Schema)


def _columns(schema: Schema) -> Any:
    return SCHEMA.dump_python(schema, mode="json", exclude_defaults=True)


def _schema(written: Any) -> Schema:
    schema = SCHEMA.validate_python(written)
    reject_duplicate_names(schema.names)
    return schema
