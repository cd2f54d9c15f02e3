"""Answers needs on an engine. Equal needs are answered once."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from sqlglot import exp

from tilth.data import Dataset
from tilth.engine import footers
from tilth.engine.arrow import as_numpy, cast, uniform
from tilth.engine.expressions import alias, col, lit
from tilth.engine.folding import Folding, fold_select
from tilth.engine.groups import PLACE, Apart, groups_of, groups_of_sets, joined, parts_of, with_numbers
from tilth.engine.keys import sample_key
from tilth.engine.layers import select_from
from tilth.engine.nan import Stored, is_nan, plain_sum
from tilth.engine.needs import Fold, Need, Relation, Sample
from tilth.engine.operations.hashing import key_hash
from tilth.engine.operations.sums import Exact, Grid
from tilth.engine.plan import plan
from tilth.engine.relations import joins, reject_unfit
from tilth.engine.sizes import sized
from tilth.engine.stacking import Stack, stacked
from tilth.engine.statistics import Statistic, highest, lowest
from tilth.engine.thresholds import Thresholds, on_thresholds
from tilth.errors import REFUSED, MachineError, listed

if TYPE_CHECKING:
    import pyarrow as pa

    from tilth.engine.session import Session

N = TypeVar("N", bound=Need)
FIRST = 2_000  # rows that suggest the range of a number


@dataclass(frozen=True)
class Asked:
    """One scan: a short title, its query, and the needs that it answers."""

    title: str
    text: str
    needs: Sequence[Need]
    stack: Stack | Thresholds | None = None
    sets: Sequence[Sequence[int]] = ()  # with GROUPING SETS: the indices of the keys of each set

    def answers(self, engine: Session) -> dict[Need, Any]:
        """Run the query, and return the answers."""
        if self.sets:
            found = dict[Need, Any](zip(self.needs, groups_of_sets(self.title, engine.table(self.text), self.sets), strict=True))
        elif keys := len(self.needs[0].by):
            found = dict[Need, Any](zip(self.needs, groups_of(self.title, engine.table(self.text), keys), strict=True))
        else:
            found = dict(zip(self.needs, engine.run(self.text)[0], strict=True))
        return found if self.stack is None else self.stack.answers(found)


def answered(engine: Session, data: Dataset, needs: Iterable[Need]) -> dict[Need, Any]:
    """The answer to each need: a number, or an Arrow table for a sample; with `by`, a mapping from a tuple of keys to the answer.

    Exact sums of doubles are computed on the grids that the first rows suggest, and again if the range of all rows needs other grids.
    Groups that need other grids than the rest are computed again, all in one scan.
    """
    asked = list(dict.fromkeys(needs))
    sums = _on_grids(engine, data, {n: n.aggregate for n in asked if isinstance(n, Statistic) and isinstance(n.aggregate, Exact)})
    found = _asked_on(engine, data, asked, sums)
    parts = {n: parts_of(n, aggregate, found[n]) for n, aggregate in sums.items()}
    moved = {n: other for n, aggregate in sums.items() if (other := aggregate.on_range(parts[n])) != aggregate}
    found |= _asked_on(engine, data, moved, moved)
    parts |= {n: parts_of(n, aggregate, found[n]) for n, aggregate in moved.items()}
    sums |= moved
    values = {n: aggregate.values(parts[n]) for n, aggregate in sums.items()}
    apart = {n: own for n, aggregate in sums.items() if n.by and (own := Apart.of(aggregate, parts[n], found[n]))}
    for n, places, of_own in _on_own_grids(engine, data, sums, apart):
        for of_all, of_some in zip(values[n], of_own, strict=True):
            of_all[places] = of_some
    return found | {n: with_numbers(n, found[n], *numbers) for n, numbers in values.items()}


def _asked_on(engine: Session, data: Dataset, needs: Iterable[Need], sums: Mapping[Statistic, Exact]) -> dict[Need, Any]:
    """The engine's answers to the needs, with the sums on these grids."""
    needs_of = {replace(n, aggregate=sums[n]) if isinstance(n, Statistic) and n in sums else n: n for n in needs}
    return {needs_of[form]: found for form, found in _unfinished(engine, data, needs_of).items() if form in needs_of}


