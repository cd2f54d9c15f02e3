"""The facts of a run: what ran, on what, where and for how long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any


@dataclass(frozen=True)
class Scan:
    """A scan of the data: what ran, the seconds it took, its query, and its purpose: the rules, a step, a measure of a part."""

    title: str
    seconds: float
    query: str = ""
    purpose: str = ""

    @property
    def named(self) -> str:
        """The title with the purpose before it."""
        return f"{self.purpose}: {self.title}" if self.purpose else self.title


@dataclass(frozen=True)
class Facts:
    """The facts of a run. Findings do not depend on them; two runs of the same request differ in them only."""

    source: str = ""
    engine: str = ""
    rows: int | None = None
    started: str = ""  # ISO 8601, UTC
    seconds: float = 0.0
    scans: tuple[Scan, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict, hash=False)
    fingerprint: str = ""
    more: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def times(self) -> tuple[str, str] | tuple[None, None]:
        """When the run started and ended, in ISO 8601; None if unknown."""
        try:
            started = datetime.fromisoformat(self.started)
        except ValueError:
            return None, None
        return started.isoformat(), (started + timedelta(seconds=self.seconds)).isoformat()
