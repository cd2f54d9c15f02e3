"""select: only some columns stay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from tilth.data import Dataset, Roles, Schema
from tilth.data import select as selected
from tilth.errors import RequestError
from tilth.steps.step import Learned, Learning, Selector, Step

STAY = ("label", "prediction", "id", "time", "group", "weight", "split")


@dataclass(frozen=True)
class Select(Step):
    """Only the chosen columns stay, in the order of the table.

    A column that plays a part stays too (label, prediction, id, time, group, weight, split), unless it is taken away by its
    name, its role or a pattern with `!` in front: `select: numeric` keeps the label, `select: ["!id"]` drops the id.

    >>> print(Select(("numeric", "!income")))
    select(columns=['numeric', '!income'])
    """

    name = "select"
    parts = frozenset({"rows", "features"})
    learns = False
    learned_types: ClassVar[Mapping[str, Any]] = {"dropped": list[str]}

    columns: Selector
    """The columns that stay: names, kinds (numeric, categorical, temporal …), roles, patterns with `*`; `!` in front takes away."""

    def learning(self, schema: Schema, roles: Roles) -> Learning:
        yield ()
        dropped = self._dropped(schema, roles)
        if len(dropped) == len(schema):
            raise RequestError("select: no column would stay", hint="choose at least one", code="nothing-selected")
        return {"": {"dropped": dropped}}

    def _dropped(self, schema: Schema, roles: Roles) -> list[str]:
        words = (self.columns,) if isinstance(self.columns, str) else self.columns
        taken = [w for w in words if w.startswith("!") and w not in schema]
        chosen = set(selected(words, schema, roles)) if words else set()
        away = {n for w in taken for n in selected(w.removeprefix("!"), schema, roles)}
        if len(taken) == len(words) and words:
            chosen = set(schema.names) - away
        part = {c for role in STAY for c in roles.named().get(role, ())}
        return [n for n in schema.names if n not in chosen | (part - away)]

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        return data.change(dict.fromkeys(learned[""]["dropped"]))

    def touches(self, schema: Schema, roles: Roles) -> frozenset[str] | None:
        return frozenset(self._dropped(schema, roles))

    def by_name_only(self, schema: Schema) -> bool:
        words = (self.columns,) if isinstance(self.columns, str) else self.columns
        return bool(words) and all(w.startswith("!") and w.removeprefix("!") in schema for w in words)
