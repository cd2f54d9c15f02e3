"""The battery that every need passes, those of Tilth and of other packages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tilth.data import Dataset, Memory
from tilth.engine.duckdb import DuckDB
from tilth.engine.expressions import lit
from tilth.engine.folding import Folding
from tilth.engine.needs import Fold, Need
from tilth.engine.session import Session
from tilth.errors import Gap
from tilth.testing.metrics import same

if TYPE_CHECKING:
    import pyarrow as pa


def check_need(need: Need, table: pa.Table, engines: Sequence[Session] = ()) -> None:
    """Check the laws of a need on a table; all `engines` (by default DuckDB) give the same answer.

    - a need is a frozen value: equal ones are equal, hash alike and have the same answer;
    - `where true` changes nothing, and of no selected rows the answer is that of no rows;
    - the order of the rows changes nothing;
    - of a fold, the states of parts merge to that of the whole, in whatever order, however the parts are cut.

    Errors: `AssertionError` that names the broken law, with the two answers.
    """
    first, *others = engines or (DuckDB().session(),)
    whole = _answer(need, table, first)
    _must(hash(need) == hash(need.filtered(None)), "a need is hashable", need, hash(need), need)
    _must(_alike(whole, _answer(need, table, first)), "the same question has the same answer", need, whole, "another")
    for name, other, answer in (
        ("where true changes nothing", need.filtered(lit(True)), whole),
        ("of no selected rows the answer is that of no rows", need.filtered(lit(False)), _answer(need, table.slice(0, 0), first)),
    ):
        found = _answer(other, table, first)
        _must(_alike(found, answer), name, need, answer, found)
    backwards = _answer(need, table.take(list(range(table.num_rows))[::-1]), first)
    _must(_alike(whole, backwards), "the order of the rows changes nothing", need, whole, backwards)
    for engine in others:
        found = _answer(need, table, engine)
        _must(_alike(whole, found), f"{engine.name} gives what {first.name} gives", need, whole, found)
    if isinstance(need, Fold) and not need.by and need.where is None:
        _check_parts(need, table, first.schema(_data(table)), whole)


def _check_parts(fold: Fold, table: pa.Table, kinds: Any, whole: Any) -> None:
    folding = Folding.of([fold], kinds)
    for cut in sorted({0, 1, table.num_rows // 3, table.num_rows}):
        a, b = (folding.states(part.combine_chunks().to_batches()) for part in (table.slice(0, cut), table.slice(cut)))
        for parts in ((a, b), (b, a)):
            (left,), (right,) = (folding.states([]) if not p[0] else p for p in map(_again, parts))
            ((state),) = folding.merged([left], [right])[0].values() or [fold.start()]
            _must(_alike(whole, fold.finish(state)), "the states of parts merge to that of the whole", fold, whole, fold.finish(state))


def _again(states: Any) -> Any:
    """A copy of states, which merging may change; so they go to another process on Spark."""
    import pickle

    return pickle.loads(pickle.dumps(states))  # noqa: S301 -- made on this line


def _answer(need: Need, table: pa.Table, engine: Session) -> Any:
    try:
        return engine.answer(_data(table), [need])[need]
    except Gap as gap:
        return str(gap)


def _data(table: pa.Table) -> Dataset:
    return Dataset(Memory(table, tuple(table.column_names)))


def _alike(a: Any, b: Any) -> bool:
    if hasattr(a, "column_names"):
        return bool(a.schema.equals(b.schema)) and same(a.to_pylist(), b.to_pylist())
    return same(a, b)


def _must(holds: bool, law: str, need: Need, a: Any, b: Any) -> None:
    if not holds:
        raise AssertionError(f"{need}: {law}; found {a!r} and {b!r}")
