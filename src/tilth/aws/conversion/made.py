"""The result of converting one action of another product: steps of a flow, or the reason why there are none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tilth.aws.conversion.formulas import columns_of, inlined
from tilth.engine.user_sql.writing import identifier
from tilth.errors import ExpressionError
from tilth.flow.parts import PARTS
from tilth.steps import STEPS
from tilth.steps.step import Step
from tilth.yaml import yaml_value

FIXED = {"constant", "edges", "range", "log", "log1p", "sqrt", "square"}  # values of `with` that make a step learn nothing
EVERY_COLUMN = None
CASTS = {"integer": "bigint", "float": "double", "string": "string", "boolean": "boolean", "date": "date", "timestamp": "timestamp"}


class NotConverted(Exception):
    """An action has no counterpart; says why."""


@dataclass(frozen=True)
class Made:
    """A step of a flow: its name and parameters, the columns that it reads and writes (None: all of them), and how it differs."""

    name: str
    parameters: Mapping[str, Any]
    reads: frozenset[str] | None
    writes: frozenset[str] | None
    notes: tuple[str, ...] = ()
    tables: Mapping[str, str] = field(default_factory=dict)
    """Name → place of each further table that it reads."""

    @property
    def step(self) -> type[Step]:
        """The kind of step."""
        return STEPS[self.name]

    @property
    def learns(self) -> bool:
        """Whether it learns from the rows that it is fitted on."""
        return self.step.learns and self.name != "split" and self.parameters.get("with") not in FIXED

    @property
    def parts(self) -> frozenset[str]:
        """The parts of a flow that may contain it."""
        only_rows = (self.name == "join" and not self.parameters.get("lookup")) or (self.name == "dedupe" and "flag" in self.parameters)
        return frozenset({"rows"}) if only_rows else self.step.parts

    @property
    def changes_rows(self) -> bool:
        """Whether it makes, drops or sorts rows, so that it cannot stand in `features`."""
        return "features" not in self.parts

    def before(self, later: Made) -> bool:
        """Whether this step must stay in front of a later one: the one writes what the other reads or writes."""
        return _meet(self.writes, later.reads) or _meet(self.writes, later.writes) or _meet(self.reads, later.writes)

    @property
    def expressions(self) -> dict[str, str]:
        """Column → the formula that makes it, if the step is one of a row; else nothing."""
        if self.name == "cast" and "into" not in self.parameters:
            columns = self.parameters["columns"]
            listed = [columns] if isinstance(columns, str) else columns
            return {c: f"cast({identifier(c)} as {CASTS[self.parameters['to']]})" for c in listed}
        return {self.parameters["column"]: self.parameters["expression"]} if self.name == "formula" else {}

    def __str__(self) -> str:
        return f"{self.name}: {yaml_value(self.parameters)}" if self.parameters else self.name


def _meet(a: frozenset[str] | None, b: frozenset[str] | None) -> bool:
    if a is EVERY_COLUMN or b is EVERY_COLUMN:
        return a != frozenset() and b != frozenset()
    return bool(a & b)


def column_step(name: str, columns: Iterable[str], into: str = "", notes: Iterable[str] = (), **parameters: Any) -> Made:
    """A step on columns, in place or into a new column. `with_` is the parameter `with`; parameters that are None are left out."""
    chosen = list(columns)
    given = {key.rstrip("_"): value for key, value in parameters.items() if value is not None}
    target = {"into": into} if into and chosen != [into] else {}
    one_or_more = chosen[0] if len(chosen) == 1 else chosen
    return Made(name, {"columns": one_or_more, **given, **target}, frozenset(chosen), frozenset([into] if target else chosen), tuple(notes))


def formula(column: str, expression: str, reads: Iterable[str], *notes: str) -> Made:
    """A step `formula`."""
    return Made("formula", {"column": column, "expression": expression}, frozenset(reads), frozenset([column]), notes)


def reads_of(expression: str) -> frozenset[str]:
    """The columns that a formula of the user's reads. Errors: `NotConverted` for one that cannot be read."""
    try:
        return columns_of(expression)
    except ExpressionError as error:
        raise NotConverted(error.mistakes[0].message) from None


def without(columns: Iterable[str]) -> Made:
    """A step `select` that drops columns."""
    gone = list(columns)
    return Made("select", {"columns": [f"!{c}" for c in gone]}, frozenset(), frozenset(gone))


def renamed(old: str, new: str) -> tuple[Made, ...]:
    """The steps that rename a column, which becomes the last one."""
    return () if old == new else (formula(new, identifier(old), [old]), without([old]))


WAYS: dict[str, dict[str, Any]] = {"left": {"lookup": True}, "inner": {"many": "allow"}}


def joined(name: str, place: str, on: Mapping[str, str], how: str, there: Iterable[str] | None, chosen: list[str] | None = None) -> Made:
    """A step `join`. A left join is a lookup, which can be served. `there` are the columns of the other table, if known."""
    table = re.sub(r"\W", "_", name) or "other"
    parameters: dict[str, Any] = {"table": table, "on": dict(on), "how": how}
    if how not in WAYS:
        return Made("join", parameters, frozenset(on), frozenset(), (), {table: place})
    parameters |= {"suffix": "_1", **WAYS[how], **({} if chosen is None else {"columns": chosen})}
    writes = None if there is None else frozenset(c + end for c in there for end in ("", "_1"))
    notes = ["of columns that both have, the joined one ends in _1"]
    notes += ["a key that the joined table has twice is an error; its values are kept in the fitted flow"] if how == "left" else []
    return Made("join", parameters, frozenset(on), writes, tuple(notes), {table: place})


