"""Findings of `asymmetric_shap`: their section, and the values of single items as a file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from tilth.report import Finding, Payload
from tilth.report.blocks import Block, Picture, Section, Words, code, counted, exact, table
from tilth.report.charts import curve, number
from tilth.report.finding import jsonable
from tilth.report.sections import ReportSection
from tilth.store.places import atomic
from tilth.store.uri import Place

MOST = 10  # columns with a chart


@dataclass(frozen=True)
class ForecastShap(Payload):
    """What a column, or all columns together, add to forecasts; the finding's value is the sum of the mean absolute values of its steps.

    `steps` count from the last known step, 0; static covariates have no steps. `means` and `sizes` have, for each step, the mean of its
    values and of their absolute values over items and forecast steps; `mean` is the sum of the means. `expected` is the mean forecast for
    the baseline.
    """

    KIND: ClassVar[str] = "asymmetric_shap"
    steps: tuple[int, ...] = ()
    means: tuple[float, ...] = ()
    sizes: tuple[float, ...] = ()
    mean: float = 0.0
    expected: float = 0.0
    items: int = 0
    horizon: int = 0
    direction: str = "chronological"
    granularity: str = "timewise"


@dataclass(frozen=True)
class ForecastValues(Payload):
    """The values of single items, each with `item_id`, `offset` and `explanations` in the format of SageMaker Clarify."""

    KIND: ClassVar[str] = "asymmetric_shap_values"
    items: tuple[Mapping[str, Any], ...] = ()


def save_items(values: ForecastValues, place: Place) -> None:
    """Write the values of single items as JSON Lines, atomically, in the format of SageMaker Clarify."""
    with atomic(place) as path:
        path.write_text("".join(f"{json.dumps(jsonable(line), ensure_ascii=False)}\n" for line in values.items), "utf-8")


# ── the section ──


def forecasts(found: Sequence[Finding[ForecastShap]]) -> Section:
    """The values of each column over time, and a table of the columns."""
    blocks: list[Block] = []
    for part in dict.fromkeys(f.part for f in found):
        here = [f for f in found if f.part == part]
        p, of = here[0].payload, f" in {code(part)}" if part else ""
        about = (
            f"The forecast of the baseline{of} is {number(p.expected)} on average; the values of an item add up to its forecast less this. "
        )
        blocks.append(Words(f"{about}{counted(p.items, 'item')}, {counted(p.horizon, 'step')} ahead, {p.direction.replace('_', '-')}."))
        for f in [f for f in here if f.payload.steps][:MOST]:
            title = f"Values of {f.columns} over time {part}".strip()
            drawn = curve(title, f.payload.steps, f.payload.means, key=f"asymmetric {title}")
            blocks.append(Picture(drawn, f"Mean values of {code(f.columns)} by step; 0 is the last known one{of}."))
        rows = [(code(f.columns), exact(f.number), exact(f.payload.mean)) for f in here]
        heads = ("column", "sum of mean sizes", "sum of means")
        blocks.append(table(f"Asymmetric Shapley values{of}", heads, rows, heads[1:], brief=12))
    first = found[0]
    lead = f"{code(first.columns)} moves the forecasts most: the mean sizes of its values add up to {exact(first.number)}."
    return Section("asymmetric_shap", "What moves the forecasts", tuple(blocks), lead=lead)


FORECASTS = ReportSection(ForecastShap, forecasts)
ITEMS = ReportSection(ForecastValues, lambda found: None)
