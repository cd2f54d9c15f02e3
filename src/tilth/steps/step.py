"""What a step is: it describes itself, learns numbers, and changes columns or rows."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, ClassVar, Literal, NamedTuple, TypeAlias, TypeVar

from sqlglot.expressions import Expression as Tree

from tilth.data import Change, Column, Dataset, Kind, Memory, Roles, Rows, Schema, select, words_of
from tilth.engine.expressions import col
from tilth.engine.session import Session
from tilth.errors import Mistake, RequestError, did_you_mean, listed
from tilth.metrics.columns import RowCount
from tilth.metrics.metric import Question, Where
from tilth.shelf import PYTHON_ONLY, Parameterized
from tilth.steps.missing import present

K = TypeVar("K")
T = TypeVar("T")
VOID = (Kind.STRING, Kind.NULL)  # the kinds of a column without values, as files and frames are read
COLUMN = "{column}"  # placeholder for a column's name in `into`
Part = Literal["rows", "split", "features", "training", "output"]
Selector: TypeAlias = str | tuple[str, ...]
Learned: TypeAlias = Mapping[str, Mapping[str, Any]]
"""What a step learned: column → name → a number, string, boolean, null, or a list of them. A step of whole rows uses the column `""`."""


@dataclass(frozen=True)
class Elsewhere:
    """A question about another table."""

    data: Dataset
    question: Question


Asking: TypeAlias = Generator[Iterable[Question | Elsewhere], Mapping[Any, Any], T]
"""Yields metrics and needs, is sent their values by need, and returns a T."""
Learning: TypeAlias = Asking[Learned]


@dataclass(frozen=True)
class Step(Parameterized, ABC):
    """A step as described: a frozen dataclass of the parameters as the flow file gives them.

    `learning` is a generator: it yields the metrics and needs that it asks for, is sent their values, may ask again, and returns what it
    learned. `made` gives the changed table from that. Neither keeps state; a step and what it learned are a `Fitted`.

    A parameter that is a mapping becomes a tuple of pairs. A step with `mistakes` cannot be made.
    """

    name: ClassVar[str]
    parts: ClassVar[frozenset[Part]]  # the parts that may contain it; parameters may restrict them
    learns: ClassVar[bool] = True  # whether what it does depends on the rows it was fitted on
    corrects: ClassVar[bool] = False  # whether it corrects the probabilities of a model that learned from other class shares
    predicts: ClassVar[bool] = False  # whether it predicts with a model, so that it has a `predictor` for measures of a model
    names_columns: ClassVar[bool] = False  # whether `by_name_only` holds for every table
    makes_rows: ClassVar[bool] = False  # whether served rows are like the rows that it makes, not like its input
    makes_columns: ClassVar[bool] = False  # whether `adds_columns` holds whatever its parameters
    learned_types: ClassVar[Mapping[str, Any] | None] = None  # the result of `state`, if it is the same for every column
    part_hint: ClassVar[str] = ""  # how a parameter allows it in another part
    shorthand: ClassVar[str] = "columns"  # the parameter that is meant where the flow file gives the step one value and no mapping

    def __post_init__(self) -> None:
        for f in fields(self):
            if f.metadata != PYTHON_ONLY and isinstance(given := getattr(self, f.name), Mapping):
                object.__setattr__(self, f.name, tuple(given.items()))
        RequestError.reject(self.mistakes())

    def mistakes(self) -> Iterable[Mistake]:
        """Mistakes in the parameters."""
        return ()

    @abstractmethod
    def learning(self, schema: Schema, roles: Roles) -> Learning:
        """The generator that learns from a table with these columns: it yields needs, is sent the answers, and returns what it learned."""

    @abstractmethod
    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        """The changed table. `schema` is the schema of the table that the step learned from."""

    def made_for_training(self, data: Dataset, schema: Schema, learned: Learned, training: Tree) -> Dataset:
        """The changed table. Rows for which `training` is true get the values for training a model.

        These differ if the step learned from the label, because a row must not reveal its own label.
        """
        return self.made(data, schema, learned)

    def running(self, engine: Session) -> AbstractContextManager[None]:
        """A context that limits the queries that make the step's rows in a flow."""
        return nullcontext()

    def refused(self, roles: Roles) -> tuple[Mistake, ...]:
        """Mistakes of the step for a table with these roles that can be detected before any data is read."""
        return ()

    def mismatched(self, others: Iterable[Step]) -> tuple[Mistake, ...]:
        """Mistakes of the step in combination with the other steps of a flow."""
        return ()

    def unfit(self, columns: Iterable[Column], why: Callable[[Column], str]) -> list[Mistake]:
        """A mistake for each column of a kind that the step cannot treat; `why` gives the reason, or an empty string if it can."""
        message = f"{self.name}: column {{!r}} ({{}}) {{}}".format
        return [Mistake(message(c.name, c, reason), code="wrong-kind") for c in columns if (reason := why(c))]

    def chosen(self, columns: Selector, schema: Schema, roles: Roles, otherwise: str = "no column is selected") -> tuple[str, ...]:
        """The columns that a selector selects. Errors: `RequestError` with the text `otherwise` if it selects none."""
        found = select(columns, schema, roles)
        if not found:
            raise RequestError(f"{self.name}: {otherwise}", code="nothing-selected")
        return found

    def chosen_numbers(self, columns: Selector, schema: Schema, roles: Roles) -> tuple[str, ...]:
        """The columns that a selector selects, which must be numeric. Errors: `RequestError`."""
        found = self.chosen(columns, schema, roles, "no column is chosen")
        RequestError.reject(self.unfit(map(schema.__getitem__, found), lambda c: "" if c.kind.numeric else "is not numeric"))
        return found

    def touches(self, schema: Schema, roles: Roles) -> frozenset[str] | None:
        """The columns that the step reads or writes; None for all of them (a step that changes rows)."""
        return None

    def by_name_only(self, schema: Schema) -> bool:
        """Whether the step names its columns one by one, so that columns made before it cannot change what it means."""
        return self.names_columns

    @property
    def adds_columns(self) -> bool:
        """Whether a step behind it that chooses by kind may mean columns that it makes."""
        return self.makes_columns

    @property
    def keeps_rows(self) -> bool:
        """Whether the step keeps the number and order of the rows."""
        return False

    @property
    def shifts(self) -> bool:
        """Whether classes count otherwise afterwards than they do in the data, by more than a few rows."""
        return False

    @property
    def even(self) -> bool:
        """For a step that `shifts`: whether all classes count the same afterwards, whatever the rows are."""
        return False

    def under_key(self, key: str, folder: str) -> Step:
        """The step with the key of the flow, a reference, if it needs one and names none; key files are relative to a folder."""
        return self

    @property
    def warns(self) -> Mapping[str, str]:
        """Code → message: the warnings of a run of a flow with this step."""
        return {}

    def reasons(self, schema: Schema, learned: Learned) -> Mapping[tuple[str, str], Tree]:
        """(column, reason) → the condition on the row before the change under which the step changes that cell."""
        return {}

    def fills(self, learned: Learned) -> Mapping[str, Any]:
        """Column → the fill of its missing cells, for columns that the step only fills."""
        return {}

    def predictor(self, learned: Learned) -> tuple[Callable[[Any], Any], tuple[str, ...]]:
        """For a step that `predicts`: a function from an Arrow table of columns to a class or number for each row, and these columns."""
        raise NotImplementedError

    def shown(self, learned: Learned) -> Learned:
        """The part of the learned values that reports show; by default all."""
        return learned

    def state(self, column: Column | None) -> Mapping[str, Any] | None:
        """Name → type of each value learned from a column (None: from whole rows). A saved flow is validated with it when it is opened.

        `X | None` may be absent. None if the step does not declare types. Values of type `bytes` are saved as separate entries.
        """
        return self.learned_types


