"""What single rows need of a flow: which columns must be there, and what may not stand among `rows`, which are never served."""

from __future__ import annotations

from collections.abc import Iterable

from tilth.data import Change, Dataset
from tilth.errors import Mistake, RequestError, listed
from tilth.flow.flow import Flow
from tilth.formats import described
from tilth.steps.step import Fitted


def needed_columns(flow: Flow) -> frozenset[str]:
    """The columns, as they are read, without which the fitted features cannot be made."""
    learned = flow.need_learned()
    return read_by(learned.features) & frozenset(learned.schema.names)


def read_by(features: Iterable[Fitted]) -> frozenset[str]:
    """The columns that features read and that no earlier one of them makes."""
    needed, made = set[str](), set[str]()
    for fitted in features:
        reads, makes = _reads_and_makes(fitted)
        needed |= reads - made
        made |= makes
    return frozenset(needed)


def refuse_unserved(rows: Iterable[Fitted], features: Iterable[Fitted]) -> None:
    """Refuse features that read what a step of `rows` makes or changes: a served row would not have it.

    Errors: `RequestError` with every such step.
    """
    needed = read_by(features)
    wrong = [
        Mistake(
            f"features read {listed(sorted(names))}, which `{fitted.step.name}` among `rows` makes or changes; `rows` are never served",
            hint=f"let `{fitted.step.name}` stand among `features`",
            code="not-served",
        )
        for fitted in rows
        if (names := _reads_and_makes(fitted)[1] & needed)
    ]
    if wrong:
        raise RequestError(*wrong)


def _reads_and_makes(fitted: Fitted) -> tuple[set[str], set[str]]:
    """The columns that a step reads, and those that it makes or changes."""
    reads, makes = set[str](), set[str]()
    for layer in fitted.apply(Dataset(described(fitted.schema))).layers:
        if isinstance(layer, Change):
            reads |= layer.reads() - makes
            makes |= {name for name, tree in layer.columns if tree is not None}
        elif layer.out is not None:
            makes |= set(layer.out) - set(fitted.schema.names)
    return reads, makes
