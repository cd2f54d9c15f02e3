"""Shapley values of single rows, and their files: CSV, and JSON Lines in the format of SageMaker Clarify."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any, ClassVar

from tilth.errors import RequestError
from tilth.report import Payload
from tilth.report.finding import jsonable
from tilth.report.sections import ReportSection
from tilth.store.places import atomic
from tilth.store.uri import Place

LINES = (".jsonl", ".jsonlines")


@dataclass(frozen=True)
class UnitValue:
    """The values of a unit of a text for each output; `start` is the index of its first character."""

    text: str
    start: int
    values: tuple[float, ...]


@dataclass(frozen=True)
class LocalValues(Payload):
    """The Shapley values of single rows: for each row its `ids`, and the values of all features for one output after the other.

    `kinds`: feature → `numerical`, `categorical` or `free_text`. `units`: column of text → for each row the values of its units, which add
    up to the value of the column.
    """

    KIND: ClassVar[str] = "shap_values"
    ids: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    values: tuple[tuple[float, ...], ...] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, tuple[tuple[UnitValue, ...], ...]] = field(default_factory=dict)


def explanations(local: LocalValues) -> Iterator[list[dict[str, Any]]]:
    """The features of each row in the format of SageMaker Clarify; an `attribution` has a number for each output.

    >>> local = LocalValues(columns=("a_yes",), values=((0.5,),), kinds={"a": "numerical"})
    >>> next(explanations(local))
    [{'feature_name': 'a', 'data_type': 'numerical', 'attributions': [{'attribution': [0.5]}]}]
    """
    for i, row in enumerate(local.values):
        units = {name: of[i] for name, of in local.units.items()}
        yield [
            {"feature_name": name, "data_type": kind, "attributions": _attributions(units.get(name), row[j :: len(local.kinds)])}
            for j, (name, kind) in enumerate(local.kinds.items())
        ]


def _attributions(units: tuple[UnitValue, ...] | None, values: tuple[float, ...]) -> list[dict[str, Any]]:
    """The values of a feature, or of the units of a text."""
    if units is None:
        return [{"attribution": list(values)}]
    return [{"attribution": list(u.values), "description": {"partial_text": u.text, "start_idx": u.start}} for u in units]


def reject_csv(place: Place) -> None:
    """Reject a file for the values of texts that is not JSON Lines."""
    if not str(place).endswith(LINES):
        message = f"the values of texts are written as JSON Lines, not to {str(place)!r}"
        raise RequestError(message, accepted="a file *.jsonl", code="bad-format")


def save_local(local: LocalValues, place: Place) -> None:
    """Write the values of single rows, atomically.

    CSV has the ids, and `FEATURE_OUTPUT` for each output and feature. A file `.jsonl` has a line per row: its id as `join_source_value` (a
    list for several), and `explanations`. Errors: `RequestError` for texts as CSV.
    """
    lines = str(place).endswith(LINES)
    if local.units:
        reject_csv(place)
    with atomic(place) as path, path.open("w", encoding="utf-8", newline="") as file:
        (_write_lines if lines else _write_csv)(local, file)


def _write_csv(local: LocalValues, file: IO[str]) -> None:
    writer = csv.writer(file)
    writer.writerow((*local.ids, *local.columns))
    writer.writerows((*ids, *row) for ids, row in zip(zip(*local.ids.values(), strict=True), local.values, strict=True))


def _write_lines(local: LocalValues, file: IO[str]) -> None:
    for ids, found in zip(zip(*local.ids.values(), strict=True), explanations(local), strict=True):
        line = {"join_source_value": jsonable(ids[0] if len(ids) == 1 else ids), "explanations": found}
        file.write(f"{json.dumps(line, ensure_ascii=False)}\n")


LOCAL = ReportSection(LocalValues, lambda found: None)
