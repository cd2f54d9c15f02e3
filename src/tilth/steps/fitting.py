"""How steps learn: together, in as few scans as what one needs of another allows.

Impute, then scale, then encode would be two scans, because what scale learns depends on what impute has learned. But a filled column is
the column as it was, and copies of one value: its numbers follow from those of these two parts by the laws by which statistics merge
anyway (the sum of n copies of f is n·f, their central moment 0, their extremes f). So what the later steps need is asked of the column as
it was, together with the fill, and merged once that is known (`Metric.filled`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth import formats
from tilth.data import Column, Dataset, Roles, Schema
from tilth.engine.session import Session
from tilth.errors import ColumnError, Gap, Place, RequestError, TilthError, listed, located
from tilth.metrics.columns import RowCount
from tilth.metrics.metric import Metric, Question, Where, measured
from tilth.steps.missing import is_missing, present
from tilth.steps.step import Asking, ColumnStep, Elsewhere, Fitted, Learned, Learning, Part, Step, T, Table, TablesStep, together

NOWHERE: Mapping[Any, Place] = {}
NO_ROLES = Roles()


def fit(steps: Sequence[Step], data: Dataset, engine: Session, places: Mapping[Step, Place] = NOWHERE) -> tuple[list[Fitted], Dataset]:
    """Learn the steps, one after the other as far as one needs what another makes; returns them with the table for training.

    In waves: steps that touch no column which an earlier one of the waiting steps touches are measured together. What a later step asks
    of columns that the wave fills is measured with it too, and is `known` when that step's turn comes. `places` are those of the steps in a
    flow file, for messages.
    """
    fitted: dict[int, Fitted] = {}
    waiting, table = dict(enumerate(_opened(step, engine) for step in steps)), data
    known: Mapping[Any, Any] = {}
    while waiting:
        schema = engine.schema(table)
        number, first = next(iter(waiting.items()))
        guessed = engine.guessed_columns
        if guessed and _touched(first, schema, table.roles) is None:
            chosen = [number]
        else:
            with _named(first, _place(first, places)):
                chosen = _wave(waiting, schema, table.roles)
        wave = [waiting.pop(i) for i in chosen]
        ahead = _ahead(wave, list(waiting.values()), schema, table.roles)
        early: list[Question | Elsewhere] = [need for metrics in ahead.values() for m in metrics for need in m.needs()]
        early += [gaps(schema[c]) for c in ahead]
        learning: list[Asking[Learned | None]] = [_located(step, step.learning(schema, table.roles), _place(step, places)) for step in wave]
        if not engine.answers_are_real:
            learning = [_planned(step, one, engine, guessed) for step, one in zip(wave, learning, strict=True)]
        with engine.working_for(_purpose(wave)):
            learned, found = _answered(learning, early, known, table, engine)
        known = _after_fills(wave, learned, ahead, found, schema)
        made = {i: _fitted(step, schema, state) for i, step, state in zip(chosen, wave, learned, strict=True)}
        fitted |= made
        engine.guessed_columns |= not engine.answers_are_real and any(f.step.adds_columns or f.step.makes_rows for f in made.values())
        table = applied(made.values(), table, exp.true())
    done = [fitted[i] for i in range(len(steps))]
    return done, table if list(fitted) == sorted(fitted) else applied(done, data, exp.true())


def without_rows(step: Step, schema: Schema, roles: Roles = NO_ROLES) -> Fitted:
    """A step that does not learn from rows, fitted to a table with these columns. Errors: those of the step, such as a wrong kind."""
    learning = step.learning(schema, roles)
    try:
        next(learning)
        while True:
            learning.send({})
    except StopIteration as done:
        return Fitted(step, schema, done.value)


@dataclass(frozen=True)
class Unlearned(Step):
    """Stands in a plan for a step of which it is not known what it makes before it has seen data: the table stays as it is."""

    name = "unlearned"
    parts: ClassVar[frozenset[Part]] = frozenset()

    step: Step

    def learning(self, schema: Schema, roles: Roles) -> Learning:
        yield from self.step.learning(schema, roles)
        return {}

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        return data

    @property
    def adds_columns(self) -> bool:
        return True


def _fitted(step: Step, schema: Schema, learned: Learned | None) -> Fitted:
    return Fitted(Unlearned(step), schema, {}) if learned is None else Fitted(step, schema, learned)


def _planned(step: Step, learning: Asking[Learned | None], engine: Session, guessed: bool) -> Asking[Learned | None]:
    """The same generator in a dry run; it returns None where the step can make nothing of answers that are made up.

    Neither can it of a table whose columns are `guessed`, because earlier steps name them by what they learn.
    """
    try:
        asked = next(learning)
    except RequestError:
        if not guessed:
            raise
        engine.leave_out(label(step))
        return None
    while True:
        answers = yield asked
        try:
            asked = learning.send(answers)
        except StopIteration as done:
            learned: Learned = done.value
            return learned
        except (TilthError, LookupError, TypeError, ValueError, ArithmeticError):  # whatever a step does to such answers
            engine.leave_out(label(step))
            return None


def _opened(step: Step, engine: Session) -> Step:
    """The step with the further tables that it reads, and their columns."""
    if not isinstance(step, TablesStep):
        return step
    given = {name: step.tables[name] for name in step.names_tables if name in step.tables}
    read = {name: t if isinstance(t, Dataset | Table) else formats.read(t, engine=engine) for name, t in given.items()}
    opened = {name: t if isinstance(t, Table) else Table(t, engine.schema(t)) for name, t in read.items()}
    return replace(step, tables={**step.tables, **opened})


def applied(steps: Iterable[Fitted], data: Dataset, training: Tree | None = None) -> Dataset:
    """The table that fitted steps change, one after the other; `training` as in `Fitted.apply`."""
    return reduce(lambda table, step: step.apply(table, training), steps, data)


def _purpose(wave: Sequence[Step]) -> str:
    labels = [label(step) for step in wave]
    return f"learning of {'; '.join(labels[:3])}" + (f" … ({len(labels)} in all)" if len(labels) > 3 else "")


def label(step: Step) -> str:
    """A step by its name and what it is of."""
    columns = getattr(step, step.shorthand, ())
    words = (columns,) if isinstance(columns, str) else columns if isinstance(columns, tuple) else ()
    return " ".join([step.name, listed(map(str, words), most=3)]).strip()


def _wave(waiting: Mapping[int, Step], schema: Schema, roles: Roles) -> list[int]:
    """The waiting steps that can learn from the table as it is: the first, and those that share no column with an earlier one.

    A step passes one that waits only if both name their columns, and so mean the same ones when their turn comes.
    """
    (first, step), *others = waiting.items()
    wave, taken, unsure = [first], step.touches(schema, roles), step.adds_columns
    for i, step in others:
        named = step.by_name_only(schema)
        # a step that names its columns by kind may mean columns that an earlier one is about to make
        touched = None if taken is None or (unsure and not named) else _touched(step, schema, roles)
        if touched is None or taken is None:
            break
        waits = not touched.isdisjoint(taken)
        if waits and not named:
            break
        wave += [] if waits else [i]
        taken |= touched
        unsure |= step.adds_columns or waits
    return wave


def _touched(step: Step, schema: Schema, roles: Roles) -> frozenset[str] | None:
    try:
        return step.touches(schema, roles)
    except RequestError:  # it names a column that an earlier step makes
        return None


def _ahead(wave: Sequence[Step], after: Sequence[Step], schema: Schema, roles: Roles) -> dict[str, list[Metric]]:
    """Column that the wave fills → what the next step that touches it will ask, as far as that follows from the column as it is."""
    filled = {c for step in wave if type(step).fills is not Step.fills for c in _touched(step, schema, roles) or ()}
    asked: dict[str, list[Metric]] = {}
    for step in after:
        touched = _touched(step, schema, roles)
        if touched is None:
            break
        if isinstance(step, ColumnStep):
            found = {c: foreseen(step.needs(schema[c]).values(), schema[c]) for c in sorted(touched & filled)}
            asked |= {c: metrics for c, metrics in found.items() if metrics}
        filled -= touched
    return asked


def _place(step: Step, places: Mapping[Step, Place]) -> Place | None:
    return places.get(step) if places else None


def _located(step: Step, learning: Learning, place: Place | None) -> Learning:
    """The same generator, whose mistakes carry the place of the step."""
    with _named(step, place):
        return (yield from learning)


@contextmanager
def _named(step: Step, place: Place | None) -> Iterator[None]:
    """Mistakes of the block get the place of a step, and those of columns its name."""
    with located(place):
        try:
            yield
        except ColumnError as error:
            begins = f"{step.name}: "
            raise ColumnError(*(replace(m, message=begins + m.message.removeprefix(begins)) for m in error.mistakes)) from error


def _answered(
    learning: Sequence[Asking[T]], early: Sequence[Question | Elsewhere], known: Mapping[Any, Any], data: Dataset, engine: Session
) -> tuple[list[T], Mapping[Any, Any]]:
    """What each generator returned, and all answers; `early` questions are asked in the first round."""
    rounds, found = together(dict(enumerate(learning))), dict(known)
    asked = [*next(rounds), *early]
    while True:
        questions = [q for q in dict.fromkeys(asked) if q not in found]
        own = [q for q in questions if not isinstance(q, Elsewhere)]
        found |= measured(data, own, engine) if own else {}
        elsewhere = [q for q in questions if isinstance(q, Elsewhere)]
        for other in dict.fromkeys(q.data for q in elsewhere):
            answers = measured(other, [q.question for q in elsewhere if q.data == other], engine)
            found |= {Elsewhere(other, question): answer for question, answer in answers.items()}
        try:
            asked = list(rounds.send(found))
        except StopIteration as done:
            return list(done.value.values()), found


def _after_fills(
    wave: Sequence[Step], learned: Sequence[Learned | None], ahead: Mapping[str, list[Metric]], found: Mapping[Any, Any], schema: Schema
) -> Mapping[Any, Any]:
    """Metrics that are known without a scan, of columns that the wave fills."""
    known: dict[Any, Any] = {}
    for step, state in zip(wave, learned, strict=True):
        for c, fill in step.fills(state).items() if state is not None else ():
            for m in ahead.get(c, ()):
                with suppress(Gap):  # no law gives it: it is asked of the filled column
                    known[m] = after_filling(m, [found[need] for need in m.needs()], found[gaps(schema[c])], fill)
    return known


def gaps(column: Column) -> Metric:
    """How many cells of a column are missing."""
    return Where(RowCount(), is_missing(column))


def foreseen(questions: Iterable[Question], column: Column) -> list[Metric]:
    """The metrics of a column whose value after filling follows from that before it, because they leave missing cells out."""
    known = {m: m.metric if isinstance(m, Where) and m.condition == present(column) else m for m in questions if isinstance(m, Metric)}
    return [m for m, inner in known.items() if inner.fills == column.name]


def after_filling(metric: Metric, numbers: Sequence[Any], missing: int, fill: Any) -> Any:
    """The value of a foreseen metric once `missing` cells have become `fill`. Errors: `Gap` where the numbers do not say.

    >>> from tilth.metrics.columns import Mean
    >>> after_filling(Mean("age"), (60.0, 2), 2, 10.0)
    20.0
    """
    inner = metric.metric if isinstance(metric, Where) else metric
    return inner.filled(numbers, fill, missing) if missing else inner.value(*numbers)
