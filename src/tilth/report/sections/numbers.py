"""Numbers without a verdict: what the analyzers of a ruleset and the metrics of a measure found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tilth.report.blocks import Block, Cell, Section, code, shown, table
from tilth.report.charts import number
from tilth.report.report import Finding, FindingKind, Report
from tilth.report.sections import given


def numbers(report: Report) -> Section | None:
    """Analyzers and metrics; a metric of several parts in one row, with a column for each."""
    analyzers, metrics = report.of(FindingKind.ANALYZER), report.of(FindingKind.METRIC)
    blocks: list[Block] = []
    if metrics:
        blocks.append(_metrics(metrics))
    if analyzers:
        blocks.append(_analyzers(analyzers))
    return Section("numbers", "Numbers", tuple(blocks)) if blocks else None


def value_told(value: Any, low: float | None = None, high: float | None = None) -> str:
    """A value with its interval, if it has one."""
    found = given.as_number(value)
    told = number(found) if found is not None or value is None else code(shown(value, 80))
    return told if low is None or high is None else f"{told} ({number(low)} to {number(high)})"


def _metrics(found: Sequence[Finding]) -> Block:
    parts = list(dict.fromkeys(f.part for f in found))
    lines: dict[tuple[str, ...], dict[str, str]] = {}
    for f in found:
        key = (f.name, ", ".join(f.subject), f.where, f.group)
        lines.setdefault(key, {})[f.part] = value_told(f.value, f.low, f.high) + (f" – {f.message}" if f.message else "")
    heads = ("metric", "columns", "where", "group", *(p or "value" for p in parts))
    rows = [(key[0], *(code(k) if k else "" for k in key[1:]), *(line.get(p, "") for p in parts)) for key, line in lines.items()]
    return table("Metrics", heads, rows, numbers=heads[4:])


def _analyzers(found: Sequence[Finding]) -> Block:
    rows = []
    for f in found:
        metrics: Mapping[str, Any] = given.mapping(f, "metrics") or {"": f.value}
        name = given.words(f, "rule") or f.name
        reason = " ".join(f.message.split())
        rows += [(Cell(code(name, 400)), code(m) if m else "", value_told(v), reason) for m, v in metrics.items()]
    heads = ("analyzer", "metric", "value", "remark")
    return table("Analyzers", heads, rows, numbers=["value"])
