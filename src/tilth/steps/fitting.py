"""Fits steps together, in as few scans as their dependencies allow.

`impute` and then `scale` would need two scans, because what `scale` learns depends on what `impute` has learned. But a filled column
consists of the original values and n copies of the fill f. Its statistics can be merged from the statistics of these two parts: the sum of
the copies is n·f, their central moment 0, their extremes f. So the statistics that later steps need are computed on the original column, in
the same scan, and merged when the fill is known (`Metric.filled`).
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
    """Fit the steps in order, and return them with the table for training.

    Steps are fitted in waves: waiting steps that share no column with an earlier waiting step are measured in one scan. If the wave fills
    columns, statistics of these columns that later steps need are measured in the same scan, and are `known` when the later steps run.
    `places` are the steps' places in the flow file, for messages.
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
    """Fit a step that does not learn from rows, to a table with these columns. Errors: those of the step, such as a wrong kind."""
    learning = step.learning(schema, roles)
    try:
        next(learning)
        while True:
            learning.send({})
    except StopIteration as done:
        return Fitted(step, schema, done.value)


@dataclass(frozen=True)
class Unlearned(Step):
    """In a dry run, replaces a step whose result depends on data; it leaves the table unchanged."""

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
    """The same generator in a dry run. It returns None if the step cannot learn from stand-in answers.

    It cannot learn from a table with `guessed` columns either, because their names depend on what earlier steps learn.
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
    """A step's name, with its columns."""
    columns = getattr(step, step.shorthand, ())
    words = (columns,) if isinstance(columns, str) else columns if isinstance(columns, tuple) else ()
    return " ".join([step.name, listed(map(str, words), most=3)]).strip()


def _wave(waiting: Mapping[int, Step], schema: Schema, roles: Roles) -> list[int]:
    """The waiting steps that can learn now: the first one, and those that share no column with an earlier waiting step.

    A step may overtake a waiting one only if both name their columns explicitly, so that the selection cannot change.
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
    """Column that the wave fills → the metrics that its next step needs, if they follow from the unfilled column."""
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
    """The same generator, with the place of the step added to its mistakes."""
    with _named(step, place):
        return (yield from learning)


@contextmanager
def _named(step: Step, place: Place | None) -> Iterator[None]:
    """Add the place of a step to mistakes of the block, and its name to mistakes about columns."""
    with located(place):
        try:
            yield
        except ColumnError as error:
            begins = f"{step.name}: "
            raise ColumnError(*(replace(m, message=begins + m.message.removeprefix(begins)) for m in error.mistakes)) from error


def _answered(
    learning: Sequence[Asking[T]], early: Sequence[Question | Elsewhere], known: Mapping[Any, Any], data: Dataset, engine: Session
) -> tuple[list[T], Mapping[Any, Any]]:
    """The results of the generators, and all answers; `early` questions are asked in the first round."""
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
    """Metrics of columns that the wave fills, known without another scan."""
    known: dict[Any, Any] = {}
    for step, state in zip(wave, learned, strict=True):
        for c, fill in step.fills(state).items() if state is not None else ():
            for m in ahead.get(c, ()):
                with suppress(Gap):  # it cannot be merged, and is measured on the filled column
                    known[m] = after_filling(m, [found[need] for need in m.needs()], found[gaps(schema[c])], fill)
    return known


def gaps(column: Column) -> Metric:
    """How many cells of a column are missing."""
    return Where(RowCount(), is_missing(column))


def foreseen(questions: Iterable[Question], column: Column) -> list[Metric]:
    """The metrics that ignore missing cells, so that their value after filling can be computed from the value before."""
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
