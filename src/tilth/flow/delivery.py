"""Writes the result of a run, atomically."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from tilth import formats
from tilth.data import Dataset, Schema
from tilth.engine.session import Session
from tilth.flow.admission import QUARANTINE
from tilth.flow.croissant import CROISSANT, DeliveredPart, croissant
from tilth.flow.files import save
from tilth.flow.flow import Flow
from tilth.flow.lineage import LINEAGE, lineage
from tilth.flow.running import Prepared
from tilth.flow.split_checks import TRAIN
from tilth.formats.manifest import manifest_file
from tilth.formats.shards import Manifest
from tilth.formats.sidecar import SIDECAR, sidecar
from tilth.report import Finding, Report
from tilth.report.files import write_report
from tilth.steps.rows.shuffle import Shuffle
from tilth.store.local import in_folder
from tilth.store.places import atomic
from tilth.store.protection import in_force
from tilth.store.uri import Place

REPORTS = ("report.html", "report.json")


def deliver(
    prepared: Prepared,
    report: Callable[[], Report],
    place: Place,
    engine: Session,
    reports: Sequence[str] = REPORTS,
    inputs: Sequence[Place] = (),
) -> Report:
    """Write to the folder `place`: a folder per part with its schema, the fitted flow, Croissant metadata, OpenLineage events, reports.

    `inputs` are what the run read, for the OpenLineage events. Rows in quarantine are written as Parquet, whatever the format of the parts,
    because Parquet keeps every column. The write is atomic. The report is made after the parts are written, so that it counts their scans
    and seconds, and is returned; the files named by `reports` show the same one. If the training part has shards, the report says how well
    a stream mixes them, and warns if rows with the same label are adjacent.

    Errors: `MachineError` if the disk is full or not writable.
    """
    given, found, parts = prepared.flow.deliver, list[Finding](), dict[str, DeliveredPart]()
    with atomic(place, folder=True) as folder:
        plan = folder / f"{prepared.flow.name}.tilth"
        save(prepared.flow, plan)
        digest = hashlib.sha256(plan.read_bytes()).hexdigest()
        for part, table in prepared.parts.items():
            with engine.working_for(f"delivery of {part}"):
                formats.write(table, folder / part, format=given.format, engine=engine, **given.options)
            manifest = Manifest.beside(folder / part)
            parts[part] = _delivered(table, given.format, manifest, engine)
            (folder / part / SIDECAR).write_text(sidecar(parts[part].roles, parts[part].schema), "utf-8")
            if manifest:
                replace(manifest, plan_sha256=digest, order=_order(prepared.flow, part)).write(folder / part)
            if manifest and part in (TRAIN, "all"):
                from tilth.flow.sorted_shards import shard_findings  # imported here: only a delivery of shards needs it

                found += shard_findings(prepared.flow, part, folder / part, table.roles)
            if given.manifest:
                files = [Path(p).relative_to(folder / part).as_posix() for p in in_folder(str(folder / part))]
                names = sorted(s.path for s in manifest.shards) if manifest else files
                (folder / f"{part}.manifest").write_text(manifest_file(f"{given.manifest.rstrip('/')}/{part}/", names), "utf-8")
        if prepared.quarantined is not None:
            with engine.working_for(f"delivery of {QUARANTINE}"):
                formats.write(prepared.quarantined, folder / QUARANTINE, engine=engine)
        (folder / CROISSANT).write_text(croissant(prepared.flow.name, given.about, parts, folder), "utf-8")
        made = report()
        made = replace(made, findings=(*made.findings, *found))
        written = {part: (of.schema, *_size(folder / part)) for part, of in parts.items()}
        (folder / LINEAGE).write_text(lineage(prepared.flow.name, place, inputs, written, made), "utf-8")
        write_reports(made, folder, reports)
    return made


def _size(folder: Path) -> tuple[int | None, int]:
    """The number of rows of a delivered part, if a manifest or Parquet has it, and its size in bytes."""
    manifest, files = Manifest.beside(folder), [Path(p) for p in in_folder(str(folder))]
    size = sum(f.stat().st_size for f in files)
    if manifest:
        return sum(s.records for s in manifest.shards), size
    if in_force() or not all(f.suffix == ".parquet" for f in files):
        return None, size
    return sum(pq.read_metadata(f).num_rows for f in files), size


def _order(flow: Flow, part: str) -> dict[str, Any] | None:
    """The shuffle of the rows of a part; None if it is not their last step, or if it shuffles blocks."""
    steps = [step for _, step in (flow.steps("rows", "training") if part in (TRAIN, "all") else flow.steps("rows"))]
    last = steps[-1] if steps else None
    return {"algorithm": last.name, "seed": last.seed, "epoch": 0} if isinstance(last, Shuffle) and not last.blocks else None


def _delivered(table: Dataset, form: str, manifest: Manifest | None, engine: Session) -> DeliveredPart:
    """A part as written. A format for training leaves some columns out."""
    schema = engine.schema(table)
    written = {c.name for c in manifest.contents.columns} if manifest else set(schema.names)
    roles = table.roles.moved({c: c for c in schema.names if c in written})
    return DeliveredPart(form, Schema(tuple(c for c in schema if c.name in written)), roles)


def deliver_report(report: Report, place: Place, names: Sequence[str] = REPORTS) -> None:
    """Write only the report, in files of these names, to the folder `place`.

    Errors: `MachineError` if the disk is full or not writable.
    """
    with atomic(place, folder=True) as folder:
        write_reports(report, folder, names)


def write_reports(report: Report, folder: Path, names: Sequence[str] = REPORTS) -> None:
    """Write the report in files of these names to an existing folder."""
    for name in names:
        write_report(report, folder / name)
