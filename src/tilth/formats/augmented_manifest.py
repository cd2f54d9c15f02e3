"""Augmented manifests of SageMaker: a JSON object for each sample, whose members are values or places of objects."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

from tilth.data import Dataset, Kind
from tilth.engine.session import Session
from tilth.errors import ColumnError, Mistake, Place, RequestError, SourceError, listed
from tilth.formats.jsonl import JsonLines
from tilth.formats.recordio import framed

REF = "-ref"  # a member whose name ends so holds the place of an object
MOST_ATTRIBUTES = 16


class AugmentedManifest(JsonLines):
    """JSON Lines of samples: a member `…-ref` is the place of an object, `…-metadata` says how a label was made.

    It is read as a table of these members; `stream` gives what a training job is sent.
    """

    name = "augmented_manifest"
    suffixes: ClassVar[tuple[str, ...]] = (".manifest",)

    def export(self, data: Dataset, to: Path, engine: Session, folder: bool, **options: Any) -> int:
        schema = engine.schema(data)
        ColumnError.reject(
            Mistake(
                f"column {c.name!r} is {c}, and `…{REF}` holds places",
                accepted="strings such as s3://bucket/key",
                code="wrong-kind",
            )
            for c in schema
            if c.name.endswith(REF) and c.kind is not Kind.STRING
        )
        return super().export(data, to, engine, folder, **options)


def stream(
    lines: Iterable[str],
    attributes: Sequence[str],
    fetch: Callable[[str], bytes],
    wrapper: Literal["RecordIO", "None"] = "RecordIO",
    name: str = "<manifest>",
) -> Iterator[bytes]:
    r"""What a training job is sent of an augmented manifest: the values of the listed members of each line, in the order of the list.

    `fetch` gives the object at a place. A string is sent without quotes, any other value as JSON without blanks. With `RecordIO` each value
    is a record of its own, with `None` they are joined without anything between them.

    Errors: `RequestError` for no attributes or more than 16; `SourceError` with the line that is not a JSON object or lacks a member.

    >>> lines = ['{"image-ref": "s3://b/1.jpg", "is-a-cat": 1, "is-a-cat-metadata": {"confidence": 1}}']
    >>> list(stream(lines, ["image-ref", "is-a-cat"], {"s3://b/1.jpg": b"\xff\xd8"}.__getitem__, "None"))
    [b'\xff\xd8', b'1']
    """
    if not 0 < len(attributes) <= MOST_ATTRIBUTES:
        raise RequestError(f"{len(attributes)} attributes are listed", accepted=f"1 to {MOST_ATTRIBUTES}", code="attributes")
    for number, line in enumerate(lines, 1):
        for sent in values(line, Place(name, number), attributes, fetch):
            yield framed(sent) if wrapper == "RecordIO" else sent


def values(line: str, place: Place, attributes: Sequence[str], fetch: Callable[[str], bytes]) -> Iterator[bytes]:
    """What is sent of one line; see `stream`."""
    found = sample(line, place, attributes)
    for attribute in attributes:
        yield fetch(found[attribute]) if attribute.endswith(REF) else _text(found[attribute])


def sample(line: str, place: Place, attributes: Sequence[str]) -> dict[str, Any]:
    """The object of a line, which has all the attributes. Errors: `SourceError` with the place."""
    try:
        found = json.loads(line)
    except ValueError:
        raise SourceError(Mistake("the line is not valid JSON", place, code="invalid-json")) from None
    if not isinstance(found, dict):
        raise SourceError(Mistake("the line is not a JSON object", place, code="not-object"))
    if missing := [a for a in attributes if a not in found]:
        message, hint = f"the line lacks {listed(map(repr, missing))}", "names are case-sensitive"
        raise SourceError(Mistake(message, place, accepted=listed(map(repr, found)), hint=hint, code="missing-attribute"))
    if wrong := [a for a in attributes if a.endswith(REF) and not isinstance(found[a], str)]:
        raise SourceError(Mistake(f"{listed(map(repr, wrong))} is not a place", place, accepted="a string", code="bad-value"))
    return found


def _text(value: Any) -> bytes:
    return (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))).encode()
