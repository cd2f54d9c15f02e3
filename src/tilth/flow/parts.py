"""The parts of a flow that hold steps, one row each, in the order in which they run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tilth.steps.step import Part, Step


@dataclass(frozen=True)
class FlowPart:
    """A part of the flow.

    `changes`: what its steps change, in a report. `learns_on`: the whole table, or the training part only. `served`: whether its steps
    also run on a served row.
    """

    name: Part
    meaning: str
    changes: str
    learns_on: Literal["table", "train"] = "train"
    served: bool = False


PARTS = (
    FlowPart(
        "rows",
        "Steps on the whole table, before the split; never served.",
        changes="the whole table",
        learns_on="table",
    ),
    FlowPart("split", "Name → share of each part, and `by`: how rows are assigned.", changes="the split", learns_on="table"),
    FlowPart(
        "features", "Steps row in, row out; learned on the training part only; exactly what is served.", changes="every row", served=True
    ),
    FlowPart("training", "Steps on the training part only: rows may be made or dropped.", changes="training rows only"),
    FlowPart(
        "output",
        "Steps on what a model gave, after the features, when the flow is applied or served; never trained on.",
        changes="rows that are applied or served",
        served=True,
    ),
)
BY_NAME = {part.name: part for part in PARTS}
SERVED = tuple(part.name for part in PARTS if part.served)
LISTS = tuple(part for part in PARTS if part.name != "split")  # the split is one step, and written as a mapping


def misplaced(kind: type[Step] | Step, name: Part) -> str:
    """Why a step may not be in a part."""
    part = BY_NAME[name]
    if part.learns_on == "table" and "features" in kind.parts:
        return f"{kind.name} learns from the rows it sees, and ahead of the split it would see the test part too"
    if name != "training" and kind.parts == {"training"}:
        return f"{kind.name} makes or drops rows for the model's sake, so it may touch the training part only"
    if part.served and not kind.parts & set(SERVED):
        return f"{kind.name} changes which rows there are, and `{name}` is served: one row in, one row out"
    return f"{kind.name} is not a step of `{name}`"
