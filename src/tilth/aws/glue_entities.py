"""Glue's detection of sensitive data under its own names, so that scripts which import `EntityDetector` need only another import."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from tilth import verbs
from tilth.aws.glue_transforms import KINDS, DynamicFrame, held, package
from tilth.data import Schema
from tilth.engine.chosen import session_of
from tilth.entities import catalogue
from tilth.entities.mentions import PERSON_NAME
from tilth.errors import Mistake, RequestError, did_you_mean, listed, unknown, warn
from tilth.formats import table_of, to_frame
from tilth.measures.sensitive.measure import Sensitive
from tilth.steps.protect.action import OfText
from tilth.steps.protect.cells import CELLS, Found, with_findings
from tilth.steps.protect.redact import UNKEYED, Redact

OPTIONS = {  # of an action, each with the parameter of `redact` that it is
    "DETECT": {},
    "REDACT": {"redactText": "text"},
    "PARTIAL_REDACT": {
        "numLeftCharsToExclude": "keep_left",
        "numRightCharsToExclude": "keep_right",
        "redactChar": "character",
        "matchPattern": "matching",
    },
    "SHA256_HASH": {},
}
WAYS: dict[str, Any] = {"DETECT": "detect", "REDACT": "replace", "PARTIAL_REDACT": "mask", "SHA256_HASH": "sha256"}


@dataclass(frozen=True)
class FoundByEntity(Found):
    """Texts with findings hidden, each entity by its own method: `ways` are the methods for the entities in `find`."""

    ways: tuple[tuple[str, OfText | None], ...] = ()

    def way(self, entity: str) -> tuple[str, OfText | None]:
        return self.ways[self.find.index(entity)]


class EntityDetector:
    """Glue's detection of sensitive data. It takes a frame and entities, and returns the frame with a column of findings.

    A frame is one of Spark, Arrow or pandas, or a DynamicFrame that holds one; the result is of the same kind. Only string columns are
    searched. `entityTypesToDetect` are entities of `tilth scan --list`; `detectionParameters` maps each to a list of `action` (DETECT,
    REDACT, PARTIAL_REDACT, SHA256_HASH), `actionOptions`, and `sourceColumns` or `sourceColumnsToExclude`, where `"*"` is every column. The
    column of findings maps columns to lists of `entityType`, `actionUsed`, `start` and `end`. Positions count characters of the original;
    `end` is the position after the last character.

    Without `redactText`, a text is replaced by the name of its entity in brackets. PARTIAL_REDACT hides the whole text if it would hide
    fewer than four characters. SHA256_HASH uses no key, and gives a warning.

    Errors: `RequestError` with every unknown entity, action, option and column. Names of persons are not found by a pattern.
    Source: AWS Glue, *Detect and process sensitive data*.

    >>> import pyarrow as pa
    >>> notes = pa.table({"note": ["Mail ann@example.org today", None]})
    >>> how = {"EMAIL": [{"action": "REDACT", "actionOptions": {"redactText": "***"}, "sourceColumns": ["note"]}]}
    >>> EntityDetector().detect(notes, how)["note"].to_pylist()
    ['Mail *** today', None]
    >>> EntityDetector().detect(notes, ["EMAIL"])["DetectedEntities"].to_pylist()[0]
    [('note', [{'entityType': 'EMAIL', 'actionUsed': 'DETECT', 'start': 5, 'end': 20}])]
    """

    def detect(
        self,
        frame: Any,
        asked: Sequence[str] | Mapping[str, Any] | None = None,
        outputColumnName: str = CELLS,
        detectionSensitivity: str | float = "LOW",
        *,
        entityTypesToDetect: Sequence[str] | None = None,
        detectionParameters: Mapping[str, Any] | None = None,
    ) -> Any:
        """The frame with the column of findings, and texts changed as the actions say. `asked` are the entities or the parameters."""
        given = asked if asked is not None else detectionParameters if detectionParameters is not None else entityTypesToDetect
        requests = requests_of(given)
        inner = held(frame)
        with session_of(None, inner, "detect") as session:
            data = table_of(inner, session)
            schema = session.schema(data)
            ways = _ways(requests, schema)
            found = [
                (
                    schema[c],
                    c,
                    FoundByEntity(
                        c, tuple(those), (), detectionSensitivity, "", None, noted=True, details=False, ways=tuple(those.values())
                    ),
                )
                for c, those in ways.items()
            ]
            made = to_frame(with_findings(data, found, outputColumnName, details=False), KINDS.get(package(inner), "arrow"), session)
        return DynamicFrame(made, frame.glue_ctx, frame.name) if isinstance(frame, DynamicFrame) else made

    def classify_columns(
        self,
        frame: Any,
        entityTypesToDetect: Sequence[str],
        sampleFraction: float = 0.1,
        thresholdFraction: float = 0.1,
        detectionSensitivity: str | float = "LOW",
    ) -> dict[str, list[str]]:
        """Column → the entities that are in at least `thresholdFraction` of its values, in a sample of at least 10,000 rows.

        >>> import pyarrow as pa
        >>> EntityDetector().classify_columns(pa.table({"to": ["ann@example.org"], "n": ["7"]}), ["EMAIL", "USA_SSN"])
        {'to': ['EMAIL']}
        """
        requests_of(entityTypesToDetect)
        scan = Sensitive(
            mode="sample", entities=tuple(entityTypesToDetect), countries=(), sensitivity=detectionSensitivity,
            threshold=thresholdFraction, sample_portion=sampleFraction,
        )  # fmt: skip
        held_by = {}
        for f in verbs.measure(held(frame), scan).of("sensitive"):
            names = {name for t in f.payload.types if t.verdict == "sensitive" for name in (t.entity, *t.also)}
            if several := [e for e in entityTypesToDetect if e in names]:
                held_by[f.name] = several
        return held_by

    classifyColumns = classify_columns


class Request(NamedTuple):
    """An entity, the action on it, and the columns to search: `columns` without `excluded`."""

    entity: str
    action: str
    options: Mapping[str, Any]
    columns: tuple[str, ...]
    excluded: tuple[str, ...]

    @property
    def parameters(self) -> dict[str, Any]:
        """The options as parameters of `redact`."""
        given = {name: self.options[theirs] for theirs, name in OPTIONS[self.action].items() if theirs in self.options}
        return {name: int(value) if name.startswith("keep_") else value for name, value in given.items()}


def requests_of(given: Any) -> list[Request]:
    """The requested entities and actions. Errors: `RequestError` with every mistake."""
    if isinstance(given, Mapping):
        every = [
            (entity, one) for entity, several in given.items() for one in (several if isinstance(several, list | tuple) else [several])
        ]
    else:
        every = [(entity, {}) for entity in given or ()]
    RequestError.reject([] if every else [Mistake("there are no entities to look for", accepted='such as ["EMAIL"]', code="no-entities")])
    RequestError.reject([m for entity, one in every for m in _mistakes(entity, one)])
    return [
        Request(
            entity, one.get("action", "DETECT"), one.get("actionOptions") or {}, tuple(one.get("sourceColumns", ("*",))),
            tuple(one.get("sourceColumnsToExclude", ())),
        )
        for entity, one in every
    ]  # fmt: skip


def _mistakes(entity: str, one: Any) -> Iterator[Mistake]:
    if entity == PERSON_NAME:
        hint = "`tilth scan` recognises columns of names by their headers, and accepts a recogniser: `--ner`"
        yield Mistake("PERSON_NAME: names of people have no pattern", hint=hint, code="unknown-entity")
    elif entity not in catalogue():
        hint = did_you_mean(entity, catalogue()) or "`tilth scan --list` has them"
        yield Mistake(f"there is no entity {entity!r}", hint=hint, code="unknown-entity")
    if not isinstance(one, Mapping):
        yield Mistake(f"{entity}: {one!r} is not an action", accepted='{"action": "REDACT"}', code="bad-action")
        return
    keys = ("action", "actionOptions", "sourceColumns", "sourceColumnsToExclude")
    yield from unknown(one, keys, f"{entity}: there is no key {{}}", "unknown-key")
    action = one.get("action", "DETECT")
    if action not in OPTIONS:
        yield Mistake(f"{entity}: there is no action {action!r}", accepted=listed(OPTIONS), code="unknown-action")
    else:
        yield from unknown(one.get("actionOptions") or {}, OPTIONS[action], f"{entity}: {action} has no option {{}}", "unknown-option")


def _ways(requests: Sequence[Request], schema: Schema) -> dict[str, dict[str, tuple[str, OfText | None]]]:
    """Column of strings → entity → its action, and what makes the replacement."""
    named = {c for r in requests for c in (*r.columns, *r.excluded)} - {"*"}
    RequestError.reject(unknown(sorted(named), schema.names, "there is no column {}", "unknown-column"))
    if any(r.action == "SHA256_HASH" for r in requests):
        warn(f"SHA256_HASH {UNKEYED}")
    found: dict[str, dict[str, tuple[str, OfText | None]]] = {}
    for c in schema.columns:
        step = {r.entity: r for r in requests if c.name not in r.excluded and ("*" in r.columns or c.name in r.columns)}
        if not Redact(c.name, find=("EMAIL",), with_="replace").accepts(c) and step:
            found[c.name] = {entity: (r.action, _replacing(r, c.name)) for entity, r in step.items()}
    return found


def _replacing(request: Request, column: str) -> OfText | None:
    findings = CELLS if request.action == "DETECT" else ""
    step = Redact(column, with_=WAYS[request.action], find=(request.entity,), findings=findings, **request.parameters)
    return step.action.of_text(column)
