"""docs/transforms.md: every transform that people know from other products, and the step that does it, which is run here, or why none does.

`python -m tests.steps.test_transforms` writes the page from transforms.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import tilth
from tests.cases import cases
from tests.engines import duckdb_session
from tests.house.tree import ROOT
from tests.steps.cases import TABLES
from tilth.flow.flow import Flow
from tilth.steps.fitting import fit
from tilth.steps.step import Step, TablesStep
from tilth.testing.steps import ROLES, dataset, rows_of, sample_table

PAGE = ROOT / "docs" / "transforms.md"
PRODUCTS = cases(Path(__file__).with_name("transforms.yaml"))
HEAD = """# Where to find a transform

Look up a transform of SageMaker Data Wrangler, SageMaker Canvas or AWS Glue DataBrew, and copy the steps that do the same in a flow.
A test runs every step on this page on DuckDB, with a table that has these columns, and another table, `other`, which the flow names
under `data: {tables: …}`. Results may differ in the last digit; notes say where the meaning differs. To convert a whole recipe or
`.flow` file, use [`tilth convert`](convert.md).
"""


def entries() -> Iterator[dict[str, Any]]:
    for product in PRODUCTS:
        for group in product["groups"]:
            yield from group["transforms"]


def flow_of(entry: dict[str, Any]) -> Flow:
    part, steps = entry.get("part", "features"), entry["steps"]
    data = "data: {tables: {other: other.parquet}}\n"
    if part == "split":
        return tilth.Flow.parse(f"split: {steps[0]}")
    split = "split: {train: 0.8, test: 0.2}\n" if part == "training" else ""
    return tilth.Flow.parse(f"{data}{split}{part}:\n" + "".join(f"  - {step}\n" for step in steps))


def with_tables(step: Step) -> Step:
    return replace(step, tables=TABLES) if isinstance(step, TablesStep) else step


def page() -> str:
    lines = [HEAD]
    for product in PRODUCTS:
        lines.append(f"\n## {product['product']}\n")
        for group in product["groups"]:
            lines += [f"\n### {group['group']}\n", "\n| transform | in a flow |\n|---|---|\n"]
            lines += [f"| {', '.join(entry['names'])} | {_said(entry)} |\n" for entry in group["transforms"]]
    return "".join(lines)


def _said(entry: dict[str, Any]) -> str:
    if "why" in entry:
        return f"– {entry['why']}"
    part = entry.get("part", "features")
    before = "" if part == "features" else f"in `{part}`: "
    steps = "; ".join(f"`{step}`".replace("|", "\\|") for step in entry["steps"])
    return f"{before}{steps}" + (f" ({entry['note']})" if "note" in entry else "")


def test_the_page_is_that_of_the_file():
    assert PAGE.read_text() == page()


def test_a_name_is_listed_once_in_a_group():
    for product in PRODUCTS:
        for group in product["groups"]:
            names = [name for entry in group["transforms"] for name in entry["names"]]
            assert len(set(names)) == len(names)


@pytest.mark.slow
@pytest.mark.parametrize("entry", [e for e in entries() if "steps" in e], ids=lambda e: e["names"][0])
def test_the_steps_run(entry):
    """Unless `by` names the tests that run them."""
    flow = flow_of(entry)
    if "by" in entry:
        assert (ROOT / entry["by"]).exists()
        return
    steps = [with_tables(step) for _, step in flow.steps(entry.get("part", "features"))]
    _, data = fit(steps, dataset(sample_table(), ROLES), duckdb_session())
    assert rows_of(data, duckdb_session())


if __name__ == "__main__":
    PAGE.write_text(page())