def _on_own_grids(
    engine: Session, data: Dataset, sums: Mapping[Statistic, Exact], apart: Mapping[Statistic, Apart]
) -> Iterator[tuple[Statistic, np.ndarray, tuple[np.ndarray, np.ndarray]]]:
    """The indices of groups that need their own grids, and the result of `Exact.values` for them.

    The rows are joined with a table of these groups, so that one scan answers any number of groups with the same keys.
    """
    for by in dict.fromkeys(n.by for n in apart):
        several = {n: of for n, of in apart.items() if n.by == by}
        rows, columns = joined(data, by, set[str]().union(*(n.reads for n in several)), list(several.values()))
        forms = {n: replace(n, aggregate=sums[n].on_columns(own), by=(col(PLACE),)) for n, own in zip(several, columns, strict=True)}
        answers, start = _unfinished(engine, rows, forms.values()), 0
        for n, of in several.items():
            place = as_numpy(answers[forms[n]].keys_of.columns[0]) - start
            own = np.flatnonzero((place >= 0) & (place < len(of.places)))
            place, parts = place[own], parts_of(n, sums[n], answers[forms[n]]).take(own)
            yield n, of.places[place], sums[n].values(parts, [Grid(g.center[place], g.exponent[place]) for g in of.grids])
            start += len(of.places)


def _on_grids(engine: Session, data: Dataset, sums: Mapping[Statistic, Exact]) -> dict[Statistic, Exact]:
    """The sums on grids that fit the smallest and largest values of the first rows."""
    ends = {x: (lowest(x), highest(x)) for s in sums.values() for x in s.numbers}
    found = engine.sample_statistics(engine.with_extremes(data), (end for pair in ends.values() for end in pair), FIRST) if ends else {}
    ranges = {x: (found[low], found[high]) for x, (low, high) in ends.items()}
    return {n: s.aimed(ranges) for n, s in sums.items()}


def _unfinished(engine: Session, data: Dataset, needs: Iterable[Need]) -> dict[Need, Any]:
    needs = list(needs)
    stored = as_stored(engine, data, needs)
    if stored is None:
        return _found(engine, data, needs)
    found = dict[Need, Any]()
    try:
        found = _found(engine, stored.data, stored.statistics, stored.sums)
        nan = stored.nan(found)
    except MachineError as error:
        if error.mistakes[0].code != REFUSED:
            raise
        nan = set(stored.sums)  # a conversion in the query rejects NaN
    for columns in engine.unscanned.values():
        columns[:] = [c for c in columns if c not in nan]
    return found | _found(engine, data, [n for n in needs if n not in found or n.reads & nan])


def as_stored(engine: Session, data: Dataset, needs: Iterable[Need]) -> Stored | None:
    """The needs on stored floats, without a NaN test per cell; None if the first rows have NaN. On Spark the test is free."""
    stored = Stored.of(data, needs) if engine.name == "duckdb" else None
    if stored is None:
        return None
    of_all = plain_sum(exp.Greatest(this=lit(0), expressions=list(map(col, stored.sums))))
    return None if is_nan(engine.sample_statistics(stored.data, [of_all], FIRST)[of_all]) else stored


def _found(engine: Session, data: Dataset, needs: Iterable[Need], floats: Container[str] = ()) -> dict[Need, Any]:
    """The answer to each need. The columns `floats` have no NaN."""
    needs = list(needs)
    known = from_footers(engine, data, needs, floats)
    for asked in scans(engine, data, (n for n in needs if n not in known)):
        if isinstance(asked.needs[0], Sample):
            known[asked.needs[0]] = _sampled(engine, data, asked)
        elif isinstance(asked.needs[0], Fold):
            known |= _folded(engine, data, asked)
        else:
            with engine.timed(asked.title, asked.text):
                known |= asked.answers(engine)
    return known


def from_footers(engine: Session, data: Dataset, needs: Iterable[Need], floats: Container[str] = ()) -> dict[Need, Any]:
    """What Parquet footers or Iceberg manifests answer without reading rows. The session records the columns.

    For `floats`, the answer holds only if a scan finds no NaN; the record says so.
    """
    found = dict[Need, Any](footers.answered(data, _of(Statistic, needs), lambda: engine.schema(data), floats).items())
    for column in dict.fromkeys(c for s in found for c in s.reads or {"number of rows"}):
        by = footers.where(data) + (", as the scan finds no NaN" if column in floats else "")
        engine.unscanned.setdefault(by, []).append(column)
    return found


