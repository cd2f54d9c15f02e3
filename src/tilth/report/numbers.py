"""Metrics without a verdict: one row for each metric, one column for each part."""

from __future__ import annotations

from collections.abc import Sequence

from tilth.report.blocks import Section, code, counted, table, value_with_interval
from tilth.report.finding import Finding, Payload
from tilth.report.sections import ReportSection


def numbers(findings: Sequence[Finding[Payload]]) -> Section:
    """A table of metrics."""
    parts = list(dict.fromkeys(f.part for f in findings))
    lines: dict[tuple[str, ...], dict[str, str]] = {}
    for f in findings:
        key = (f.name, ", ".join(f.subject), f.where, f.group)
        lines.setdefault(key, {})[f.part] = value_with_interval(f.value, f.low, f.high) + (f" – {f.message}" if f.message else "")
    heads = ("metric", "columns", "where", "group", *(p or "value" for p in parts))
    rows = [(key[0], *(code(k) if k else "" for k in key[1:]), *(line.get(p, "") for p in parts)) for key, line in lines.items()]
    return Section("numbers", "Numbers", (table("Metrics", heads, rows, numbers=heads[4:]),), lead=f"{counted(len(rows), 'metric')}.")


NUMBERS = ReportSection(Payload, numbers)
