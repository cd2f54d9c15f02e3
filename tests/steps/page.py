"""The examples of docs/steps.md: `Example: STEP` above a table whose left is what goes in and whose right is what comes out."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pyarrow as pa
import yaml

import tilth
from tests.engines import duckdb_session
from tilth.flow.running import run
from tilth.steps import STEPS

EXAMPLE = re.compile(r"\nExample: `(?P<step>[^`]+)`(?: \(roles: `(?P<roles>[^`]+)`\))?\n\n(?P<table>(?:\|.*\n)+)")

UNORDERED = ("aggregate", "dedupe", "explode", "pivot", "resample", "unpivot", "window")  # they give rows in no particular order


def made(step: str, roles: str | None, table: str) -> str:
    """The table of an example with its right side as the step makes it of the left one."""
    heads, given = left_of(table)
    name = step.partition(":")[0]
    parts = STEPS[name].parts
    part = next(p for p in ("features", "rows", "training", "split", "output") if p in parts)
    flow = f"data: {{roles: {roles or '{}'}}}\n" + (f"{step}\n" if part == "split" else f"{part}:\n  - {step}\n")
    engine = duckdb_session()
    columns = {h: pa.array([row[i] for row in given], from_pandas=True) for i, h in enumerate(heads)}
    ran = run(tilth.Flow.parse(flow), tilth.read(pa.table(columns), engine=engine), engine)
    tables = {n: engine.table(engine.whole(data)) for n, data in ran.parts.items()}
    if part == "split":
        tables = {n: t.append_column("split", pa.array([n] * len(t))) for n, t in tables.items()}
    out = pa.concat_tables(tables.values())
    rows = [list(row.values()) for row in out.to_pylist()]
    return shown(heads, given, out.column_names, sorted(rows, key=lambda row: [cell(x) for x in row]) if name in UNORDERED else rows)


def left_of(table: str) -> tuple[list[str], list[list[Any]]]:
    """The names and the values left of the arrow."""
    lines = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in table.strip().splitlines()]
    width = lines[0].index("→")
    return lines[0][:width], [[value(cell) for cell in row[:width]] for row in lines[2:] if any(row[:width])]


def value(cell: str) -> Any:
    found = yaml.safe_load(cell)
    return dt.datetime.fromisoformat(cell) if re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", cell) else found


def cell(x: Any) -> str:
    if isinstance(x, float):
        return f"{x:.4g}" if x != round(x) else f"{x:.1f}"
    if isinstance(x, dt.datetime):
        return f"{x:%Y-%m-%d %H:%M}"
    if isinstance(x, list):
        return "[" + ", ".join(map(cell, x)) + "]"
    if isinstance(x, dict):
        return "{" + ", ".join(f"{k}: {cell(v)}" for k, v in x.items()) + "}"
    if isinstance(x, str):
        return x if isinstance(yaml.safe_load(x), str) else f"'{x}'"
    return "null" if x is None else str(x).lower() if isinstance(x, bool) else str(x)


def shown(heads: list[str], given: list[list[Any]], names: list[str], rows: list[list[Any]]) -> str:
    lines = [[*heads, "→", *names], ["---"] * (len(heads) + 1 + len(names))]
    for i in range(max(len(given), len(rows))):
        left = map(cell, given[i]) if i < len(given) else [""] * len(heads)
        right = map(cell, rows[i]) if i < len(rows) else [""] * len(names)
        lines.append([*left, "", *right])
    return "".join(f"| {' | '.join(line)} |\n".replace("|  |", "| |") for line in lines)
