"""What a step is: it describes itself, learns numbers, and changes columns or rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, TypeAlias, TypeVar

from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Dataset, Kind, Roles, Schema, select
from tilth.engine.session import Session
from tilth.errors import Gap, Mistake, Place, RequestError, TilthError, listed
from tilth.metrics.columns import RowCount
from tilth.metrics.metric import Metric, Question, Where, measured
from tilth.shelf import Parameterized
from tilth.steps.filling import after_filling, foreseen, gaps
from tilth.steps.missing import present

T = TypeVar("T")
NOWHERE: Mapping[Any, Place] = {}
VOID = (Kind.STRING, Kind.NULL)  # the kinds of a column without values, as files and frames are read
Part = Literal["rows", "split", "features", "training", "output"]
Selector: TypeAlias = str | tuple[str, ...]
Learned: TypeAlias = Mapping[str, Mapping[str, Any]]
"""What a step learned: column → name → a number, string, boolean, null, or a list of them. A step of whole rows uses the column `""`."""
Asking: TypeAlias = Generator[Iterable[Question], Mapping[Any, Any], T]
"""Yields metrics and needs, is sent their values by need, and returns a T."""
Learning: TypeAlias = Asking[Learned]


@dataclass(frozen=True)
class Step(Parameterized, ABC):
    """A step as described: a frozen dataclass of the parameters as the flow file gives them.

    `learning` is a generator: it yields the metrics and needs that it asks for, is sent their values, may ask again, and returns what it
    learned. `made` gives the changed table from that. Neither keeps state; a step and what it learned are a `Fitted`.
    """

    name: ClassVar[str]
    parts: ClassVar[frozenset[Part]]
    learns: ClassVar[bool] = True  # whether what it does depends on the rows it was fitted on
    makes_columns: ClassVar[bool] = False  # the names it gives are known only once it has learned
    shorthand: ClassVar[str] = "columns"  # the parameter that is meant where the flow file gives the step one value and no mapping

    @abstractmethod
    def learning(self, schema: Schema, roles: Roles) -> Learning:
        """The generator by which the step learns from a table with these columns."""

    @abstractmethod
    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        """The changed table. `schema` is that of the table that the step learned from."""

    def refused(self, roles: Roles) -> tuple[Mistake, ...]:
        """What is wrong with the step in a table with these roles, as far as that can be said before any data is touched."""
        return ()

    def unfit(self, columns: Iterable[Column], why: Callable[[Column], str]) -> list[Mistake]:
        """A mistake for each column of a kind that the step cannot treat; `why` gives the reason, empty for one that it can."""
        message = f"{self.name}: column {{!r}} ({{}}) {{}}".format
        return [Mistake(message(c.name, c.type or c.kind, reason), code="wrong-kind") for c in columns if (reason := why(c))]

    def touches(self, schema: Schema, roles: Roles) -> frozenset[str] | None:
        """The columns that the step reads or writes; None for all of them (a step that changes rows)."""
        return None

    def by_name_only(self, schema: Schema) -> bool:
        """Whether the step names its columns one by one, so that columns made before it cannot change what it means."""
        return False

    def reasons(self, schema: Schema, learned: Learned) -> Mapping[tuple[str, str], Tree]:
        """(column, reason) → the condition on the row before the change under which the step changes that cell."""
        return {}

    def fills(self, learned: Learned) -> Mapping[str, Any]:
        """Column → the value that its missing cells become, for the columns to which the step does nothing else."""
        return {}

    def shown(self, learned: Learned) -> Learned:
        """What reports show of what the step learned: all of it by default."""
        return learned

    def state(self, column: Column | None) -> Mapping[str, Any] | None:
        """Name → type of what is learned of a column (None: of whole rows), by which a saved flow is checked when it is opened.

        `X | None` may be missing. None where the step does not say. Values of type `bytes` are saved as entries of their own.
        """
        return None


class ColumnStep(Step):
    """A step that treats each of its columns alike. A subclass says what one column needs, learns and becomes."""

    columns: Selector
    """The columns: a name, a kind (numeric, categorical, temporal …), a role, a pattern with `*`, or several; `!` in front takes away."""

    def __init_subclass__(cls) -> None:
        cls.learns = cls.needs is not ColumnStep.needs

    def needs(self, column: Column) -> Mapping[str, Question]:
        """Name → metric or need, for what `learn` (and then `change`) takes under that name."""
        return {}

    def learn(self, column: Column, **measured: Any) -> Mapping[str, Any]:
        """What is kept of the measured values; as they are, unless a step says otherwise."""
        return measured

    @abstractmethod
    def change(self, column: Column, **learned: Any) -> Mapping[str, Tree | None]:
        """Name → tree (None drops the column), from one column and what was learned of it."""

    def counted(self, column: Column, **learned: Any) -> Mapping[str, Tree]:
        """Reason → condition on the cell before the change, for the cells that the step changes."""
        return {}

    def accepts(self, column: Column) -> str:
        """Why the step cannot treat a column of this kind; empty if it can."""
        return ""

    def state(self, column: Column | None) -> Mapping[str, Any] | None:
        return None if self.learns else {}

    @property
    def keeps_values(self) -> bool:
        """Whether what the step learns holds values of the data as they are, such as categories."""
        return False

    # ── the same for every step of columns ──

    def selected(self, schema: Schema, roles: Roles) -> tuple[Column, ...]:
        """The columns the step is for; refuses those of a kind it cannot treat, all at once."""
        chosen = tuple(schema[c] for c in select(self.columns, schema, roles))
        private = [
            Mistake(
                f"{self.name}: column {c.name!r} is private, and its values would become names of columns and part of the fitted flow",
                hint="hash or redact it first, name its categories yourself, or take it from the role `private`",
                code="private-values",
            )
            for c in chosen
            if self.keeps_values and c.name in roles.private
        ]
        RequestError.reject([*self.unfit(chosen, self.accepts), *private])
        return chosen

    def learning(self, schema: Schema, roles: Roles) -> Learning:
        yield from self._empty_refused(schema, roles)
        chosen = self.selected(schema, roles)
        asked = {c.name: self.needs(c) for c in chosen}
        found: Mapping[Any, Any] = yield [m for needs in asked.values() for m in needs.values()]
        learned = {c.name: dict(self.learn(c, **{name: found[m] for name, m in asked[c.name].items()})) for c in chosen}
        reject_clashes(self.name, schema, {c.name: self.change(c, **learned[c.name]) for c in chosen})
        return learned

    def _empty_refused(self, schema: Schema, roles: Roles) -> Asking[None]:
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
        return data.change({name: tree for c, state in learned.items() for name, tree in self.change(schema[c], **state).items()})

    def reasons(self, schema: Schema, learned: Learned) -> Mapping[tuple[str, str], Tree]:
        return {(c, reason): tree for c, state in learned.items() for reason, tree in self.counted(schema[c], **state).items()}

    def touches(self, schema: Schema, roles: Roles) -> frozenset[str] | None:
        return frozenset(select(self.columns, schema, roles))

    def by_name_only(self, schema: Schema) -> bool:
        words = (self.columns,) if isinstance(self.columns, str) else self.columns
        return all(w in schema for w in words)


def reject_clashes(step: str, schema: Schema, made: Mapping[str, Mapping[str, Tree | None]]) -> None:
    """Reject columns made of one column (`made`: column → name → tree) that have the name of another column, in upper or lower case.

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

    def apply(self, data: Dataset) -> Dataset:
        """The changed table."""
        return self.step.made(data, self.schema, self.learned)

    def reasons(self) -> Mapping[tuple[str, str], Tree]:
        """(column, reason) → the condition under which a cell is changed."""
        return self.step.reasons(self.schema, self.learned)


