"""The saved table of counts behind bias metrics, from which they can be computed again without the data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa

from tilth.data import Dataset, Kind, Memory
from tilth.errors import Gap, RequestError
from tilth.measures.bias.axis import Axis, ordered
from tilth.measures.bias.cube import SQUARES, WEIGHTS, Counted, counted, outcomes
from tilth.measures.bias.metrics import BIAS_METRICS
from tilth.measures.bias.request import BiasRequest, Facet
from tilth.measures.bias.values import text_of
from tilth.report.finding import Finding, Payload, jsonable
from tilth.report.sections import ReportSection
from tilth.store.places import atomic
from tilth.store.uri import Place

FORMAT = "tilth.bias_counts"
VERSION = 1
ROWS = "rows"
_TYPES: Mapping[Kind, Any] = {
    Kind.BOOLEAN: pa.bool_(),
    Kind.INTEGER: pa.int64(),
    Kind.FLOAT: pa.float64(),
    Kind.DATE: pa.date32(),
    Kind.TIMESTAMP: pa.timestamp("us"),
    Kind.TIME: pa.time64("us"),
}


@dataclass(frozen=True)
class BiasCounts(Payload):
    """Rows by facets, strata, label and prediction: each of the `cells` has their values, the rows, the weights and the squared weights.

    `columns` maps columns to the kinds of their values. In the `named` columns, intervals are replaced by their names and private values by
    their places. The columns have the roles that they had in the request. The finding's value is the number of rows.
    """

    KIND: ClassVar[str] = "bias_counts"
    VALUE: ClassVar[str] = "rows"
    columns: Mapping[str, str] = field(default_factory=dict)
    cells: tuple[tuple[Any, ...], ...] = ()
    facets: tuple[str, ...] = ()
    intersections: tuple[tuple[str, ...], ...] = ()
    label: str | None = None
    positive: tuple[Any, ...] = ()
    prediction: str | None = None
    group: str | None = None
    weighted: bool = False
    named: tuple[str, ...] = ()

    @property
    def row_count(self) -> int:
        """All rows."""
        return sum(cell[-3] for cell in self.cells)

    def table(self) -> Dataset:
        """The cells as a table with a row per cell, with `rows` and the sums of weights."""
        columns = list(zip(*self.cells, strict=True)) or [()] * (len(self.columns) + 3)
        types = [_TYPES.get(Kind(kind), pa.string()) for kind in self.columns.values()]
        made = [_array(values, of) for values, of in zip(columns, types, strict=False)]
        made += [pa.array(columns[-3], pa.int64()), *(pa.array([float(x) for x in of], pa.float64()) for of in columns[-2:])]
        names = (*self.columns, ROWS, WEIGHTS, SQUARES)
        return Dataset(Memory(pa.Table.from_arrays(made, names=list(names)), names))

    def request(self, **changed: Any) -> BiasRequest:
        """The request that the counts were made for, on the table of counts; `changed` replaces parameters.

        Errors: `RequestError` for a column that was not counted, and for FT, which compares rows.
        """
        if "FT" in changed.get("metrics", ()):
            raise RequestError("FT compares rows, and of them only the counts were saved", hint="measure the data itself", code="no-rows")
        facets = tuple(f if isinstance(f, Facet) else Facet(f) for f in changed.pop("facets", self.facets))
        own: dict[str, Any] = {"label": self.label, "positive": self.positive, "prediction": self.prediction, "group": self.group}
        own |= {"intersections": self.intersections, "weight": WEIGHTS if self.weighted else None, "frequency": ROWS}
        types = {**dict.fromkeys(self.named, "categorical"), **changed.pop("types", {})}
        own |= changed
        there = {"label": own["label"], "prediction": own["prediction"], "stratum": own["group"]}
        known = tuple(n for n, m in BIAS_METRICS.items() if all(there[a] for a in m.requires) and n != "FT")
        return BiasRequest(facets, types=types, **{"metrics": known, **own})

    def to_json(self) -> dict[str, Any]:
        """The content of the file: its format, its version and the counts."""
        return {"format": FORMAT, "version": VERSION, **super().to_json()}


def _array(values: tuple[Any, ...], of: Any) -> pa.Array:
    """Values from JSON as an array of their type."""
    if pa.types.is_temporal(of):
        return pa.array(values, pa.string()).cast(of)
    return pa.array([v if v is None or not pa.types.is_floating(of) else float(v) for v in values], of)


def counts_finding(found: Counted) -> Finding[BiasCounts]:
    """The table of counts. Errors: `Gap` if the request did not keep it."""
    axes, cells, request = found.axes, found.cells, found.request
    if cells is None:
        raise Gap("the table of counts was not kept", hint="request it with counts=True")
    whose = {a.column: a for a in (*(a for f in axes.facets for a in f.axes), *axes.behind)}
    values = {c: _values(a, cells.read(a), found, c in (request.label, request.prediction)) for c, a in whose.items()}
    columns = {c: str(Kind.STRING if _named(a) else Kind.FLOAT if a.kind is Kind.DECIMAL else a.kind) for c, a in whose.items()}
    numbers = zip(cells.numbers[0].astype(int).tolist(), *cells.numbers[1:].tolist(), strict=True)
    added: dict[tuple[Any, ...], list[float]] = {}
    for key, sums in zip(zip(*values.values(), strict=True), numbers, strict=True):
        so_far = added.setdefault(key, [0, 0.0, 0.0])
        added[key] = [a + b for a, b in zip(so_far, sums, strict=True)]
    outcome = axes.label or axes.prediction
    payload = BiasCounts(
        columns=columns,
        cells=tuple((*key, *sums) for key, sums in sorted(added.items(), key=lambda item: tuple(map(str, item[0])))),
        facets=tuple(f.axes[0].column for f in axes.facets if not f.crossed),
        intersections=request.intersections,
        label=request.label,
        positive=(found.favourable,) if outcome is not None and _named(outcome) else request.positive,
        prediction=request.prediction,
        group=axes.group.column if axes.group is not None else None,
        weighted=request.weight is not None,
        named=tuple(c for c, a in whose.items() if _named(a)),
    )
    words = f"{payload.row_count:,} rows in {len(payload.cells):,} cells of {', '.join(columns)}"
    return Finding("bias_counts", tuple(columns), payload.row_count, message=words, payload=payload)


def _named(axis: Axis) -> bool:
    """Whether the values of an axis are replaced by names: intervals, and private values."""
    return bool(axis.intervals) or axis.private


def _values(axis: Axis, keys: list[Any], found: Counted, outcome: bool) -> list[Any]:
    """The keys of the cells in their saved form. For an outcome that is private or in intervals, only whether it is favourable."""
    if not _named(axis):
        return [k.isoformat() if isinstance(k, date | datetime | time) else k for k in keys]
    there = ordered(keys)
    if not outcome:
        names = {k: axis.name(k, there) for k in there}
        return [names.get(k) for k in keys]
    label, favourable = found.axes.label, found.favourable
    other = f"other than {favourable}"
    if label is not None and axis is not label and not _named(label):  # scores, with labels that keep their values
        favourable, other = text_of(found.request.positive[0]), next((text_of(v) for v in _others(found)), other)
    good = {1: favourable, 0: other}
    return [good.get(y) for y in outcomes(axis, keys, replace(found.request, missing="exclude")).tolist()]


def _others(found: Counted) -> list[Any]:
    """The unfavourable values of the label."""
    label = found.axes.label
    values = label.facts.values if label is not None and label.facts is not None else ()
    return [v for v in values if label is not None and not label.is_configured(v)]


def save_counts(counts: BiasCounts, place: Place) -> None:
    """Write a table of counts as JSON, atomically."""
    with atomic(place) as path:
        path.write_text(json.dumps(jsonable(counts.to_json()), ensure_ascii=False) + "\n", "utf-8")


def read_counts(path: str | Path) -> BiasCounts | None:
    """The table of counts in a file, or None for another file. Errors: `RequestError` for another version, and for a broken file."""
    if Path(path).suffix.lower() != ".json" or not Path(path).is_file():
        return None
    with Path(path).open("rb") as file:
        if FORMAT.encode() not in file.read(200):
            return None
    try:
        held = json.loads(Path(path).read_text("utf-8"))
        if held.get("version") != VERSION:
            raise RequestError(f"{str(path)!r} is of version {held.get('version')!r}", accepted=f"version {VERSION}", code="version")
        found = BiasCounts.from_json(held)
        found.table()
    except (ValueError, TypeError, KeyError, IndexError, pa.ArrowException) as error:
        message, hint = f"{str(path)!r} is not a whole table of counts: {error}", "save it again: tilth measure DATA --save-counts FILE"
        raise RequestError(message, hint=hint, code="bad-counts") from error
    return replace(found, cells=tuple(tuple(c) for c in found.cells))


def counts_of(data: Dataset, request: BiasRequest, engine: Any) -> BiasCounts:
    """The table of counts of a request, in one scan; `save_counts` writes it, `BiasCounts.request` makes a request on it."""
    return counts_finding(counted(replace(request, counts=True), data, engine)).payload


COUNTS = ReportSection(BiasCounts, lambda found: None)
"""Reports do not show a table of counts."""
