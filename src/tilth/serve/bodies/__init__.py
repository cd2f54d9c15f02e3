"""Decoders from request bodies to rows, and encoders from rows to answer bodies, by media type."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tilth.errors import RequestError
from tilth.serve.bodies import answers, binary, text
from tilth.serve.bodies.rows import CSV, JSON, LINE_TYPES, NPY, PARQUET, RECORDIO, TFEXAMPLE, Columns, Row
from tilth.serve.media import MediaType

DECODERS: Mapping[str, Callable[[bytes, MediaType, Columns], list[Row]]] = {
    CSV: text.from_csv,
    JSON: text.from_json,
    **dict.fromkeys(LINE_TYPES, text.from_lines),
    NPY: binary.from_npy,
    RECORDIO: binary.from_recordio,
    TFEXAMPLE: binary.from_tfexample,
    PARQUET: binary.from_parquet,
    "application/vnd.apache.parquet": binary.from_parquet,
}
ENCODERS: Mapping[str, Callable[[Sequence[Row], Sequence[str]], bytes]] = {
    JSON: answers.to_json,
    CSV: answers.to_csv,
    **dict.fromkeys(LINE_TYPES, answers.to_lines),
    NPY: answers.to_npy,
    RECORDIO: answers.to_recordio,
    PARQUET: answers.to_parquet,
    "application/vnd.apache.parquet": answers.to_parquet,
}


def decoded(body: bytes, kind: MediaType, columns: Columns) -> list[Row]:
    """Decode a body of a media type in `DECODERS`. Errors: `RequestError`, `BadRow`."""
    rows = DECODERS[kind.name](body, kind, columns)
    if not rows:
        raise RequestError("the request has no rows", accepted="at least one", code="no-rows")
    return rows


def encoded(rows: Sequence[Row], names: Sequence[str], media: str) -> bytes:
    """Encode rows as a body of a media type in `ENCODERS`."""
    return ENCODERS[media](rows, names)
