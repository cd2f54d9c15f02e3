"""What a model card is filled from: the folder of a run or of a measure, and further reports, each with its SHA-256."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from tilth.encryption.dataset import plain_name
from tilth.encryption.sealed import SUFFIX
from tilth.errors import RequestError
from tilth.flow import Flow
from tilth.flow.croissant import CROISSANT
from tilth.flow.lineage import LINEAGE, event_of
from tilth.report import Report
from tilth.report.json import from_json
from tilth.store.local import text_of
from tilth.store.places import copies, files_at
from tilth.store.uri import Place, joined

REPORT = "report.json"


@dataclass(frozen=True)
class EvidenceFile:
    """A file that the card rests on."""

    name: str
    bytes: int
    sha256: str

    @classmethod
    def of(cls, name: str, path: Path) -> EvidenceFile:
        """The current content of a file, with this name."""
        with path.open("rb") as content:
            return cls(name, path.stat().st_size, hashlib.file_digest(content, "sha256").hexdigest())


@dataclass(frozen=True)
class Evidence:
    """A fitted flow, the report of its run and further reports, by file name; `event` is the OpenLineage event of the run.

    Without a run there is no flow, and the first report is that of a measure."""

    flow: Flow | None
    reports: dict[str, Report]
    files: tuple[EvidenceFile, ...]
    event: dict[str, Any] = field(default_factory=dict)

    @property
    def first(self) -> Report:
        """The report of the run, or without a run the first report."""
        return next(iter(self.reports.values()))

    @cached_property
    def whole(self) -> Report:
        """All findings in one report. Findings of further reports form a part named like their file."""
        run, *others = self.reports.values()
        names = list(self.reports)[1:]
        more = [replace(f, part=f"{name}: {f.part}" if f.part else name) for name, r in zip(names, others, strict=True) for f in r.findings]
        return replace(run, findings=(*run.findings, *more))


def gathered(folder: Place, further: Sequence[Place] = ()) -> Evidence:
    """Read the evidence in a folder of `tilth run` or `tilth measure`, and in further reports: JSON files, or folders with report.json.

    From remote places only these files are fetched. Errors: `RequestError` for a folder without a report, and for a file that is not one.
    """
    there = {plain_name(file.name): file.place for file in files_at(folder)}
    flows = sorted(name for name in there if name.endswith(".tilth") and "/" not in name)
    if flows[1:] or REPORT not in there:
        found = f"{len(flows)} fitted flows" if flows[1:] else f"no {REPORT}"
        hint = "give the folder that `tilth run FLOW -o FOLDER` wrote, or tilth measure"
        raise RequestError(f"{str(folder)!r} is not the result of a run or of a measure: it has {found}", hint=hint, code="no-run")
    of_run = {name: copies(there[name]) for name in (*flows, REPORT, CROISSANT, LINEAGE) if name in there}
    others = [(name, copies(place)) for name, place in map(_report, further)]
    reports = {"run" if flows else "measure": from_json(text_of(of_run[REPORT].path, "report"))}
    files = [*of_run.items()]
    for name, held in others:
        name = name if name not in reports else f"{name} {len(reports)}"
        reports[name] = from_json(text_of(held.path, "report"))
        files.append((f"{name}/{REPORT}" if Path(held.path).name == REPORT else f"{name}.json", held))
    event = event_of(text_of(of_run[LINEAGE].path, "lineage")) if LINEAGE in of_run else {}
    flow = Flow.load(of_run[flows[0]].path) if flows else None
    return Evidence(flow, reports, tuple(EvidenceFile.of(name, Path(held.path)) for name, held in files), event)


def _report(place: Place) -> tuple[str, str]:
    """The name of a further report, and its file; in a folder, this is report.json."""
    there = files_at(place) or files_at(f"{place}{SUFFIX}")
    path = str(place) if [plain_name(f.name) for f in there] == [PurePosixPath(str(place)).name] else joined(place, REPORT)
    file = PurePosixPath(path)
    return (file.parent.name if file.name == REPORT and file.parent.name else file.stem), path