@dataclass(frozen=True)
class Item:
    """An action of the other product, and its result. `source` is its place, such as `step 3, RENAME`."""

    source: str
    made: tuple[Made, ...] = ()
    reason: str = ""
    """Why it was not converted."""
    shown: str = ""
    """Its text for a comment, if it was not converted."""


@dataclass(frozen=True)
class Placed:
    """A step of an item in a part of the flow, with a note on its place; without a step, an unconverted item."""

    item: Item
    made: Made | None = None
    notes: tuple[str, ...] = ()


def arranged(items: Iterable[Item]) -> dict[str, list[Placed]]:
    """Assign converted steps, and unconverted items, to the parts of a flow.

    Other products have one list of steps, a flow has parts. Steps that change single rows go to `features`, because they are served. For a
    step that makes, drops or sorts rows, the first possibility that gives the same result as the list is used:

    - `rows`, which runs before `features`, if it reads no column that an earlier step writes, or if it is a filter that can be expressed in
      the original columns;
    - `training`, which runs after `features`, if no later step writes a column that it reads;
    - `rows` together with the earlier steps that it needs, if no other step reads their results.

    Otherwise it is not converted.
    """
    todo = list(items)
    parts: dict[str, list[Placed]] = {"rows": [], "split": [], "features": [], "training": []}
    for i, item in enumerate(todo):
        here = parts["training"] or parts["features"] or parts["rows"]
        if not item.made:
            here += [Placed(item)] if item.reason else []  # without a reason there is nothing to do
        elif item.made[0].name == "split" and parts["split"]:
            here.append(Placed(replace(item, made=(), reason="a flow has one split")))
        elif item.made[0].name == "split":
            parts["split"].append(Placed(item, item.made[0]))
        elif not any(m.changes_rows for m in item.made):
            parts["features"] += [Placed(item, m) for m in item.made]
        else:
            later = [m for following in todo[i:] for m in following.made if not m.changes_rows]
            try:
                _place(replace(item, made=tuple(m for m in item.made if m.changes_rows)), parts, later)
                parts["features"] += [Placed(item, m) for m in item.made if not m.changes_rows]
            except NotConverted as why:
                here.append(Placed(Item(item.source, (), str(why), "; ".join(map(str, item.made)))))
    return {part.name: parts[part.name] for part in PARTS if parts.get(part.name)}


AHEAD = ("ahead of the steps that learn, which learn from the rows that are left",)
AS_READ = ("in terms of the columns as they are read",)
AFTER = ("after the features, on the training part only: other rows stay, and are predicted",)
MOVED = ("with the steps above that it needs; `rows` is not served: rows to predict must have been through them",)


def _place(item: Item, parts: Mapping[str, list[Placed]], later: list[Made]) -> None:
    """Add an item that changes rows to a part. Errors: `NotConverted` if no part is suitable."""
    rows, features, training = parts["rows"], parts["features"], parts["training"]
    behind_split = bool(training or parts["split"]) or not all("rows" in m.parts for m in item.made)
    needed: list[Placed] = []
    behind = list(item.made)
    for placed in reversed(features):
        if placed.made is not None and any(placed.made.before(m) for m in behind):
            needed.insert(0, placed)
            behind.append(placed.made)
    steps = [p.made for p in needed if p.made is not None]
    learned = any(p.made is not None and p.made.learns for p in features)
    if not behind_split and not needed:
        rows += [Placed(item, m, AHEAD if learned and m is item.made[0] else ()) for m in item.made]
    elif not behind_split and (condition := _as_read(item, steps)):
        rows.append(Placed(item, replace(item.made[0], parameters={**item.made[0].parameters, "where": condition}), AS_READ))
    elif all("training" in m.parts for m in item.made) and not any(m.before(other) for m in item.made for other in later):
        training += [Placed(item, m, AFTER) for m in item.made]
    elif behind_split:
        raise NotConverted("it changes rows after the split or a step of `training`, and cannot stand in `training` itself")
    elif any(m.learns or "rows" not in m.parts for m in steps):
        raise NotConverted("it changes rows by what earlier steps learn, and later steps change that again")
    else:
        stay = [*later, *(p.made for p in features if p.made is not None and p not in needed)]
        if any(m.before(other) for m in steps for other in stay):
            raise NotConverted("it changes rows by what earlier steps make, and later steps need that when a row is served")
        rows += [*needed, *(Placed(item, m, MOVED) for m in item.made)]
        features[:] = [p for p in features if p not in needed]


def _as_read(item: Item, needed: list[Made]) -> str:
    """The condition of a filter, expressed in the columns before the steps that it depends on; empty if that is not possible."""
    if item.made[0].name != "filter" or not all(m.expressions for m in needed):
        return ""
    condition: str = item.made[0].parameters["where"]
    for made in reversed(needed):
        for column, expression in made.expressions.items():
            condition = inlined(condition, column, expression)
    return condition