def fit(steps: Sequence[Step], data: Dataset, engine: Session, places: Mapping[Step, Place] = NOWHERE) -> tuple[list[Fitted], Dataset]:
    """Learn the steps, one after the other as far as one needs what another makes; returns them with the changed table.

    In waves: steps that touch no column which an earlier step of the wave touches are measured together. What a later step asks
    of columns that the wave fills is measured with it too, and is `known` when that step's turn comes. `places` are those of the steps in a
    flow file, for messages.
    """
    fitted: list[Fitted] = []
    waiting = list(steps)
    known: dict[Any, Any] = {}
    while waiting:
        schema = engine.schema(data)
        wave = _wave(waiting, schema, data.roles)
        waiting = waiting[len(wave) :]
        found, known = _learn_together(wave, _ahead(wave, waiting, schema, data.roles), known, schema, data, engine, places)
        for step, learned in zip(wave, found, strict=True):
            fitted.append(Fitted(step, schema, learned))
            data = fitted[-1].apply(data)
    return fitted, data


def _learning(wave: Sequence[Step]) -> str:
    """The purpose of a wave's scans."""
    labels = [_label(step) for step in wave]
    return f"learning of {'; '.join(labels[:3])}" + (f" … ({len(labels)} in all)" if len(labels) > 3 else "")


