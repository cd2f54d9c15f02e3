"""What a model card is filled from: the folder of a run, and the reports of other measures, each with its SHA-256."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from tilth.errors import RequestError
from tilth.flow import Flow
from tilth.report import Report
from tilth.report.json import from_json
from tilth.store.local import text_of


@dataclass(frozen=True)
class EvidenceFile:
    """A file that the card rests on."""

    name: str
    bytes: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> EvidenceFile:
        """A file as it is now."""
        with path.open("rb") as content:
            return cls(path.name, path.stat().st_size, hashlib.file_digest(content, "sha256").hexdigest())


@dataclass(frozen=True)
class Evidence:
    """A fitted flow, the report of its run and those of other measures, by the names of their files."""

    flow: Flow
    reports: dict[str, Report]
    files: tuple[EvidenceFile, ...]

    @cached_property
    def whole(self) -> Report:
        """All findings in one report. Those of a report beside that of the run are a part of their own, named like its file."""
        run, *others = self.reports.values()
        names = list(self.reports)[1:]
        more = [replace(f, part=f"{name}: {f.part}" if f.part else name) for name, r in zip(names, others, strict=True) for f in r.findings]
        return replace(run, findings=(*run.findings, *more))


def gathered(folder: str | Path, further: Sequence[str | Path] = ()) -> Evidence:
    """The evidence in the folder that `tilth run` delivered, and in reports of `tilth measure`: JSON, or the folder with its report.json.

    Errors: `RequestError` for a folder that is not one of a run, and for a file that is not a report.
    """
    place = Path(folder)
    flows = sorted(place.glob("*.tilth"))
    if len(flows) != 1 or not (place / "report.json").is_file():
        found = "no fitted flow" if not flows else f"{len(flows)} fitted flows" if flows[1:] else "no report.json"
        hint = "give the folder on this machine that `tilth run FLOW -o FOLDER` wrote"
        raise RequestError(f"{str(folder)!r} is not the result of a run: it has {found}", hint=hint, code="no-run")
    others = [p / "report.json" if (p := Path(f)).is_dir() else p for f in further]
    reports = {"run": from_json(text_of(place / "report.json", "report"))}
    for path in others:
        name = path.parent.name if path.name == "report.json" and path.parent.name else path.stem
        reports[name if name not in reports else f"{name} {len(reports)}"] = from_json(text_of(path, "report"))
    beside = [p for name in ("report.json", "croissant.json") if (p := place / name).is_file()]
    return Evidence(Flow.load(flows[0]), reports, tuple(EvidenceFile.of(p) for p in (flows[0], *beside, *others)))
