"""Class balance: how the rows of each part divide among the values of the label."""

from __future__ import annotations

from tilth.report.blocks import Block, Picture, Section, code, shown, table
from tilth.report.charts import number, percent, stacked
from tilth.report.report import Finding, FindingKind, Report
from tilth.report.sections import given

NONE = "(no label)"


def balance(report: Report) -> Section | None:
    """A chart and a table per label."""
    labels: dict[str, dict[str, dict[str, float]]] = {}
    for f in report.of(FindingKind.BALANCE):
        label = ", ".join(f.subject) or "the label"
        labels.setdefault(label, {}).setdefault(f.part or "all rows", {}).update(classes(f))
    blocks: list[Block] = []
    for label, found in labels.items():
        parts = {part: _in_order(counts) for part, counts in found.items()}
        blocks.append(Picture(stacked(f"Rows per value of {label}", parts), f"Rows per value of {code(label)}, as shares of each part."))
        names = list(_in_order(dict.fromkeys((name for counts in parts.values() for name in counts), 0.0)))
        rows = [(code(name), *(_share(counts.get(name), sum(counts.values())) for counts in parts.values())) for name in names]
        rows.append(("all", *(number(sum(counts.values())) for counts in parts.values())))
        blocks.append(table(f"Rows per value of {code(label)}", ("value", *parts), rows, numbers=parts, brief=12))
    return Section("balance", "Class balance", tuple(blocks)) if blocks else None


def classes(finding: Finding) -> dict[str, float]:
    """The rows per value of the label, and those without a label."""
    counts, missing = given.mapping(finding, "counts"), given.figure(finding, "missing")
    known = {
        shown(value, 60): n
        for value, rows in counts.items()
        if (n := given.as_number(rows)) is not None and not (missing and value == "null")
    }
    return known | ({NONE: missing} if missing else {})


def _in_order(counts: dict[str, float]) -> dict[str, float]:
    """Rows without a label last, so that the labels keep their colours."""
    return {name: counts[name] for name in sorted(counts, key=lambda name: name == NONE)}


def _share(n: float | None, whole: float) -> str:
    return "–" if n is None else f"{number(n)} ({percent(n / whole) if whole else 'no rows'})"
