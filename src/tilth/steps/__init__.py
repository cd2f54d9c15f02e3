"""One file per step: what it learns, and the columns or rows it makes.

`STEPS` is the shelf: name → class, in the order in which pages list them. A class is imported when it is first asked for. A package of
its own offers steps through the entry-point group `tilth.steps`, each under the step's name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tilth.steps.step import Step

GROUP = "tilth.steps"
OURS = {
    "select": "tilth.steps.select:Select",
    "cast": "tilth.steps.cast:Cast",
    "null_if": "tilth.steps.null_if:NullIf",
    "filter": "tilth.steps.filter:Filter",
    "dedupe": "tilth.steps.dedupe:Dedupe",
    "formula": "tilth.steps.formula:Formula",
    "impute": "tilth.steps.impute:Impute",
    "scale": "tilth.steps.scale:Scale",
    "encode": "tilth.steps.encode:Encode",
    "split": "tilth.steps.split:Split",
    "shuffle": "tilth.steps.shuffle:Shuffle",
    "balance": "tilth.steps.balance:Balance",
}


class Shelf(Mapping[str, "type[Step]"]):
    """Steps by their names, imported when they are asked for. Ours win over strangers' of the same name."""

    def __getitem__(self, name: str) -> type[Step]:
        if name in OURS:
            module, _, kind = OURS[name].partition(":")
            found: type[Step] = getattr(import_module(module), kind)
            return found
        loaded: type[Step] = _strangers()[name].load()
        return loaded

    def __iter__(self) -> Iterator[str]:
        yield from OURS
        yield from (name for name in _strangers() if name not in OURS)

    def __len__(self) -> int:
        return len(OURS.keys() | _strangers().keys())

    def __contains__(self, name: object) -> bool:
        return name in OURS or name in _strangers()


@cache
def _strangers() -> Mapping[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


STEPS = Shelf()
