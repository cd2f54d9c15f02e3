"""Converts preparation files of other products to a flow, and a list of what was not converted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from tilth.aws.conversion import glue_jobs
from tilth.aws.conversion.data_wrangler import flows
from tilth.aws.conversion.databrew import recipes
from tilth.aws.conversion.formulas import mistake_in
from tilth.aws.conversion.made import Item, Made, Placed, arranged
from tilth.errors import Mistake, RequestError, joined
from tilth.flow.files import parse
from tilth.flow.flow import Flow
from tilth.store.documents import document
from tilth.store.places import write_text
from tilth.yaml import comment_text, yaml_value

RECIPE, FLOW, JOB = "a recipe of AWS Glue DataBrew", "a flow of SageMaker Data Wrangler", "a job of AWS Glue"
LEARNS = {
    RECIPE: "learned from the training part; a recipe computes it again from the data of each run",
    FLOW: "learned anew, from the training part; what the file holds was learned from a sample",
    JOB: "learned from the training part",
}
MOST = 1_000  # actions; a recipe has at most 100
LINES = 100  # of code that was not converted
WIDTH = 300  # characters of a comment that quotes an unconverted action


@dataclass(frozen=True, repr=False)
class Conversion:
    """A converted file: the text of the flow, and what was not converted.

    `left_out` holds a sentence for each action that was not converted, `notes` one for each that may differ. `place` is the data that the
    flow reads, if it is known.
    """

    noun: ClassVar[str] = "action"

    name: str
    kind: str
    items: tuple[Item, ...]
    place: str | None = None

    @cached_property
    def parts(self) -> Mapping[str, Sequence[Placed]]:
        """Part of the flow → its steps and unconverted actions."""
        return arranged(self.items)

    @property
    def left_out(self) -> tuple[str, ...]:
        """The unconverted actions, each with its reason."""
        return tuple(f"{p.item.source}: {p.item.reason}" for p in self.in_order() if not p.made)

    @property
    def notes(self) -> tuple[str, ...]:
        """How the steps that were converted differ."""
        return tuple(f"{p.item.source}: {'; '.join(notes)}" for p in self.in_order() if (notes := _notes(self.kind, p)))

    def in_order(self) -> list[Placed]:
        """The converted and unconverted steps of all parts, in the order of the file."""
        order = {item.source: i for i, item in enumerate(self.items)}
        return sorted((p for part in self.parts.values() for p in part), key=lambda p: order[p.item.source])

    def __str__(self) -> str:
        return "\n".join(_lines(self)) + "\n"

    __repr__ = __str__

    @property
    def flow(self) -> Flow:
        """The flow, to be run here."""
        return Flow.parse(str(self))

    def save(self, path: str | Path) -> Path:
        """Write the flow to a file. Errors: `RequestError` for `NAME.tilth`: there is nothing learned."""
        if Path(path).suffix == ".tilth":
            message, hint = f"{self.kind} has learned nothing that could be kept", "write a flow file, NAME.yaml, and fit it: `tilth fit`"
            raise RequestError(message, hint=hint, code="not-fitted")
        return write_text(path, str(self))


def convert(path: str | Path, data: str | None = None) -> Conversion:
    """Convert a recipe of AWS Glue DataBrew (JSON or YAML), a flow of SageMaker Data Wrangler (`.flow`), or a job of AWS Glue to a flow.

    Of a job the nodes that detect sensitive data become steps.

    `data` is what the flow reads, by default what a Data Wrangler flow reads. What has no counterpart is a comment in the flow, with its
    reason, and one of `left_out`. No code that the file holds is run.

    Errors: `RequestError` for a file that cannot be read, or is none of these.

    >>> import json, tempfile
    >>> recipe = Path(tempfile.mkdtemp(), "recipe.json")
    >>> action = {"Operation": "FILL_WITH_AVERAGE", "Parameters": {"sourceColumn": "age"}}
    >>> _ = recipe.write_text(json.dumps([{"Action": action}, {"Action": {"Operation": "NOW"}}]))
    >>> conversion = convert(recipe)
    >>> print(conversion.flow.parts["features"][0], conversion.left_out)
    impute(columns='age', with='mean') ('step 2, NOW: it gives another result each time',)
    """
    given = document(path, "file to convert")
    name = Path(path).name
    steps, nodes, job = recipes.steps_of(given), flows.nodes_of(given), glue_jobs.nodes_of(given)
    if len(steps or nodes or job or ()) > MOST:
        raise RequestError(f"{str(path)!r} has {len(steps or nodes or job or ())} actions", accepted=f"at most {MOST}", code="too-large")
    if steps is not None:
        return Conversion(name, RECIPE, tuple(map(_checked, recipes.items_of(steps))), data)
    if nodes is not None:
        place = data or flows.source_of(flows.path_of(nodes))
        return Conversion(name, FLOW, tuple(map(_checked, flows.items_of(nodes))), place)
    if job is not None:
        return Conversion(name, JOB, tuple(map(_checked, glue_jobs.items_of(job))), data)
    accepted = f"{RECIPE} (a list of steps), {FLOW} (a mapping with `nodes`), or {JOB} (a mapping with `CodeGenConfigurationNodes`)"
    hint = "`tilth convert --help` lists the files of other products that can be converted, too"
    raise RequestError(f"{str(path)!r} is not a file that can be converted", accepted=accepted, hint=hint, code="not-convertible")


def _checked(item: Item) -> Item:
    """The item, unless a step of it is one that a flow does not accept."""
    mistakes = [m for made in item.made for m in _mistakes(made)]
    if not mistakes:
        return item
    reason = f"a flow does not accept it: {comment_text(mistakes[0].message)}"
    return replace(item, made=(), reason=reason, shown="; ".join(str(m) for m in item.made))


def _mistakes(made: Made) -> Iterator[Mistake]:
    """Mistakes of a step that can be detected without data."""
    part = next(part for part in ("split", "features", "rows", "training") if part in made.parts)
    steps = f"split: {yaml_value(made.parameters)}" if part == "split" else f"{part}:\n  - {made}\nsplit: {{train: 0.5, test: 0.5}}"
    try:
        parse(f"{steps}\ndata: {{tables: {yaml_value(made.tables)}}}\n")
    except RequestError as error:
        yield from error.mistakes
    if (text := made.parameters.get("expression", made.parameters.get("where"))) and (mistake := mistake_in(text)):
        yield mistake


def _notes(kind: str, placed: Placed) -> tuple[str, ...]:
    """How a step differs from the action."""
    made = placed.made
    return tuple(dict.fromkeys((*made.notes, *((LEARNS[kind],) if made.learns else ()), *placed.notes))) if made else ()


def _lines(conversion: Conversion) -> Iterator[str]:
    """The lines of the flow."""
    left = [p.item.source for p in conversion.in_order() if not p.made]
    done = f"{len(conversion.items) - len(left)} of {len(conversion.items)} actions"
    yield f"# Converted from {comment_text(conversion.name)}, {conversion.kind}: {done}."
    if left:
        yield f"# Not converted: {comment_text(joined(left))}; see the comments below."
    yield "# Say what to read, the roles of columns and a split, so that numbers are learned from training rows only."
    tables = {name: place for part in conversion.parts.values() for p in part if p.made for name, place in p.made.tables.items()}
    data = {**({"read": conversion.place} if conversion.place else {}), **({"tables": tables} if tables else {})}
    yield f"data: {yaml_value(data)}" if data else "# data: {read: DATA.csv}"
    split = conversion.parts.get("split", ())
    if split:
        yield from (f"# {comment_text('; '.join((p.item.source, *_notes(conversion.kind, p))))}" for p in split)
        yield from (f"split: {yaml_value(p.made.parameters)}" for p in split if p.made)
    elif any(p.made for p in conversion.parts.get("training", ())):
        yield "split: {train: 0.8, test: 0.2}  # the part `training` needs one"
    else:
        yield "# split: {train: 0.8, test: 0.2}"
    if not any(p.made for part in conversion.parts.values() for p in part):
        yield "features: []"
    for part, steps in conversion.parts.items():
        if part == "split":
            continue
        if any(p.made for p in steps):
            yield ""
            yield f"{part}:"
        for p in steps:
            if p.made:
                yield f"  # {comment_text('; '.join((p.item.source, *_notes(conversion.kind, p))))}"
                yield f"  - {p.made}"
            else:
                yield f"  # NOT CONVERTED {comment_text(p.item.source)}: {comment_text(p.item.reason)}"
                yield from (f"  #   {_printable(line)}" for line in p.item.shown.splitlines()[:LINES])


def _printable(line: str) -> str:
    """A line in a comment, with its indentation."""
    return "".join(c for c in line.expandtabs(4) if c.isprintable())[:WIDTH].rstrip()
