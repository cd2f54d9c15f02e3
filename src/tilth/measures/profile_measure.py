"""The measure `profile`: every column, and the balance of the label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tilth.data import Dataset
from tilth.engine.session import Session
from tilth.measures.balance import balance_findings
from tilth.measures.measure import Measure, Measured
from tilth.measures.profile import profile_findings


@dataclass(frozen=True)
class Profile(Measure):
    """What every column holds, and how the rows divide among the values of the label."""

    name = "profile"
    baseline = True
    default = True

    def measure(self, table: Dataset, originals: Dataset, session: Session, before: Any = None) -> Measured:
        return [*profile_findings(table, session), *balance_findings(originals, session)], None