def _label(step: Step) -> str:
    """A step by its name and what it is of."""
    columns = getattr(step, step.shorthand, ())
    words = (columns,) if isinstance(columns, str) else columns if isinstance(columns, tuple) else ()
    return " ".join([step.name, listed(map(str, words), most=3)]).strip()


def _wave(waiting: Sequence[Step], schema: Schema, roles: Roles) -> list[Step]:
    """The steps at the head of the queue that can learn from the table as it is."""
    wave = [waiting[0]]
    taken, made_columns = waiting[0].touches(schema, roles), waiting[0].makes_columns
    for step in waiting[1:]:
        # a step that names its columns by kind may mean columns that an earlier one is about to make
        touched = None if taken is None or (made_columns and not step.by_name_only(schema)) else _touched(step, schema, roles)
        if touched is None or taken is None or touched & taken:
            break
        wave.append(step)
        taken |= touched
        made_columns |= step.makes_columns
    return wave


def _touched(step: Step, schema: Schema, roles: Roles) -> frozenset[str] | None:
    try:
        return step.touches(schema, roles)
    except RequestError:  # it names a column that an earlier step makes
        return None


def _ahead(wave: Sequence[Step], after: Sequence[Step], schema: Schema, roles: Roles) -> dict[str, list[Metric]]:
    """Column that the wave fills → what the next step that touches it will ask, as far as that follows from the column as it is."""
    filled = {c for step in wave if type(step).fills is not Step.fills for c in step.touches(schema, roles) or ()}
    asked: dict[str, list[Metric]] = {}
    for step in after:
        touched = _touched(step, schema, roles)
        if touched is None:
            break
        if isinstance(step, ColumnStep):
            asked |= {c: foreseen(step.needs(schema[c]).values(), schema[c]) for c in sorted(touched & filled)}
        filled -= touched
    return asked


def _located(learning: Learning, place: Place | None) -> Learning:
    """The same generator, whose mistakes carry the place of the step."""
    try:
        return (yield from learning)
    except TilthError as error:
        if place is None or any(m.place for m in error.mistakes):
            raise
        raise type(error)(*(m.at(place) for m in error.mistakes)) from error


def _learn_together(
    wave: Sequence[Step],
    ahead: Mapping[str, list[Metric]],
    known: Mapping[Any, Any],
    schema: Schema,
    data: Dataset,
    engine: Session,
    places: Mapping[Step, Place],
) -> tuple[list[Learned], dict[Any, Any]]:
    """What each step of the wave learned, and what is known of the columns that it fills."""
    learners = {i: _located(step.learning(schema, data.roles), places.get(step) if places else None) for i, step in enumerate(wave)}
    asked: dict[int, list[Question]] = {i: list(next(learner)) for i, learner in learners.items()}
    early: dict[str, list[Question]] = {
        c: [gaps(schema[c]), *(need for m in metrics for need in m.needs())] for c, metrics in ahead.items() if metrics
    }
    found = dict(known)
    learned: dict[int, Learned] = {}
    while asked:
        metrics: list[Question] = [m for wanted in (*asked.values(), *early.values()) for m in wanted if m not in found]
        with engine.working_for(_learning(wave)):
            found |= measured(data, metrics, engine) if metrics else {}
        for i in list(asked):
            try:
                asked[i] = list(learners[i].send(found))
            except StopIteration as done:
                learned[i] = done.value
                del asked[i]
    then: dict[Any, Any] = {}
    for i, step in enumerate(wave):
        for c, fill in step.fills(learned[i]).items():
            for m in ahead.get(c, ()):
                with suppress(Gap):  # no law gives it: it is asked of the filled column
                    then[m] = after_filling(m, [found[need] for need in m.needs()], found[gaps(schema[c])], fill)
    return [learned[i] for i in range(len(wave))], then
