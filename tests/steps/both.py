"""A step on both engines: what it learns and what it gives."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import pyarrow as pa
from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Change, Dataset
from tilth.engine.session import Session
from tilth.metrics.metric import measured
from tilth.steps.fitting import fit
from tilth.steps.step import Fitted, Step, together
from tilth.testing.steps import CLOSE, ROLES, close, dataset, difference, rows_of, same_rows, sample_table

ROUNDED = (
    *("power", "quantile"),
    *("softmax", "log_softmax", "sigmoid", "log_sigmoid", "logit", "tanh", "elu", "softplus"),
)  # Java's powers, exponentials and logarithms differ from C's in the last digit, and what is left after a subtraction in more


AT_ONCE = 26  # steps in one query: they make 50 to 160 columns


@cache
def sample() -> Dataset:
    """The sample table, one for all steps: Spark makes a frame of it once."""
    table = sample_table()
    zoned = table["moment"].cast(pa.timestamp("us", "UTC"))  # Spark reads naive timestamps as timestamptz
    return dataset(table.set_column(6, "moment", zoned), ROLES)


def differences(step: Step, duck: Session, cluster: Session) -> Iterator[str]:
    """What differs between DuckDB and Spark on the sample table."""
    (found,), _ = fit([step], sample(), duck)
    (again,), _ = fit([step], sample(), cluster)
    yield from _learned_otherwise(found, again)
    yield from _made_otherwise(step, found.apply(sample(), exp.true()), duck, cluster)


def differences_of_several(steps: Sequence[Step], duck: Session, cluster: Session) -> Iterator[str]:
    """What differs for steps that read no other table: they learn together, and most that make columns do so in one query of several."""
    learned = [_learned(steps, engine) for engine in (duck, cluster)]
    for found, again in zip(*learned, strict=True):
        yield from _learned_otherwise(found, again)
    changes = {found.step: change_of(found, sample()) for found in learned[0]}
    joined = [(step, change) for step, change in changes.items() if change]
    for some in (joined[i : i + AT_ONCE] for i in range(0, len(joined), AT_ONCE)):
        whole = sample().change({f"{i} {name}": tree for i, (_, change) in enumerate(some) for name, tree in change.items()})
        ours, theirs = (_by_id(rows_of(whole, engine), whole.names) for engine in (duck, cluster))
        end = len(sample().names)
        for step, change in some:
            begin, end = end, end + len(change)
            yield from _rows_otherwise(step, [row[begin:end] for row in ours], [row[begin:end] for row in theirs])
    for found in learned[0]:
        if not changes[found.step]:
            yield from _made_otherwise(found.step, found.apply(sample(), exp.true()), duck, cluster)


def _learned(steps: Sequence[Step], engine: Session) -> list[Fitted]:
    """The steps, fitted on the same table."""
    schema = engine.schema(sample())
    rounds = together({i: step.learning(schema, ROLES) for i, step in enumerate(steps)})
    asked, found = next(rounds), dict[Any, Any]()
    while True:
        found |= measured(sample(), asked, engine)
        try:
            asked = rounds.send(found)
        except StopIteration as done:
            return [Fitted(step, schema, done.value[i]) for i, step in enumerate(steps)]


def change_of(found: Fitted, data: Dataset) -> Mapping[str, Tree]:
    """The columns that a step makes of those of a table; none where it makes them in several layers."""
    layers = found.apply(data, exp.true()).layers[len(data.layers) :]
    return {n: tree for n, tree in layers[0].columns if tree is not None} if len(layers) == 1 and isinstance(layers[0], Change) else {}


def _learned_otherwise(found: Fitted, again: Fitted) -> Iterator[str]:
    if not close(found.learned, again.learned):
        yield f"{found.step} learns {again.learned}, not {found.learned}"


def _made_otherwise(step: Step, made: Dataset, duck: Session, cluster: Session) -> Iterator[str]:
    ours, theirs = (rows_of(made, engine) for engine in (duck, cluster))
    if made.ordered and [row[-1] for row in ours] != [row[-1] for row in theirs]:
        yield f"{step}: another order"
    if step.name in ROUNDED:
        ours, theirs = _by_id(ours, made.names), _by_id(theirs, made.names)
    yield from _rows_otherwise(step, ours, theirs)


def _rows_otherwise(step: Step, ours: list[Any], theirs: list[Any]) -> Iterator[str]:
    if not (_near(ours, theirs) if step.name in ROUNDED else same_rows(ours, theirs)):
        yield f"{step}: {difference(ours, theirs)}"


def _by_id(rows: list[Any], names: tuple[str, ...]) -> list[Any]:
    return sorted(rows, key=lambda row: row[names.index("id")])


def _near(a: list[Any], b: list[Any]) -> bool:
    """Whether two lists hold the same rows in the same order, floats to the last digits."""
    pairs = zip(a, b, strict=True)
    return all(x == y or (isinstance(x, float) and math.isclose(x, y, rel_tol=CLOSE)) for one in pairs for x, y in zip(*one, strict=True))
