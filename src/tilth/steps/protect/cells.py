"""Hides findings within texts, and optionally records their positions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import pyarrow as pa
from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Dataset, Kind
from tilth.engine.expressions import col, lit
from tilth.engine.operations.findings import Findings
from tilth.engine.python_operation import Item, PythonFunction
from tilth.entities import Detector, Entity, Span
from tilth.entities.detector import apart
from tilth.entities.mentions import PERSON_NAME, RULE, SCORE, mentions
from tilth.steps.protect.action import OfText

MADE = "\x1ffound "  # prefix of temporary columns with a text and its findings
EVERY = "all"
CELLS = "DetectedEntities"  # Glue's name for the column with findings


@lru_cache(maxsize=16)
def detector(find: tuple[str | Entity, ...], countries: tuple[str, ...], sensitivity: str | float) -> Detector:
    """The detector of the named entities, or of `all`: international ones and those of the countries. It does not find names of persons."""
    return Detector(None if find == (EVERY,) else tuple(e for e in find if e != PERSON_NAME), countries, sensitivity)


@dataclass(frozen=True)
class Found:
    """Replaces findings in texts. With `noted` it also returns their positions as JSON, or null without findings.

    `one` gives the replacement of a finding; None means the name of its entity. `details`: as in `Findings`. `names` are the columns with
    the names of the row's person, which are searched for, too.
    """

    column: str
    find: tuple[str | Entity, ...]
    countries: tuple[str, ...]
    sensitivity: str | float
    action: str
    one: OfText | None
    noted: bool
    details: bool
    names: tuple[str, ...] = ()
    never_nan: bool = field(default=True, init=False, repr=False)

    def way(self, entity: str) -> tuple[str, OfText | None]:
        """The action of an entity, and what makes the replacement."""
        return self.action, self.one

    def __call__(self, *columns: pa.Array) -> pa.Array:
        given = list(zip(*(column.to_pylist() for column in columns), strict=True))
        distinct = list(dict.fromkeys(given))
        made = dict(zip(distinct, self._made(distinct), strict=True))
        changed = pa.array([made[row][0] for row in given], pa.string())
        if not self.noted:
            return changed
        return pa.StructArray.from_arrays([changed, pa.array([made[row][1] for row in given], pa.string())], ["f0", "f1"])

    def alone(self, *row: str | None) -> Any:
        """The same of one row."""
        ((changed, noted),) = self._made([row])
        return {"f0": changed, "f1": noted} if self.noted else changed

    def _made(self, rows: Sequence[tuple[str | None, ...]]) -> list[tuple[str | None, str | None]]:
        spans = detector(self.find, self.countries, self.sensitivity).spans([text for text, *_ in rows], self.column)
        if self.names:
            spans = [apart([*found, *_of_person(text, names)]) for (text, *names), found in zip(rows, spans, strict=True)]
        return [(self._hidden(text, found), self._note(found)) for (text, *_), found in zip(rows, spans, strict=True)]

    def _hidden(self, text: str | None, spans: Sequence[Span]) -> str | None:
        for span in reversed(spans):  # from the right, so that the places of those on the left stay right
            if text is not None:
                part, (_, one) = text[span.start : span.end], self.way(span.entity)
                made = f"[{span.entity}]" if one is None else one(part)
                text = f"{text[: span.start]}{made or ''}{text[span.end :]}"
        return text

    def _note(self, spans: Sequence[Span]) -> str | None:
        if not spans or not self.noted:
            return None
        places = [
            {"entityType": s.entity, "actionUsed": self.way(s.entity)[0], "start": s.start, "end": s.end}
            | ({"score": s.score, "tier": s.tier, "rule": s.rule} if self.details else {})
            for s in spans
        ]
        return f"{json.dumps(self.column, ensure_ascii=False)}: {json.dumps(places, ensure_ascii=False)}"

    def of(self, column: Column) -> Tree:
        """The function called with a column of strings."""
        gives = (Kind.STRING, Kind.STRING) if self.noted else Kind.STRING
        given = (column.name, *self.names)
        function = PythonFunction(self, (Kind.STRING,) * len(given), gives, f"redact {self.action} {column.name}")
        return function.of(*map(col, given))


def _of_person(text: str | None, names: Sequence[str | None]) -> list[Span]:
    """Where a text names the person of its row."""
    return [Span(start, end, PERSON_NAME, SCORE, "B", RULE) for start, end in mentions(text, names)]


def with_findings(data: Dataset, found: Sequence[tuple[Column, str, Found]], findings: str, details: bool) -> Dataset:
    """The table with changed texts (column, name of the new column), and a column with the findings."""
    helpers = {MADE + column.name: one.of(column) for column, _, one in found}
    texts = {into: Item.of(col(MADE + column.name), lit(0)) for column, into, _ in found}
    noted = Findings.of(lit(details), *(Item.of(col(name), lit(1)) for name in helpers))
    return data.change(helpers).change({**texts, findings: noted, **dict.fromkeys(helpers)})
