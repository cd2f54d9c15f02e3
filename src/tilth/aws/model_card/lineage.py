"""What the model and its evidence were made from: data read, the flow, delivered parts and reports, each with what identifies it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tilth.aws.model_card.evidence import Evidence
from tilth.report.blocks import Picture, Section, code, counted, table
from tilth.report.charts import number
from tilth.report.charts.graph import graph

KINDS = {"data": "data that was read", "flow": "flow", "part": "delivered", "other": "other data", "report": "report"}
COLUMNS = (("data",), ("flow",), ("part", "other"), ("report",))


@dataclass(frozen=True)
class Thing:
    """A thing of the lineage: its kind, a key of `KINDS`; the names of those that it was made from; and what identifies its content."""

    name: str
    kind: str
    made_from: tuple[str, ...] = ()
    sha256: str = ""
    rows: int | None = None


def things(evidence: Evidence) -> tuple[Thing, ...]:
    """Everything in the evidence, in order of creation: from the events of the run, its files, and the reports."""
    found: dict[str, Thing] = {}
    for thing in _things(evidence):
        found.setdefault(thing.name, thing)
    return tuple(found.values())


def _things(evidence: Evidence) -> Iterator[Thing]:
    hashes = {f.name: f.sha256 for f in evidence.files}
    run, *others = evidence.reports.items()
    read, written = (evidence.event.get(side, []) for side in ("inputs", "outputs"))
    data = [Thing(_name(d), "data", sha256=_version(d), rows=None if read[1:] else run[1].rows) for d in read]
    if not data and (source := _file(run[1].facts.source)):
        data = [Thing(source, "data", (), _hash(run[1].facts.fingerprint), run[1].rows)]
    yield from data
    made_from = tuple(d.name for d in data)
    for flow in (name for name in hashes if name.endswith(".tilth")):
        yield Thing(flow, "flow", made_from, hashes[flow])
        made_from = (flow,)
    parts = [Thing(f"part {_name(d)}", "part", made_from, rows=_rows(d)) for d in written]
    yield from parts
    yield Thing(run[0], "report", tuple(p.name for p in parts) or made_from, hashes["report.json"])
    known, hashed = {d.sha256: d.name for d in data if d.sha256}, {d.name: d.sha256 for d in data}
    for name, report in others:
        fingerprint, source = _hash(report.facts.fingerprint), _file(report.facts.source)
        source = known.get(fingerprint, source)
        if hashed.get(source, fingerprint) != fingerprint:  # another file of the same name
            source = f"{source} ({fingerprint[:8]})"
        if source:
            yield Thing(source, "other", sha256=fingerprint, rows=report.rows)
        file = next((hashes[f] for f in (f"{name}/report.json", f"{name}.json") if f in hashes), "")
        yield Thing(name, "report", (source,) if source else (), file)


def _name(of: Mapping[str, Any]) -> str:
    return _file(of["name"]) if of.get("namespace") == "file" else f"{of.get('namespace', '')}/{of['name']}"


def _file(source: str) -> str:
    """A local place, or the first one of several, by the name of its file alone: a path says who works where.

    >>> _file("/data/ann/a.csv"), _file("2 files (/data/ann/a.csv …)"), _file("s3://bucket/a.csv")
    ('a.csv', '2 files (a.csv …)', 's3://bucket/a.csv')
    """
    return source if "://" in source else re.sub(r"^(\d+ files \()?.*/(?=.)", r"\1", source)


def _version(of: Mapping[str, Any]) -> str:
    return _hash(of.get("facets", {}).get("version", {}).get("datasetVersion", ""))


def _hash(fingerprint: str) -> str:
    return fingerprint.removeprefix("sha256:")


def _rows(of: Mapping[str, Any]) -> int | None:
    rows = of.get("outputFacets", {}).get("outputStatistics", {}).get("rowCount")
    return rows if isinstance(rows, int) else None


def _shown(value: str | int | None) -> str:
    return "" if value in (None, "") else number(value) if isinstance(value, int) else code(value)


def lineage_json(evidence: Evidence) -> list[dict[str, Any]]:
    """The things for programs."""
    return [{k: v for k, v in vars(thing).items() if v not in ("", None, ())} for thing in things(evidence)]


def lineage(evidence: Evidence) -> Section:
    """The things as a graph, and as a table with what identifies each."""
    found = things(evidence)
    columns = [(", ".join(KINDS[k] for k in kinds), [t.name for t in found if t.kind in kinds]) for kinds in COLUMNS]
    picture = Picture(graph("Lineage", columns, {t.name: t.made_from for t in found}, "lineage"), "What was made from what.")
    rows = [
        (
            code(t.name),
            KINDS[t.kind],
            ", ".join(map(code, t.made_from)),
            "" if t.rows is None else number(t.rows),
            code(t.sha256) if t.sha256 else "",
        )
        for t in found
    ]
    heads = ("entity", "is", "made from", "rows", "SHA-256")
    lead = f"{counted(len(found), 'entity', 'entities')}; data is identified by the fingerprint of its files, all else by its own hash."
    return Section("lineage", "Lineage", (picture, table("Lineage", heads, rows, ["rows"])), lead=lead)
