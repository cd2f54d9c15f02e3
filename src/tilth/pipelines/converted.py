"""The result of a conversion: a fitted flow, the flow file that can be fitted again, and how they differ from the pipeline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from tilth.data import Kind
from tilth.flow.assembling import assembled
from tilth.flow.files import parse
from tilth.flow.flow import Flow
from tilth.pipelines.plan import Plan, Planned
from tilth.store.places import atomic, write_text
from tilth.yaml import comment_text, yaml_value


@dataclass(frozen=True, repr=False)
class ConvertedPipeline:
    """A converted pipeline. `flow` is fitted, with the numbers that the pipeline has learned; `str()` is the flow file of its steps.

    `columns` are the output columns, in their order. `notes` say how a step differs, `left_out` what was not converted.
    """

    noun: ClassVar[str] = "step"

    name: str
    kind: str
    items: tuple[Planned, ...]
    columns: tuple[str, ...]
    kinds: Mapping[str, Kind]
    place: str | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()

    @cached_property
    def flow(self) -> Flow:
        """The fitted flow."""
        facts = {"converted": self.kind, "part": "unknown", "engine": "none"}
        return assembled(parse(str(self), self.name), self.kinds, [item.learned for item in self.items], facts)

    @property
    def notes(self) -> tuple[str, ...]:
        """How the steps differ from the pipeline."""
        return tuple(dict.fromkeys(f"{item.source}: {'; '.join(item.notes)}" for item in self.items if item.notes))

    def __str__(self) -> str:
        return "\n".join(_lines(self)) + "\n"

    __repr__ = __str__

    def save(self, path: str | Path) -> Path:
        """Save the fitted flow (`NAME.tilth`), or the flow file with the models that its steps name next to it."""
        if Path(path).suffix == ".tilth":
            return self.flow.save(path)
        for name, content in self.files.items():
            with atomic(Path(path).parent / name) as new:
                new.write_bytes(content)
        return write_text(path, str(self))


def converted(
    name: str, kind: str, plan: Plan, columns: tuple[str, ...], place: str | None, left_out: tuple[str, ...] = ()
) -> ConvertedPipeline:
    """The conversion of a plan. Errors: `RequestError` for a formula in it that a flow does not accept."""
    kinds = {column: kind or Kind.FLOAT for column, kind in plan.kinds.items()}
    made = ConvertedPipeline(name, kind, tuple(plan.steps), columns, kinds, place, plan.files, left_out)
    _ = made.flow  # made now, to report mistakes early
    return made


def _lines(made: ConvertedPipeline) -> Iterator[str]:
    """The lines of the flow file."""
    yield f"# Converted from {comment_text(made.name)}, {made.kind}."
    yield from (f"# Not converted: {comment_text(reason)}" for reason in made.left_out)
    yield "# Fit again, its steps learn from the training part. The fitted flow has the numbers that the pipeline had learned."
    yield f"data: {yaml_value({'read': made.place})}" if made.place else "# data: {read: DATA.csv}"
    yield "# split: {train: 0.8, test: 0.2}"
    yield ""
    yield "features:" if made.items else "features: []"
    source = None
    for item in made.items:
        if (says := "; ".join((item.source, *item.notes))) != source:
            yield f"  # {comment_text(says)}"
            source = says
        yield f"  - {item.step.name}: {yaml_value(_parameters(item))}"


def _parameters(item: Planned) -> dict[str, Any]:
    """The parameters of a step as a flow file writes them."""
    given = item.step.parameters()
    one = given.get("columns")
    if isinstance(one, list) and len(one) == 1 and item.step.name not in ("transform", "predict", "select"):
        given["columns"] = one[0]
    if "rename" in given:
        given["rename"] = dict(given["rename"])
    return given
