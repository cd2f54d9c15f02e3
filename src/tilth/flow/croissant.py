"""Croissant metadata of delivered data: a page in JSON-LD by which data sets are found, read and cited."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tilth.data import Kind, Roles, Schema
from tilth.data.schema import Column
from tilth.formats.shards import Manifest, Shard
from tilth.store.local import in_folder

CROISSANT = "croissant.json"
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
} | {
    word: f"cr:{word}"
    for word in (
        *("citeAs", "column", "equivalentProperty", "extract", "field", "fileObject", "fileProperty", "fileSet", "format", "includes"),
        *("isLiveDataset", "jsonPath", "key", "md5", "parentField", "path", "recordSet", "references", "regex", "repeated", "replace"),
        *("samplingRate", "separator", "source", "subField", "transform"),
    )
}
"""The terms of the standard; readers look for all of them, whether they are used or not."""
VERSION = "http://mlcommons.org/croissant/1.0"
READ_BY_COLUMN = {"parquet": "application/x-parquet", "csv": "text/csv", "jsonl": "application/jsonlines"}
"""Formats that the standard reads columns of, and their media types. Of others the files are listed, without their columns."""
TYPES = {
    Kind.BOOLEAN: "sc:Boolean",
    Kind.INTEGER: "sc:Integer",
    Kind.FLOAT: "sc:Float",
    Kind.DECIMAL: "sc:Float",
    Kind.DATE: "sc:Date",
    Kind.TIMESTAMP: "sc:DateTime",
    Kind.TIMESTAMP_TZ: "sc:DateTime",
    Kind.TIME: "sc:Time",
}
SPLIT_FIELDS = (("name", "sc:Text"), ("url", "sc:URL"))
SPLITS = {"train": "cr:TrainingSplit", "validation": "cr:ValidationSplit", "test": "cr:TestSplit"}
WORDS = {"cite_as": "citeAs", "creators": "creator", "published": "datePublished"}  # of the flow file, where the standard has another


@dataclass(frozen=True)
class DeliveredPart:
    """A part as it was written: its format, its columns and what they are for."""

    format: str
    schema: Schema
    roles: Roles


def croissant(name: str, about: Mapping[str, Any], parts: Mapping[str, DeliveredPart], folder: Path) -> str:
    """The metadata of the parts in a folder, as JSON-LD by Croissant 1.0.

    It lists each file with its size and SHA-256, and for each part a record set with the types of its columns; columns with the role `id`
    are the keys. `about` are the keys and values of `about` in the flow file. No value of a row is in the metadata.

    Source: MLCommons, Croissant Format Specification 1.0 (2024).
    """
    files = [file for part, of in parts.items() for file in _files(part, of.format, folder)]
    records = [_records(part, of) for part, of in parts.items() if of.format in READ_BY_COLUMN]
    sets = [_file_set(part, of.format) for part, of in parts.items() if of.format in READ_BY_COLUMN]
    made = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": VERSION,
        "name": name,
        **{WORDS.get(word, word): _said(word, value) for word, value in about.items()},
        "distribution": [*files, *sets],
        "recordSet": [*([_splits([p for p in parts if p in SPLITS])] if records and {*parts} & {*SPLITS} else []), *records],
    }
    return json.dumps(made, ensure_ascii=False, indent=2, default=str) + "\n"


def _said(word: str, value: Any) -> Any:
    """A value of the flow file in the form of the standard, in which creators are persons."""
    if word != "creators":
        return value
    return [{"@type": "sc:Person", "name": name} for name in ([value] if isinstance(value, str) else value)]


def _files(part: str, form: str, folder: Path) -> Iterator[dict[str, Any]]:
    """Every data file in the folder of a part. Hashes come from the manifest, if there is one."""
    manifest = Manifest.beside(folder / part)
    media = READ_BY_COLUMN.get(form) or (manifest and manifest.contents.media_type) or "application/octet-stream"
    for shard in manifest.shards if manifest else [Shard.of(Path(p), 0) for p in in_folder(str(folder / part))]:
        path = f"{part}/{shard.path}"
        about = {"name": path, "contentUrl": path, "contentSize": f"{shard.bytes} B", "encodingFormat": media, "sha256": shard.sha256}
        yield {"@type": "cr:FileObject", "@id": path, **about}


def _file_set(part: str, form: str) -> dict[str, Any]:
    media, includes = READ_BY_COLUMN[form], f"{part}/*.{form}*"
    return {"@type": "cr:FileSet", "@id": f"{part}-files", "name": f"{part}-files", "encodingFormat": media, "includes": includes}


def _splits(parts: list[str]) -> dict[str, Any]:
    """The purpose of each part, in the words of the standard."""
    fields = [{"@type": "cr:Field", "@id": f"splits/{word}", "name": word, "dataType": kind} for word, kind in SPLIT_FIELDS]
    data = [{"splits/name": part, "splits/url": SPLITS[part]} for part in parts]
    key = {"@id": "splits/name"}
    return {"@type": "cr:RecordSet", "@id": "splits", "name": "splits", "dataType": "cr:Split", "key": key, "field": fields, "data": data}


def _records(part: str, of: DeliveredPart) -> dict[str, Any]:
    """The rows of a part: a field for each column."""
    keys = [{"@id": f"{part}/{c}"} for c in of.roles.id if c in of.schema]
    return {
        "@type": "cr:RecordSet",
        "@id": part,
        "name": part,
        **({"key": keys if keys[1:] else keys[0]} if keys else {}),
        "field": [_field(part, c, of) for c in of.schema],
    }


def _field(part: str, column: Column, of: DeliveredPart) -> dict[str, Any]:
    """A column: its type and what it is for. In a file of CSV a list is a string."""
    named, is_list = of.roles.of_column(column.name), column.kind is Kind.LIST and of.format != "csv"
    kind = TYPES.get(column.of if is_list and column.of else column.kind, "sc:Text")
    return {
        "@type": "cr:Field",
        "@id": f"{part}/{column.name}",
        "name": column.name,
        "description": f"{column}; {', '.join(named) or 'feature'}",
        "dataType": [kind, "cr:Label"] if "label" in named else kind,
        **({"repeated": True} if is_list else {}),
        "source": {"fileSet": {"@id": f"{part}-files"}, "extract": {"column": column.name}},
    }
