"""SageMaker's augmented manifests: a JSON object for each sample, with values and places of objects as members."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Literal

from tilth.data import Dataset, Files, Kind
from tilth.engine.session import Session
from tilth.errors import ColumnError, Mistake, Place, RequestError, SourceError, listed, unknown, warn
from tilth.formats.jsonl import JsonLines, rows_of
from tilth.formats.recordio import framed
from tilth.metrics.images.boxes import ANNOTATED, DETECTED, NOWHERE, matched
from tilth.store.local import files, reject_remote
from tilth.store.memory import workspace
from tilth.store.places import Copies

REF, METADATA = "-ref", "-metadata"  # endings of names: the place of an object; how a label was made
OBJECTS, CLASSES = "objects", "class-map"
LINES, COLUMNS = ("top", "centre", "bottom"), ("left", "centre", "right")
DECIMALS = 6
MOST_ATTRIBUTES = 16


class AugmentedManifest(JsonLines):
    """JSON Lines of samples: a member `…-ref` is the place of an object, `…-metadata` says how a label was made.

    It is read as a table of these members. The members inside `…-metadata` are columns too (`label-metadata.confidence`, `.class-name`,
    `.human-annotated`, `.job-name` …), and so is the number of marked objects (`boxes.objects`); these columns are not written again.
    A warning counts samples that lack a label which others have. `stream` gives the content for a training job.

    With `objects`, the name of a member with boxes, there is a row for each object instead of each image; see `objects_of`. With
    `contains`, the name of a class, a column for each member with boxes, or with several labels, says whether it has that class
    (`boxes.contains`).
    """

    name = "augmented_manifest"
    suffixes: ClassVar[tuple[str, ...]] = (".manifest",)
    options: ClassVar[tuple[str, ...]] = ("objects", "detections", "contains")

    def open(
        self,
        given: Any,
        names: Sequence[str] | None,
        engine: Session,
        objects: str | None = None,
        detections: str | None = None,
        contains: str | None = None,
        **options: Any,
    ) -> Files:
        if detections is not None and objects is None:
            message = "detections: there are no objects to compare them with"
            raise RequestError(message, accepted="objects, the member with boxes", code="no-objects")
        paths = files(given, self.suffixes)
        reject_remote(paths, "an augmented manifest")
        place = paths[0] if len(paths) == 1 else f"{len(paths)} files ({paths[0]} …)"
        scratch = workspace()
        flat = Path(scratch.name, "samples.jsonl")
        with io.TextIOWrapper(scratch.create(flat.name), "utf-8") as file:
            rows = _counted((row for path in paths for row in rows_of(path)), place)
            rows = rows if contains is None else _containing(rows, contains, place)
            for row in rows if objects is None else objects_of(rows, objects, place, detections):
                file.write(json.dumps({**row, **dict(_inside(row))}) + "\n")
        return replace(super().open(flat, names, engine), copies=Copies(str(flat), place, scratch=scratch))

    def export(self, data: Dataset, to: Path, engine: Session, folder: bool, **options: Any) -> int:
        data = data.keep(n for n in data.names if not _was_inside(n, data.names))
        schema = engine.schema(data)
        ColumnError.reject(
            Mistake(f"column {c.name!r} is {c}, and `…{REF}` holds places", accepted="strings such as s3://bucket/key", code="wrong-kind")
            for c in schema
            if c.name.endswith(REF) and c.kind is not Kind.STRING
        )
        return super().export(data, to, engine, folder, **options)


def objects_of(rows: Iterable[dict[str, Any]], member: str, place: str, detections: str | None = None) -> Iterator[dict[str, Any]]:
    """A row for each object that is marked in an image, with the other values of the image's row.

    The columns are the members of the annotation (`boxes.class_id`, `boxes.left`, `boxes.top`, `boxes.width`, `boxes.height`, and
    attributes), the object's number (`boxes.object`), the name of its class (`boxes.class`), its confidence, its share of the image
    (`boxes.area_share`), the ninth of the image with its centre (`boxes.position`, such as `top left`), and whether it touches a border
    (`boxes.truncated`). Images without objects have no row.

    `detections` is the member with the boxes that a model found. `matched` compares them: `boxes.annotated` is 1 for an object, and
    `boxes.detected` 1 if it is found, else 0. A detection that is not of an object is a row too, with 0 and 1. Null means that an image has
    no such member.

    Errors: `RequestError` if no sample has such a member.

    >>> box = {"class_id": 0, "left": 0, "top": 5, "width": 9, "height": 6}
    >>> boxes = {"image_size": [{"width": 90, "height": 30}], "annotations": [box]}
    >>> about = {"class-map": {"0": "dog"}, "objects": [{"confidence": 0.9}], "human-annotated": "yes"}
    >>> (row,) = objects_of([{"source-ref": "a.jpg", "boxes": boxes, "boxes-metadata": about}], "boxes", "a.manifest")
    >>> row["boxes.class"], row["boxes.area_share"], row["boxes.position"], row["boxes.truncated"], row["boxes-metadata"]
    ('dog', 0.02, 'top left', 1, {'human-annotated': 'yes'})
    """
    known, missing = dict[str, None](), {member, detections} - {None}
    for row in rows:
        known |= dict.fromkeys(n for n in row if _annotations(row, n) is not None)
        marked, found = _marked(row, member), None if detections is None else _marked(row, detections)
        missing -= {n for n, of in ((member, marked), (detections, found)) if of is not None}
        image = {n: v for n, v in row.items() if n not in (member, detections) and not n.startswith(f"{detections}{METADATA}")}
        image.pop(f"{member}{METADATA}", None)
        if marked is not None:
            image[f"{member}{METADATA}"] = {n: v for n, v in _about(row, member).items() if n not in (OBJECTS, CLASSES)}
        objects = [*(marked or ()), *(_wrong(marked, found) if detections is not None else ())]
        yield from ({**image, **{f"{member}.{n}": v for n, v in one.items()}} for one in objects)
    if missing:
        accepted = listed(known) if known else "a member with annotations of boxes"
        raise RequestError(f"{place}: no sample has objects in {listed(map(repr, missing))}", accepted=accepted, code="no-objects")


def _annotations(row: Mapping[str, Any], member: str) -> list[dict[str, Any]] | None:
    """The objects that a member of a sample marks; None for another member, and for one that is not a list of objects."""
    value = row.get(member)
    marked = value.get("annotations") if isinstance(value, dict) else None
    return marked if isinstance(marked, list) and all(isinstance(one, dict) for one in marked) else None


def _about(row: Mapping[str, Any], member: str) -> dict[str, Any]:
    about = row.get(f"{member}{METADATA}")
    return about if isinstance(about, dict) else {}


def _classes(about: Mapping[str, Any]) -> dict[str, str]:
    """The names of classes by their number, if there are any."""
    names = about.get(CLASSES)
    return {k: str(v) for k, v in names.items()} if isinstance(names, dict) else {}


def _marked(row: Mapping[str, Any], member: str) -> list[dict[str, Any]] | None:
    """The objects that a member of a sample marks, with their confidence, class and geometry; None if the sample lacks it."""
    marked, about = _annotations(row, member), _about(row, member)
    if marked is None:
        return None
    size = next((s for s in row[member].get("image_size") or () if isinstance(s, dict)), {})
    names, more = _classes(about), about.get(OBJECTS)
    found = []
    for i, one in enumerate(marked):
        own = more[i] if isinstance(more, list) and i < len(more) and isinstance(more[i], dict) else {}
        of_image = {"object": i, OBJECTS: len(marked), "class": names.get(str(one.get("class_id")))}
        found.append({**one, **own, **of_image, **_geometry(one, size)})
    return found


def _wrong(marked: list[dict[str, Any]] | None, found: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    """The detections that are not of an annotated object. Both get the columns that say what they are."""
    named = all(one["class"] is not None for one in (*(marked or ()), *(found or ())))
    kind = "class" if named else "class_id"
    objects = [(one.get(kind), _ends(one)) for one in marked or ()]
    of = matched(objects, [(one.get(kind), _ends(one), _score(one)) for one in found or ()])
    for i, one in enumerate(marked or ()):
        one |= {ANNOTATED: 1, DETECTED: None if found is None else int(i in of)}
    wrong = [one for i, one in zip(of, found or (), strict=True) if i is None]
    of_image = {OBJECTS: None, ANNOTATED: None} if marked is None else {OBJECTS: len(marked), ANNOTATED: 0}
    return [{**one, "object": None, "confidence": None, DETECTED: 1, **of_image} for one in wrong]


def _score(one: Mapping[str, Any]) -> float:
    """The confidence of a detection; 0 if it is not a number."""
    score = one.get("confidence")
    return score if isinstance(score, int | float) else 0.0


def _ends(box: Mapping[str, Any]) -> tuple[float, ...]:
    """The left, upper, right and lower end of a box; a point if its place is not known."""
    try:
        left, top, width, height = (float(box[k]) for k in ("left", "top", "width", "height"))
    except (KeyError, TypeError, ValueError):
        return NOWHERE
    return left, top, left + width, top + height


def _containing(rows: Iterable[dict[str, Any]], word: str, place: str) -> Iterator[dict[str, Any]]:
    """Samples with the columns `….contains`. Errors: `RequestError` if no sample has the class."""
    known = dict[str, None]()
    for row in rows:
        more = {}
        for member in row:
            if (classes := _classes_of(row, member)) is not None:
                known |= dict.fromkeys((*classes, *_classes(_about(row, member)).values()))
                more[f"{member}.contains"] = int(word in classes)
        yield {**row, **more}
    RequestError.reject(unknown([word], known, f"{place}: no sample has the class {{}}", "unknown-class"))


def _classes_of(row: Mapping[str, Any], member: str) -> list[str] | None:
    """The classes of a sample: of its objects, or its labels if it may have several; None for another member."""
    marked, about, value = _annotations(row, member), _about(row, member), row.get(member)
    if marked is None and not (isinstance(value, list) and CLASSES in about):
        return None
    names = _classes(about)
    found = value if marked is None else [one.get("class_id") for one in marked]
    return [names.get(str(one), str(one)) for one in found or ()]


def _geometry(box: Mapping[str, Any], size: Mapping[str, Any]) -> dict[str, Any]:
    """Where a box is in its image; empty if the size of the box or of the image is unknown."""
    try:
        left, top, wide, high = (float(box[k]) for k in ("left", "top", "width", "height"))
        width, height = float(size["width"]), float(size["height"])
        column, line = int(3 * (left + wide / 2) / width), int(3 * (top + high / 2) / height)
        share = round(wide * high / (width * height), DECIMALS)
    except (KeyError, TypeError, ValueError, ZeroDivisionError, OverflowError):
        return {}
    names = LINES[min(max(line, 0), 2)], COLUMNS[min(max(column, 0), 2)]
    cut = left <= 0 or top <= 0 or left + wide >= width or top + high >= height
    return {"area_share": share, "position": " ".join(dict.fromkeys(names)), "truncated": int(cut)}


def _inside(row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The values inside the members of a sample, by column name.

    >>> dict(_inside({"a": 1, "a-metadata": {"confidence": 0.9}, "b": {"annotations": [{}, {}], "image_size": []}}))
    {'a-metadata.confidence': 0.9, 'b.objects': 2}
    """
    for name, value in row.items():
        if name.endswith(METADATA) and isinstance(value, dict):
            yield from ((f"{name}.{key}", inner) for key, inner in value.items())
        elif (marked := _annotations(row, name)) is not None:
            yield f"{name}.{OBJECTS}", len(marked)


