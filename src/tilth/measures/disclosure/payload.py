"""The finding of the risk of disclosure, and its report section."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from tilth.measures.disclosure.diversity import Diversity
from tilth.measures.disclosure.remedies import Remedy
from tilth.report import Finding, Payload
from tilth.report.blocks import Advice, Block, Section, code, counted, table
from tilth.report.charts import number, percent
from tilth.report.sections import ReportSection


@dataclass(frozen=True)
class Risk(Payload):
    """Classes of rows that are equal in all quasi-identifiers: their number, the `smallest` size, and the rows in classes below `wanted`.

    `at_risk`: rows with a risk above 0.2. `mean_risk`: the mean risk of a row. `sizes`: smallest and largest size, classes and rows of each
    band. `revealing`: columns, and the rows that are unique by them. `diversity`: of each sensitive column. `remedies`: in their order.
    """

    KIND: ClassVar[str] = "disclosure"
    VALUE: ClassVar[str] = "rows of the smallest class"
    wanted: int = 5
    rows: int | None = None
    classes: int = 0
    smallest: int = 0
    rows_below: int = 0
    at_risk: int = 0
    mean_risk: float = 0.0
    sizes: tuple[tuple[int, int, int, int], ...] = ()
    revealing: tuple[tuple[str, int], ...] = ()
    diversity: tuple[Diversity, ...] = ()
    remedies: tuple[Remedy, ...] = ()

    @property
    def compared(self) -> Mapping[str, float | None]:
        return {"mean risk": self.mean_risk}

    @property
    def row_count(self) -> int | None:
        return self.rows


def disclosure(findings: Sequence[Finding[Risk]]) -> Section:
    """The table of class sizes, the most revealing columns, the sensitive columns, and what to do."""
    parts = tuple(_part(f) for f in findings)
    blocks = parts[0].blocks if len(parts) == 1 else parts
    return Section(
        "disclosure", "Risk of disclosure", blocks, advice=tuple(a for f in findings for a in _advice(f)), lead=_lead(findings[0])
    )


def _lead(f: Finding[Risk]) -> str:
    risk, columns = f.payload, code(", ".join(f.subject))
    return (
        f"By {columns} each row is one of at least {number(risk.smallest)}; {_share(risk.rows_below, risk)} in classes below {risk.wanted}."
    )


def _share(rows: int, risk: Risk) -> str:
    return f"{counted(rows, 'row')} ({percent(rows / (risk.rows or 1))})"


def _part(f: Finding[Risk]) -> Section:
    risk = f.payload
    sizes = [(_band(low, high), number(n), number(rows), percent(rows / (risk.rows or 1))) for low, high, n, rows in risk.sizes]
    blocks: list[Block] = [
        table(
            "Risk of a row: 1 divided by the rows of its class",
            ("largest", "mean", "rows above 0.2"),
            [(percent(1 / max(risk.smallest, 1)), percent(risk.mean_risk), _share(risk.at_risk, risk))],
        ),
    ]
    if sizes:
        blocks.append(table("Sizes of classes", ("rows of a class", "classes", "rows", "share"), sizes, ("classes", "rows", "share")))
    if risk.revealing:
        rows = [(code(columns), _share(n, risk)) for columns, n in risk.revealing]
        blocks.append(table("What reveals most: rows that are unique by it", ("columns", "rows"), rows))
    if risk.diversity:
        heads = ("sensitive column", "fewest values in a class", "entropy l", "t-closeness", "rows in classes of one value")
        said = [
            (code(d.column), number(d.distinct), f"{d.entropy:.2f}", f"{d.closeness:.3f}", _share(d.sure, risk)) for d in risk.diversity
        ]
        blocks.append(table("What is revealed about an identified person", heads, said))
    if risk.remedies:
        of_steps = ("step", "smallest class", f"rows left in classes below {risk.wanted}")
        steps = [(code(_step(r)), number(r.k), _share(r.rows_below, risk)) for r in risk.remedies]
        blocks.append(table("What makes classes larger, step by step", of_steps, steps))
    return Section("", f.part or "All rows", tuple(blocks))


def _band(low: int, high: int) -> str:
    return number(low) if low == high else f"{number(low)}–{number(high)}"


def _step(remedy: Remedy) -> str:
    return f"redact: {{columns: {remedy.column}, {remedy.step}}}"


def _advice(f: Finding[Risk]) -> list[Advice]:
    risk = f.payload
    if not risk.rows_below:
        return []
    left = risk.remedies[-1].rows_below if risk.remedies else 0
    more = f" and drop the {counted(left, 'row')} that remain" if left else ""
    rest = f" Make these columns coarser as the section shows{more}." if risk.remedies else ""
    where = f" of {f.part}" if f.part else ""
    return [Advice(f"{_share(risk.rows_below, risk)}{where} can be identified by {code(', '.join(f.subject))}.{rest}", 40)]


DISCLOSURE = ReportSection(Risk, disclosure)
