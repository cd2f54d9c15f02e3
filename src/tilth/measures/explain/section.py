"""Payloads and report sections of Shapley values: features, units of texts, and texts with marked units."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tilth.measures.explain.local import UnitValue
from tilth.report import Finding, Payload
from tilth.report.blocks import Marked, Picture, Section, Words, code, counted, exact, table
from tilth.report.charts import bars, number
from tilth.report.sections import ReportSection

MOST = 30  # features in the chart
AGGREGATES = {"mean_abs": "mean |SHAP value|", "median": "median SHAP value", "mean_sq": "mean squared SHAP value"}

AGGREGATE: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "mean_abs": lambda x: np.abs(x).mean(axis=0),
    "median": lambda x: np.median(x, axis=0),
    "mean_sq": lambda x: (x**2).mean(axis=0),
}


@dataclass(frozen=True)
class ShapValue(Payload):
    """The Shapley values of a feature for an `output` of a model; the finding's value is their aggregate (`of`) over all explained rows.

    `mean`, `least` and `most` are computed from the signed values; `expected` is the model's value over the `background` rows on the scale
    of `link`, averaged over rows if it depends on them. `coalitions`: the largest number of coalitions predicted for a row; `exact`:
    whether these are all. `method`: `kernel`, from predictions, or `trees`, from the model's trees.
    """

    KIND: ClassVar[str] = "shap"
    output: str = ""
    of: str = "mean_abs"
    mean: float = 0.0
    least: float = 0.0
    most: float = 0.0
    expected: float = 0.0
    link: str = "identity"
    rows: int = 0
    background: int = 0
    coalitions: int = 0
    exact: bool = False
    method: str = "kernel"


@dataclass(frozen=True)
class ShapUnit(Payload):
    """The Shapley values of all occurrences of a unit `text`, such as a word, in a column; the finding's value is their aggregate."""

    KIND: ClassVar[str] = "shap_unit"
    output: str = ""
    text: str = ""
    of: str = "mean_abs"
    mean: float = 0.0
    occurrences: int = 0


@dataclass(frozen=True)
class ShapText(Payload):
    """A `text` with the Shapley values of its `units` for the output with the highest prediction; the finding's value is their sum.

    `expected` is the model's value without the units and all other features, `predicted` its value for the row.
    """

    KIND: ClassVar[str] = "shap_text"
    output: str = ""
    text: str = ""
    units: tuple[UnitValue, ...] = ()
    expected: float = 0.0
    predicted: float = 0.0


def shap(found: Sequence[Finding[ShapValue]]) -> Section:
    """A chart and a table of the features for each output and part, the greatest first."""
    blocks: list[Any] = []
    for part, output in dict.fromkeys((f.part, f.payload.output) for f in found):
        here = [f for f in found if (f.part, f.payload.output) == (part, output)]
        p = here[0].payload
        scale = "log-odds of " if p.link == "logit" else ""
        of = f" of {scale}{code(output)}{f' in {code(part)}' if part else ''}"
        how = "all coalitions of features" if p.exact else f"{counted(p.coalitions, 'coalition')} of features for each row"
        how = "exact values from the model's trees" if p.method == "trees" else how
        about = f"Over the background of {counted(p.background, 'row')} the model's value{of} is {number(p.expected)}; "
        blocks.append(Words(f"{about}the values of a row add up to its prediction less this. {counted(p.rows, 'row')}, {how}."))
        title = f"{AGGREGATES[p.of]}{of}"
        values = {f.columns: f.number for f in here[:MOST]}
        blocks.append(Picture(bars(f"SHAP values {output} {part}".strip(), values, key=f"shap {output} {part}"), f"{title}."))
        rows = [(code(f.columns), *map(exact, (f.number, f.payload.mean, f.payload.least, f.payload.most))) for f in here]
        heads = ("feature", AGGREGATES[p.of], "mean", "least", "most")
        blocks.append(table(f"SHAP values{of}", heads, rows, heads[1:], brief=12))
    first = found[0]
    lead = f"{code(first.columns)} moves {code(first.payload.output)} most: its {AGGREGATES[first.payload.of]} is {exact(first.number)}."
    return Section("shap", "What drives the predictions", tuple(blocks), lead=lead)


def units(found: Sequence[Finding[ShapUnit]]) -> Section:
    """A table of the units for each column, output and part, the greatest first."""
    blocks: list[Any] = []
    for part, column, output in dict.fromkeys((f.part, f.columns, f.payload.output) for f in found):
        here = [f for f in found if (f.part, f.columns, f.payload.output) == (part, column, output)]
        of = f" of {code(output)} in {code(column)}{f', {code(part)}' if part else ''}"
        aggregate = AGGREGATES[here[0].payload.of]
        rows = [(code(p.text), exact(f.number), exact(p.mean), number(p.occurrences)) for f in here for p in (f.payload,)]
        heads = ("text", aggregate, "mean", "occurrences")
        blocks.append(table(f"SHAP values{of}", heads, rows, heads[1:], brief=12))
    first = found[0]
    lead = f"{code(first.payload.text)} moves {code(first.payload.output)} most: its {aggregate} is {exact(first.number)}."
    return Section("shap-units", "Which words drive the predictions", tuple(blocks), lead=lead)


def texts(found: Sequence[Finding[ShapText]]) -> Section:
    """Texts with their units marked by their values."""
    legend = "A number with + says how much a part of the text raises the value, one with − how much it lowers it; parts without do little."
    blocks: list[Any] = [Words(legend)]
    for f in found:
        p = f.payload
        where = f"{code(f.columns)}{f' in {code(f.part)}' if f.part else ''}"
        about = f"{code(p.output)} is {exact(p.predicted)}, without text and other features {exact(p.expected)}; "
        blocks += [Words(f"{about}{where} adds {exact(f.number)}:"), Marked(marked(p))]
    return Section("shap-texts", "Texts, word by word", tuple(blocks), lead=f"{counted(len(found), 'text')} whose words add and take most.")


def marked(payload: ShapText) -> tuple[tuple[str, float], ...]:
    """The text in pieces, each with its value; 0 between the units.

    >>> marked(ShapText("yes", "so good", (UnitValue("good", 3, (0.5,)),)))
    (('so ', 0.0), ('good', 0.5))
    """
    pieces, at = [], 0
    for unit in payload.units:
        pieces += [(payload.text[at : unit.start], 0.0), (unit.text, unit.values[0])]
        at = unit.start + len(unit.text)
    return tuple((text, value) for text, value in (*pieces, (payload.text[at:], 0.0)) if text)


SHAP = ReportSection(ShapValue, shap)
UNITS = ReportSection(ShapUnit, units)
TEXTS = ReportSection(ShapText, texts)