def _was_inside(name: str, names: Sequence[str]) -> bool:
    """Whether a column repeats a value inside another column's member."""
    return any(name.startswith(f"{n}.") and (n.endswith(METADATA) or name in (f"{n}.{OBJECTS}", f"{n}.contains")) for n in names)


def _counted(rows: Iterable[dict[str, Any]], place: str) -> Iterator[dict[str, Any]]:
    """Pass samples on. At the end, warn about labels that some samples lack, and annotations that cannot be read.

    A label is a member that has metadata.
    """
    there, broken, total = Counter[str](), Counter[str](), 0
    for total, row in enumerate(rows, 1):  # noqa: B007 -- the last number is the total
        there.update(name for name, value in row.items() if value is not None)
        broken.update(n for n, v in row.items() if isinstance(v, dict) and "annotations" in v and _annotations(row, n) is None)
        yield row
    labels = [name.removesuffix(METADATA) for name in there if name.endswith(METADATA)]
    lacking = [f"{total - there[name]:,} have no {name!r}" for name in labels if there[name] < total]
    if lacking:
        warn(f"{place}: of {total:,} samples {listed(lacking)}")
    if broken:
        unread = listed(f"{n:,} of {name!r}" for name, n in broken.items())
        warn(f"{place}: annotations are not a list of boxes, and are left out: {unread}")


def stream(
    lines: Iterable[str],
    attributes: Sequence[str],
    fetch: Callable[[str], bytes],
    wrapper: Literal["RecordIO", "None"] = "RecordIO",
    name: str = "<manifest>",
) -> Iterator[bytes]:
    r"""The content of an augmented manifest for a training job: the values of the listed members of each line, in the order of the list.

    `fetch` returns the object at a place. A string is sent without quotes, any other value as JSON without blanks. With `RecordIO` each
    value is a separate record; with `None` values are concatenated.

    Errors: `RequestError` for no attributes or more than 16; `SourceError` with the line if it is not a JSON object or lacks a member.

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
    """The values to send for one line; see `stream`."""
    found = sample(line, place, attributes)
    for attribute in attributes:
        yield fetch(found[attribute]) if attribute.endswith(REF) else _text(found[attribute])


def sample(line: str, place: Place, attributes: Sequence[str]) -> dict[str, Any]:
    """Parse a line to an object that has all attributes. Errors: `SourceError` with the line."""
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
