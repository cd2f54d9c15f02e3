"""The conversion of a fitted pipeline: steps with what they learned, and the columns that they read and make.

A pipeline gives each of its parts a copy of the columns, while a step works in place or adds columns. So the plan records for each column
whether it may be changed in place (`own`): if only one part of the pipeline takes it, or if a step of the plan has made it. The last step
drops columns that are not wanted in the result.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeVar

from tilth.data import Kind
from tilth.engine.user_sql.writing import identifier
from tilth.errors import RequestError
from tilth.steps.clean.formula import Formula
from tilth.steps.clean.select import Select
from tilth.steps.encode.encode import Encode
from tilth.steps.step import COLUMN, ColumnStep, Learned, Step

T = TypeVar("T", bound=ColumnStep)
MOST_COLUMNS = 10_000  # that a flow makes of a pipeline


class Unsupported(Exception):
    """A part of a pipeline has no step that does the same; says why."""


class Feature(NamedTuple):
    """A column of the plan: whether it may be changed in place, and whether fitting the steps again would make a column of this name."""

    name: str
    own: bool = False
    lasting: bool = True


@dataclass(frozen=True)
class Planned:
    """A step, what it learned, the part of the pipeline that it replaces, and how it differs from that."""

    step: Step
    learned: Learned
    source: str
    notes: tuple[str, ...] = ()


@dataclass
class Plan:
    """The steps so far. `kinds` are the kinds of the input columns, None if not known yet."""

    kinds: dict[str, Kind | None]
    steps: list[Planned] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    """Name → content of each model that a step holds."""
    taken: set[str] = field(default_factory=set)
    """The names of all present and earlier columns, in folded case."""
    there: dict[str, bool] = field(default_factory=dict)
    """The present columns, and whether they last: see `Feature`."""

    used: set[str] = field(default_factory=set)
    """The columns that steps read."""

    def __post_init__(self) -> None:
        self.taken |= {name.casefold() for name in self.kinds}
        self.there |= dict.fromkeys(self.kinds, True)

    def copy(self) -> Plan:
        """A copy of the state of the plan, to restore it later."""
        return replace(
            self,
            kinds={**self.kinds},
            steps=[*self.steps],
            files={**self.files},
            taken={*self.taken},
            there={**self.there},
            used={*self.used},
        )

    def restore(self, earlier: Plan) -> None:
        """Return to an earlier state."""
        vars(self).update(vars(earlier))

    def add(self, step: Step, learned: Learned, source: str, *notes: str) -> None:
        """Add a step. Errors: `RequestError` for numbers that are not finite: a column without a value in training."""
        for column, state in learned.items():
            self.used |= {column, *state.get("columns", ())}
            if any(isinstance(x, float) and not math.isfinite(x) for value in state.values() for x in _numbers(value)):
                message = f"{source}: what was learned of column {column!r} is not finite: it had no value in training"
                raise RequestError(message, hint="leave the column out, or fill it first", code="all-null")
        self.steps.append(Planned(step, learned, source, notes))

    def made(self, name: str, lasting: bool = True) -> Feature:
        """A new column, by this name or the next one that no column has."""
        return Feature(self.fresh(name, lasting), True, lasting)

    def gone(self, features: Iterable[Feature]) -> None:
        """Note that a step drops columns."""
        for feature in features:
            self.there.pop(feature.name, None)

    def fresh(self, name: str, lasting: bool = True) -> str:
        """The name of a new column: this one, or the next that no column has."""
        free = _free(name, self.taken)
        self.taken.add(free.casefold())
        self.there[free] = lasting
        if len(self.taken) > MOST_COLUMNS:
            raise RequestError(f"the pipeline makes more than {MOST_COLUMNS:,} columns", code="too-many-columns")
        return free

    def read_as(self, features: Sequence[Feature], *kinds: Kind) -> None:
        """Set the kinds (one for each, or one for all) of input columns.

        Errors: `Unsupported` if another part of the pipeline requires an incompatible kind.
        """
        for feature, kind in zip(features, kinds * len(features) if len(kinds) == 1 else kinds, strict=True):
            if feature.name in self.kinds:
                self.kinds[feature.name] = _both(feature.name, self.kinds[feature.name], kind)

    def named(self, features: Sequence[Feature], names: Sequence[str] | None) -> list[str]:
        """Names for columns that are each made from one column: the wanted or the old name; in place if allowed, else new."""
        wanted = names or [f.name for f in features]
        return [f.name if f.own and f.name == name else self.fresh(name, f.lasting) for f, name in zip(features, wanted, strict=True)]

    def one_by_one(
        self,
        source: str,
        features: Sequence[Feature],
        names: Sequence[str] | None,
        make: Callable[[tuple[str, ...], str], ColumnStep],
        learned: Sequence[Mapping[str, Any]],
        *notes: str,
    ) -> list[Feature]:
        """Steps that make one column of each. `make` gives the step of some columns and `into`."""
        return self.each(source, features, self.named(features, names), make, learned, *notes)

    def each(
        self,
        source: str,
        features: Sequence[Feature],
        made: Sequence[str],
        make: Callable[[tuple[str, ...], str], ColumnStep],
        learned: Sequence[Mapping[str, Any]],
        *notes: str,
    ) -> list[Feature]:
        """The same, with names that `named` has given."""
        groups: dict[str, list[int]] = {}
        for i, (feature, name) in enumerate(zip(features, made, strict=True)):
            groups.setdefault("" if name == feature.name else _into(feature.name, name), []).append(i)
        for into, places in groups.items():
            step = make(tuple(features[i].name for i in places), into)
            self.add(step, {features[i].name: learned[i] for i in places}, source, *notes)
        return [Feature(name, True, f.lasting) for f, name in zip(features, made, strict=True)]

    def owned(self, source: str, features: Sequence[Feature]) -> list[Feature]:
        """The columns as copies, where another part takes them too."""
        return [f if f.own else self._copied(source, f, f.name) for f in features]

    def copies(self, source: str, features: Sequence[Feature], names: Sequence[str]) -> list[Feature]:
        """Copies of columns."""
        return [self._copied(source, f, name) for f, name in zip(features, names, strict=True)]

    def _copied(self, source: str, feature: Feature, name: str) -> Feature:
        made = self.made(name, feature.lasting)
        self.used.add(feature.name)
        self.add(Formula(made.name, identifier(feature.name)), {"": {}}, source)
        return made

    def encoded(
        self,
        source: str,
        features: Sequence[Feature],
        names: Sequence[Sequence[str | None]],
        steps: Sequence[Encode],
        learned: Sequence[Callable[[list[str | None]], Mapping[str, Any]]],
        *notes: str,
        lasting: bool = False,
    ) -> list[Feature]:
        """Add steps that make several columns from each column. `names` are the wanted names (None: left out); `learned` is given."""
        made: list[Feature] = []
        groups: dict[Encode, dict[str, Any]] = {}
        for feature, wanted, step, state in zip(features, names, steps, learned, strict=True):
            fresh = [None if name is None else self.fresh(name, lasting) for name in wanted]
            made += [Feature(name, True, lasting) for name in fresh if name is not None]
            group = replace(step, into=step.into or self.beginning(feature, wanted))
            groups.setdefault(group, {})[feature.name] = state(fresh)
        for group, of in groups.items():
            self.add(replace(group, columns=tuple(of)), of, source, *notes)
            self.gone(Feature(name) for name in of if not group.into)
        return made

    def beginning(self, feature: Feature, names: Sequence[str | None]) -> str:
        """The parameter `into` that gives new columns of one column the same prefix as these names."""
        begin = next((name.partition(feature.name)[0] for name in names if name is not None and f"{feature.name}_" in name), "")
        begin = "" if {*"{}"} & {*begin} else begin
        return f"{begin}{COLUMN}" if begin or not feature.own else ""

    def finish(self, source: str, features: Sequence[Feature], names: Sequence[str]) -> tuple[str, ...]:
        """Add the last step, which selects these columns with these names in this order. Returns the names; clashing ones are changed.

        If a later fit could make other columns, the step names the columns to drop instead.
        """
        finals, taken = list[str](), set[str]()
        for name in names:
            finals.append(_free(name, taken))
            taken.add(finals[-1].casefold())
        once = dict.fromkeys(f.name for f in features)
        columns = [f if once.pop(f.name, 0) is None else self._copied(source, f, f.name) for f in features]
        chosen = [f.name for f in columns]
        gone = [name for name in self.there if name not in chosen]
        renamed = {f.name: name for f, name in zip(columns, finals, strict=True) if f.lasting and f.name != name}
        state = {"": {"dropped": gone, "columns": chosen, "names": finals}}
        if all(f.lasting for f in columns):
            self.add(Select(tuple(chosen), order="columns", rename=renamed), state, source)
        else:
            stay = ", and keep the originals" if any(not self.there[name] for name in gone) else ""
            note = f"if you fit the flow again, its steps name and order columns of categories and words{stay}"
            self.add(Select(tuple(f"!{name}" for name in gone if self.there[name]) or ("*",), rename=renamed), state, source, note)
        return tuple(finals)


def step_of(kind: type[T], columns: tuple[str, ...], into: str, **parameters: Any) -> T:
    """A step of columns."""
    return kind(columns, into=into, **parameters)


def _free(name: str, taken: Collection[str]) -> str:
    """This name, or the next that is not taken; `taken` are in folded case."""
    free, n = name, 2
    while free.casefold() in taken:
        free, n = f"{name}_{n}", n + 1
    return free


def _numbers(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]


def _into(column: str, name: str) -> str:
    """The parameter `into` that gives a column this name; with `{column}` if the name contains the column's name."""
    before, after = (name.removesuffix(column), "") if name.endswith(column) else ("", name.removeprefix(column))
    holds = name == f"{before}{column}{after}" and not {*"{}"} & {*before, *after}
    return f"{before}{COLUMN}{after}" if holds else name


def _both(name: str, a: Kind | None, b: Kind) -> Kind:
    """The kind of a column that two parts read. Numbers include integers."""
    if a is None or a is b or (a is Kind.FLOAT and b is Kind.INTEGER):
        return b
    if a is Kind.INTEGER and b is Kind.FLOAT:
        return a
    raise Unsupported(f"column {name!r} is read as {a} by one part, and as {b} by another")
