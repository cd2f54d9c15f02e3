"""A measure, what its findings carry, and their section of the report."""

from dataclasses import dataclass
from typing import ClassVar

from tilth.engine.expressions import col, is_null
from tilth.engine.statistics import count
from tilth.measures.measure import Measure
from tilth.report import Finding, Payload
from tilth.report.blocks import Section, code, table
from tilth.report.sections import ReportSection


@dataclass(frozen=True)
class GapCount(Payload):
    """How many values of a column are null."""

    KIND: ClassVar[str] = "gaps"
    missing: int = 0


@dataclass(frozen=True)
class Gaps(Measure):
    """The columns with null values."""

    name: ClassVar[str] = "gaps"
    baseline: ClassVar[bool] = True
    least: int = 1
    """Columns with fewer nulls are left out."""

    def measure(self, table, originals, session, before=None):
        asked = {name: count(is_null(col(name))) for name in table.names}
        found = session.answer(table, asked.values())
        return [Finding("Gaps", (n,), found[s], payload=GapCount(found[s])) for n, s in asked.items() if found[s] >= self.least], None


def section(findings):
    rows = [(f.part, code(f.subject[0]), str(f.payload.missing)) for f in findings]
    return Section("gaps", "Gaps", (table("Columns with nulls", ("part", "column", "nulls"), rows),))


SECTION = ReportSection(GapCount, section)
