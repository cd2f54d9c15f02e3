"""The test battery for needs, those of Tilth and of other packages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from tilth.engine.expressions import lit
from tilth.engine.folding import Folding
from tilth.engine.needs import Fold, Need
from tilth.engine.session import Session
from tilth.errors import Gap
from tilth.testing.laws import backwards, embedded, in_memory, require, same


def check_need(need: Need, table: pa.Table, engines: Sequence[Session] = ()) -> None:
    """Check the laws of a need on a table; all `engines` (by default DuckDB) give the same answer.

    - a need is a frozen value: copies are equal, have the same hash and the same answer;
    - `where true` changes nothing, and the answer for no selected rows is that of a table without rows;
    - the order of the rows changes nothing;
    - the states of a fold for parts merge to the state of the whole, in any order and for any division into parts.

    Errors: `AssertionError` that names the broken law, with the two answers.
    """
    first, *others = engines or (embedded(),)
    whole = _answer(need, table, first)
    require(hash(need) == hash(need.filtered(None)), f"{need}: a need is hashable")
    answers = {
        "the same question has the same answer": (_answer(need, table, first), whole),
        "where true changes nothing": (_answer(need.filtered(lit(True)), table, first), whole),
        "of no selected rows the answer is that of no rows": (
            _answer(need.filtered(lit(False)), table, first),
            _answer(need, table.slice(0, 0), first),
        ),
        "the order of the rows changes nothing": (_answer(need, backwards(table), first), whole),
        **{f"{engine.name} gives what {first.name} gives": (_answer(need, table, engine), whole) for engine in others},
    }
    for law, (found, expected) in answers.items():
        require(same(found, expected), f"{need}: {law}", found, expected)
    if isinstance(need, Fold) and not need.by and need.where is None:
        _check_parts(need, table, first.schema(in_memory(table)), whole)


def _check_parts(fold: Fold, table: pa.Table, kinds: Any, whole: Any) -> None:
    folding = Folding.of([fold], kinds)
    for cut in sorted({0, 1, table.num_rows // 3, table.num_rows}):
        a, b = (folding.states(part.combine_chunks().to_batches()) for part in (table.slice(0, cut), table.slice(cut)))
        for parts in ((a, b), (b, a)):
            (left,), (right,) = (folding.states([]) if not p[0] else p for p in map(_again, parts))
            ((state),) = folding.merged([left], [right])[0].values() or [fold.start()]
            require(same(whole, fold.finish(state)), f"{fold}: the states of parts merge to that of the whole", whole, fold.finish(state))


def _again(states: Any) -> Any:
    """A copy of states, because merging may change them; pickled, as Spark sends them to another process."""
    import pickle

    return pickle.loads(pickle.dumps(states))  # noqa: S301 -- made on this line


def _answer(need: Need, table: pa.Table, engine: Session) -> Any:
    try:
        return engine.answer(in_memory(table), [need])[need]
    except Gap as gap:
        return str(gap)