class Way:
    """One of several ways of a step, which its parameter `with` selects. It has the parameters of its `step`."""

    takes: ClassVar[tuple[str, ...]] = ()  # the parameters that it uses, in addition to those that every way has

    def __init__(self, step: Any) -> None:
        self.step = step

    def mistakes(self) -> Iterator[Mistake]:
        """Mistakes in the parameters."""
        yield from ()


def of_other_ways(step: Any, ways: Mapping[str, type[Way]], *of_all: str) -> Iterator[Mistake]:
    """A mistake for each parameter that is given and means nothing to the way of the step. `of_all`: those that every way has."""
    for name in sorted(step.parameters().keys() - {"with", *of_all, *ways[step.with_].takes}):
        those = listed(k for k, way in ways.items() if name in way.takes)
        yield Mistake(f"{step.name}: `{name}` is for {those}, not for {step.with_}", code="bad-policy")


class Table(NamedTuple):
    """A further table, and its columns."""

    data: Dataset
    schema: Schema


@dataclass(frozen=True)
class TablesStep(Step):
    """A step that reads further tables."""

    tables: Mapping[str, Any] = field(default_factory=dict, kw_only=True, compare=False, repr=False, metadata=PYTHON_ONLY)
    """In Python: name → table, as `read` takes it. A flow file names tables under `data`: `tables: {customers: customers.parquet}`."""

    private: Selector = field(default=(), kw_only=True)
    """The new columns that become private. A column made from a private one, or with the name of one, is always private."""

    parts = frozenset({"rows"})

    def hiding(self, data: Dataset, new: Schema, made_private: Iterable[str] = ()) -> Dataset:
        """The changed table, with its `new` columns marked private where necessary."""
        private = (*data.roles.private, *made_private, *(select(self.private, new) if self.private else ()))
        return replace(data, roles=replace(data.roles, private=tuple(dict.fromkeys(private))))

    @property
    @abstractmethod
    def names_tables(self) -> tuple[str, ...]:
        """The names of the tables that it reads."""

    def unnamed(self, known: Iterable[str]) -> list[Mistake]:
        """A mistake for each unknown table that the step names."""
        known = list(known)
        return [
            Mistake(
                f"{self.name}: there is no table {name!r}",
                accepted=listed(known) or "none is named",
                hint=did_you_mean(name, known) or f"name it under `data`: `tables: {{{name}: PATH}}`",
                code="unknown-table",
            )
            for name in self.names_tables
            if name not in known
        ]

    def further(self, name: str) -> Table:
        """One of its tables, once `fit` has opened them. Errors: `RequestError` that says how to name a table."""
        RequestError.reject(self.unnamed(self.tables))
        found: Table = self.tables[name]
        return found


