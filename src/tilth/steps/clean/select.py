"""select: only some columns stay, in an order and with names of your own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

from tilth.data import Dataset, Roles, Schema, reject_duplicate_names, words_of
from tilth.data import select as selected
from tilth.errors import Mistake, RequestError, unknown
from tilth.steps.clean.move import rearranged
from tilth.steps.step import Learned, Learning, Selector, Step

STAY = ("label", "prediction", "id", "time", "group", "weight", "split")


@dataclass(frozen=True)
class Select(Step):
    """Only the chosen columns stay, in the order of the table or of `columns`, and under new names if you wish.

    A column with the role label, prediction, id, time, group, weight or split stays too, unless you exclude it by its name, its role or a
    pattern with `!` in front: `select: numeric` keeps the label, `select: ["!id"]` drops the id. With `order: columns` it comes last,
    unless it is named there.

    Errors: a column that does not exist; no column left; two columns with the same name; a new name for a column with a role other than
    `private`, because the role refers to the old name.

    >>> print(Select(("numeric", "!income")))
    select(columns=['numeric', '!income'])
    """

    name = "select"
    parts = frozenset({"rows", "features"})
    learns = False
    learned_types: ClassVar[Mapping[str, Any]] = {"dropped": list[str], "columns": list[str] | None, "names": list[str] | None}

    columns: Selector
    """The columns that stay: names, kinds (numeric, categorical, temporal …), roles, patterns with `*`; `!` in front excludes."""
    order: Literal["table", "columns"] = "table"
    """Their order: as in the table, or as in `columns`."""
    rename: tuple[tuple[str, str], ...] | Mapping[str, str] = ()
    """Column → its new name."""

    def learning(self, schema: Schema, roles: Roles) -> Learning:
        yield ()
        dropped = self._dropped(schema, roles)
        if len(dropped) == len(schema):
            raise RequestError("select: no column would stay", hint="choose at least one", code="nothing-selected")
        kept = [n for n in schema.names if n not in dropped]
        self._reject(kept, schema, roles)
        if self.order == "columns":
            words = words_of(self.columns)
            named = [c for word in words if not word.startswith("!") or word in schema for c in selected(word, schema, roles)]
            kept = [c for c in dict.fromkeys((*named, *kept)) if c in kept]
        names = dict(self.rename)
        moved = {"columns": kept, "names": [names.get(c, c) for c in kept]} if self._moves else {}
        return {"": {"dropped": dropped, **moved}}

    @property
    def _moves(self) -> bool:
        """Whether columns change their places or names."""
        return self.order == "columns" or bool(self.rename)

    def _reject(self, kept: Sequence[str], schema: Schema, roles: Roles) -> None:
        """Reject new names for columns that do not stay or have a role, and names that two columns would have."""
        names = dict(self.rename)
        mistakes = unknown([c for c in names if c not in kept], kept, "select: no column {} stays that could be renamed", "unknown-column")
        of = {c: role for role, columns in roles.named().items() if role != "private" for c in columns}
        hint = "rename the column at the source, or give the role to the new name by a flow of its own"
        mistakes += [
            Mistake(f"select: column {c!r} has the role {of[c]!r}, which speaks of it by this name", hint=hint, code="renamed-role")
            for c in names
            if c in of
        ]
        RequestError.reject(mistakes)
        reject_duplicate_names(names.get(c, c) for c in kept)

    @property
    def adds_columns(self) -> bool:
        return bool(self.rename)

    def _dropped(self, schema: Schema, roles: Roles) -> list[str]:
        words = words_of(self.columns)
        taken = [w for w in words if w.startswith("!") and w not in schema]
        chosen = set(selected(words, schema, roles)) if words else set()
        away = {n for w in taken for n in selected(w.removeprefix("!"), schema, roles)}
        if len(taken) == len(words) and words:
            chosen = set(schema.names) - away
        part = {c for role in STAY for c in roles.named().get(role, ())}
        return [n for n in schema.names if n not in chosen | (part - away)]

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        columns = learned[""].get("columns")
        kept = data.change(dict.fromkeys(learned[""]["dropped"]))
        if columns is None:
            return kept
        names = dict(zip(columns, learned[""]["names"], strict=True))
        private = tuple(names.get(c, c) for c in data.roles.private)
        return replace(rearranged(kept, names), roles=replace(data.roles, private=private))

    def touches(self, schema: Schema, roles: Roles) -> frozenset[str] | None:
        if self._moves:
            return None
        return frozenset(self._dropped(schema, roles))

    def by_name_only(self, schema: Schema) -> bool:
        words = words_of(self.columns)
        return not self._moves and bool(words) and all(w.startswith("!") and w.removeprefix("!") in schema for w in words)