def scans(engine: Session, data: Dataset, needs: Iterable[Need]) -> Iterator[Asked]:
    """The scans that answer the needs. Errors: for unknown or incomparable columns of another table."""
    asked = list(dict.fromkeys(needs))
    yield from statistics_scans(engine, data, _of(Statistic, asked))
    if relations := _of(Relation, asked):
        reject_unfit(relations, engine.schema(data), {other: engine.schema(other) for other in dict.fromkeys(r.other for r in relations)})
    for join in joins(relations):
        here = select_from(*engine.base(data), join.here)
        there = select_from(*engine.base(join.other), join.there, "there")
        yield Asked(join.title, engine.written(join.select(here, there)), join.relations)
    for sample in _of(Sample, asked):
        title = "all rows" if sample.rows is None else f"sample of {sample.rows:,} rows"
        yield Asked(title, engine.query(data, _sample(engine, data, sample)), (sample,))
    if folds := _folds(asked):
        yield Asked(
            f"fold in Python: {listed(dict.fromkeys(type(f).__name__ for f in folds), 5)}", engine.query(data, fold_select(folds)), folds
        )


def statistics_scans(engine: Session, data: Dataset, statistics: Iterable[Statistic], rows: int | None = None) -> Iterator[Asked]:
    """The scans that answer statistics. `rows`: an upper bound of the number of rows, if known."""
    stacks, others = stacked(
        statistics,
        lambda columns: engine.schema(data, columns),
        lambda most: engine.rows_up_to(data, most) if rows is None else min(rows, most),
    )
    for stack in stacks:
        below = stack.of(data)
        for scan in plan(_of(Statistic, stack.asked)):
            text = engine.written(scan.select(*engine.base(below)))
            yield Asked(f"{scan.title} in {len(stack.columns)} columns", text, scan.statistics, stack, scan.sets)
    thresholds, others = on_thresholds(others)
    for some in thresholds:
        for scan in plan([some.between]):
            text = engine.written(scan.select(*engine.base(data)))
            yield Asked(f"{len(some.bounds):,} thresholds on {listed(some.between.reads)}", text, scan.statistics, some)
    sizes, others = sized(engine, data, others)
    for own in sizes:
        below, scan = own.scan(data)
        yield Asked(scan.title, engine.written(scan.select(*engine.base(below))), scan.statistics)
    for scan in plan(others):
        yield Asked(scan.title, engine.written(scan.select(*engine.base(data))), scan.statistics, sets=scan.sets)


def _folds(needs: Iterable[Need]) -> list[Fold]:
    return [n for n in needs if isinstance(n, Fold)]


def _of(kind: type[N], needs: Iterable[Need]) -> list[N]:
    return [n for n in needs if isinstance(n, kind)]


def _sample(engine: Session, data: Dataset, sample: Sample) -> exp.Select:
    """The query for the rows of a sample, in order."""
    query = exp.Select(expressions=[col(c) for c in sample.columns])
    query = query if sample.rows is None else query.limit(sample.rows, copy=False)
    query = query if sample.where is None else query.where(sample.where)
    if not sample.hashed:
        return query
    hashed = key_hash(sample_key(engine.schema(data), data.roles, sample.columns), sample.seed)
    if sample.key:
        query = query.select(alias(hashed.copy(), sample.key), copy=False)
    return query.order_by(hashed, copy=False)


def _sampled(engine: Session, data: Dataset, asked: Asked) -> pa.Table:
    import pyarrow as pa

    kinds = engine.schema(data)
    with engine.timed(asked.title, asked.text):
        found = engine.table(asked.text)
        types = uniform(found.schema, kinds)
        return pa.Table.from_batches((cast(batch, types) for batch in found.to_batches()), types)


def _folded(engine: Session, data: Dataset, asked: Asked) -> dict[Need, Any]:
    folds = _folds(asked.needs)
    folding = Folding.of(folds, engine.schema(data))
    with engine.timed(asked.title, asked.text):
        states = engine.fold(asked.text, folding)
    found = {need: {key: need.finish(state) for key, state in of_need.items()} for need, of_need in zip(folds, states, strict=True)}
    return {need: groups if need.by else groups.get((), need.of_nothing) for need, groups in found.items()}