def bad_names(step: Step, into: str) -> Iterator[Mistake]:
    """Mistakes in the name of a new column."""
    if re.search(r"[{}]", into.replace(COLUMN, "")):
        message = f"{step.name}: `into` is {into!r}"
        yield Mistake(message, accepted=f"a name, in which `{COLUMN}` stands for the column's", code="bad-value")


def too_few_names(step: Step, into: str, chosen: Sequence[Column]) -> Iterator[Mistake]:
    """Mistakes in the name pattern of new columns, one for each of these columns."""
    if into and COLUMN not in into and len(chosen) > 1:
        message = f"{step.name}: `into: {into}` names one column, but {len(chosen)} are chosen"
        yield Mistake(message, accepted=f"`{COLUMN}` in it, such as `{COLUMN}_{into}`", code="name-clash")


@dataclass(frozen=True)
class ColumnStep(Step):
    """A step that treats each of its columns alike. A subclass says what one column needs, learns and becomes."""

    columns: Selector
    """The columns: a name, a kind (numeric, categorical, temporal …), a role, a pattern with `*`, or several; `!` in front excludes."""
    into: str = field(default="", kw_only=True)
    """The name of a new column, with `{column}` for the name of the original, which then stays unchanged. Default: in place."""

    def __init_subclass__(cls) -> None:
        cls.learns = cls.needs is not ColumnStep.needs or cls.asked is not ColumnStep.asked

    def needs(self, column: Column) -> Mapping[str, Question]:
        """Name → metric or need, for what `learn` (and then `change`) takes under that name."""
        return {}

    def learn(self, column: Column, **measured: Any) -> Mapping[str, Any]:
        """The numbers to keep, from the measured values: by default all of these."""
        return measured

    def asked(self, column: Column) -> Asking[Mapping[str, Any]]:
        """The generator that learns from one column: `needs`, then `learn`. A step may yield several times."""
        needs = self.needs(column)
        found = yield list(needs.values())
        return self.learn(column, **{name: found[m] for name, m in needs.items()})

    @abstractmethod
    def change(self, column: Column, **learned: Any) -> Mapping[str, Tree | None]:
        """Name → tree (None drops the column), for one column and the values learned from it."""

    def counted(self, column: Column, **learned: Any) -> Mapping[str, Tree]:
        """Reason → condition on the cell before the change, for the cells that the step changes."""
        return {}

    def unreadable(self, column: Column) -> Tree | None:
        """The condition for a cell to be unreadable, so that the step makes it null; None if the step does not read strings."""
        return None

    def accepts(self, column: Column) -> str:
        """Why the step cannot treat a column of this kind; empty if it can."""
        return ""

    def state(self, column: Column | None) -> Mapping[str, Any] | None:
        return self.learned_types if self.learns else {}

    @property
    def keeps_values(self) -> bool:
        """Whether what the step learns contains values of the data, such as categories."""
        return False

    # ── the same for every step of columns ──

    def out(self, column: str) -> str:
        """The name of the new column, or the prefix of the names of several new columns."""
        return self.into.replace(COLUMN, column) or column

    def changes(self, column: Column, learned: Mapping[str, Any]) -> Mapping[str, Tree | None]:
        """The trees of `change`, in place or into new columns."""
        return self.placed(column, self.change(column, **learned))

    def placed(self, column: Column, made: Mapping[str, Tree | None]) -> Mapping[str, Tree | None]:
        """The columns that are made from one column, in place or as new columns."""
        made = dict(made)
        if self.into:
            tree = made.pop(column.name, col(column.name))
            made |= {} if tree is None else {self.out(column.name): tree}
        return made

    @property
    def adds_columns(self) -> bool:
        return self.makes_columns or bool(self.into)

    @property
    def keeps_rows(self) -> bool:
        return True

    def refused(self, roles: Roles) -> tuple[Mistake, ...]:
        return (*bad_names(self, self.into),)

    def nothing_to_learn(self, column: Column, lack: str, hint: str = "impute it first, or leave it out") -> RequestError:
        """The error of a column that lacks values in training: it has, for instance, `no finite value`."""
        message = f"{self.name}: column {column.name!r} has {lack} in the training part to learn from"
        return RequestError(message, hint=hint, code="all-null")

    def selected(self, schema: Schema, roles: Roles) -> tuple[Column, ...]:
        """The columns of the step. Columns of unsuitable kinds are rejected, all at once."""
        chosen = tuple(schema[c] for c in select(self.columns, schema, roles))
        private = [
            Mistake(
                f"{self.name}: column {c.name!r} is private, and its values would become names of columns and part of the fitted flow",
                hint="name its categories yourself, leave it out, or take it from the role `private`",
                code="private-values",
            )
            for c in chosen
            if self.keeps_values and c.name in roles.private
        ]
        RequestError.reject([*self.refused(roles), *self.unfit(chosen, self.accepts), *private, *too_few_names(self, self.into, chosen)])
        return chosen

    def learning(self, schema: Schema, roles: Roles) -> Learning:
        yield from self.empty_rejected(schema, roles)
        chosen = self.selected(schema, roles)
        learned = yield from together({c.name: self.asked(c) for c in chosen})
        reject_clashes(self.name, schema, {c.name: self.changes(c, learned[c.name]) for c in chosen})
        return learned

    def empty_rejected(self, schema: Schema, roles: Roles) -> Asking[None]:
        """Reject string columns that do not fit the step only because they have no value, and say so."""
        unfit = [schema[c] for c in select(self.columns, schema, roles) if schema[c].kind in VOID and self.accepts(schema[c])]
        asked = {c.name: Where(RowCount(), present(c)) for c in unfit}
        found = (yield list(asked.values())) if asked else {}
        RequestError.reject(
            Mistake(
                f"{self.name}: column {name!r} has no value in the training part, so its kind is unknown",
                hint="drop the column, or say its kind: `types: {column: float}` under `data`",
                code="all-null",
            )
            for name, metric in asked.items()
            if not found[metric]
        )

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        changes = {c: self.changes(schema[c], state) for c, state in learned.items()}
        made = data.change({name: tree for of in changes.values() for name, tree in of.items()})
        private = dict.fromkeys((*data.roles.private, *(name for c in changes if c in data.roles.private for name in changes[c])))
        return replace(made, roles=replace(data.roles, private=tuple(private)))

    def reasons(self, schema: Schema, learned: Learned) -> Mapping[tuple[str, str], Tree]:
        return {(c, reason): tree for c, state in learned.items() for reason, tree in self.counted(schema[c], **state).items()}

    def touches(self, schema: Schema, roles: Roles) -> frozenset[str] | None:
        chosen = select(self.columns, schema, roles)
        return frozenset((*chosen, *map(self.out, chosen)))

    def by_name_only(self, schema: Schema) -> bool:
        words = words_of(self.columns)
        return all(w in schema for w in words)


def together(asking: Mapping[K, Asking[T]]) -> Asking[dict[K, T]]:
    """Run several generators together: in each round, the questions of all of them are asked at once. It asks at least once."""
    returned: dict[K, T] = {}
    waiting, found = dict(asking), None
    while waiting or found is None:
        questions: list[Question | Elsewhere] = []
        for name in list(waiting):
            try:
                questions += next(waiting[name]) if found is None else waiting[name].send(found)
            except StopIteration as done:
                returned[name] = done.value
                del waiting[name]
        if waiting or found is None:
            found = yield questions
    return {name: returned[name] for name in asking}


def kept_private(made: Dataset, columns: Iterable[str], of: Iterable[str]) -> Dataset:
    """The table with new columns marked private if a column that they are computed from is private."""
    private = made.roles.private
    if set(private).isdisjoint(of):
        return made
    return replace(made, roles=replace(made.roles, private=tuple(dict.fromkeys((*private, *columns)))))


def reject_clashes(step: str, schema: Schema, made: Mapping[str, Mapping[str, Tree | None]]) -> None:
    """Reject new columns (`made`: column → name → tree) with the name of another column, ignoring case.

    Errors: `RequestError` that names both columns of each clash.
    """
    gone = {name for changes in made.values() for name, tree in changes.items() if tree is None}
    taken = {name.casefold(): name for name in schema.names if name not in gone}
    mistakes = []
    for column, changes in made.items():
        for name in (n for n, tree in changes.items() if tree is not None and n != column):
            if name.casefold() in taken:
                message = f"{step}: of column {column!r} it would make {name!r}, but there is a column {taken[name.casefold()]!r} already"
                mistakes.append(Mistake(message, hint="rename one of the two columns", code="name-clash"))
            taken.setdefault(name.casefold(), name)
    RequestError.reject(mistakes)


@dataclass(frozen=True)
class Fitted:
    """A step, the columns it was fitted on, and what it learned of them."""

    step: Step
    schema: Schema
    learned: Learned = field(hash=False)

    def apply(self, data: Dataset, training: Tree | None = None) -> Dataset:
        """The changed table; `training` is true for the rows that the step learned from, if a model is to learn from them too."""
        if training is None:
            return self.step.made(data, self.schema, self.learned)
        return self.step.made_for_training(data, self.schema, self.learned, training)

    @cached_property
    def reads_and_makes(self) -> tuple[frozenset[str], frozenset[str]]:
        """The columns that the step reads, and the columns that it makes or changes."""
        reads, makes = set[str](), set[str]()
        for layer in self.apply(Dataset(Memory(None, self.schema.names))).layers:
            if isinstance(layer, Change):
                reads |= layer.reads - makes
                makes |= {name for name, tree in layer.columns if tree is not None}
            elif isinstance(layer, Rows) and layer.out is not None:
                makes |= set(layer.out) - set(self.schema.names)
        return frozenset(reads), frozenset(makes)

    def reasons(self) -> Mapping[tuple[str, str], Tree]:
        """(column, reason) → the condition under which a cell is changed."""
        return self.step.reasons(self.schema, self.learned)
