"""Folds of the training part for cross-validation: the rows that each is trained and tested on, numbered in the column `fold`."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import accumulate, pairwise
from typing import Any, Literal, cast

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Dataset, Roles, Schema, select
from tilth.engine.expressions import and_, case, col, eq, gt, le, lit, lt, ne, number, or_
from tilth.engine.operations.aggregates import DiscreteQuantile
from tilth.engine.operations.times import Micros, from_micros
from tilth.engine.statistics import Statistic, count_of
from tilth.errors import RequestError
from tilth.steps.rows.split import FOLD, HASH, Span, Split, place
from tilth.steps.step import Asking, Learned, Learning, Step

VALIDATION = "validation"  # is hashed with the keys of rows that are divided once more
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Folds(Step):
    """Assigns each row of the training part to the fold that tests it; null if no fold does."""

    name = "split"
    parts = frozenset({"split"})

    split: Split
    """The split with the parameters of the folds."""

    @abstractmethod
    def rows(self, schema: Schema, learned: Learned, fold: int) -> tuple[Tree, Tree]:
        """Whether a row that is numbered is trained on, and whether it is tested, in a fold."""


def folds_of(split: Split) -> Folds:
    """How a split divides its training part into folds."""
    return TimeFolds(split) if split.folded_by in ("rolling", "blocks") else KeyFolds(split)


@dataclass(frozen=True)
class _Validation(Split):
    """A split of the training part: by other hashes than the split that made it, so that it does not cut at the same places."""

    @property
    def salt(self) -> str:
        return f"{self.seed}{VALIDATION}"


@dataclass(frozen=True)
class KeyFolds(Folds):
    """Folds by hash, by group or stratified: every row is tested once, in the fold of its key, and trained on in all others."""

    @property
    def inner(self) -> Split:
        """The split of the training part into equal parts, one per fold."""
        split, by = self.split, cast('Literal["hash", "group", "stratified", "stratified_group"]', self.split.folded_by)
        columns = split.fold_columns or (split.columns if by == split.by else ())
        return _Validation(
            tuple((str(i), 1 / split.folds) for i in range(1, split.folds + 1)),
            by,
            columns,
            split.seed,
            exact=split.exact and by == "hash",
            together=split.together if by in ("hash", "stratified") else "",
            texts=split.texts if by in ("hash", "stratified") else (),
            bins=split.bins if by == "stratified" else 0,
        )

    def learning(self, schema: Schema, roles: Roles) -> Learning:
        return (yield from self.inner.learning(schema, roles))

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        inner, state = self.inner, learned[""]
        numbered = data.change({HASH: inner.row_hash(schema, state)})
        return numbered.change({FOLD: inner.by_hash(schema, state, range(1, self.split.folds + 1)), HASH: None})

    def rows(self, schema: Schema, learned: Learned, fold: int) -> tuple[Tree, Tree]:
        return ne(col(FOLD), lit(fold)), eq(col(FOLD), lit(fold))


@dataclass(frozen=True)
class TimeFolds(Folds):
    """Folds by time: rolling folds test rows later than their training rows; blocks test each block of time once.

    It learns intervals, open at the start and closed at the end: `test`, `train`, and for blocks `later`, the training rows after the test
    rows. An end of None is unbounded; an absent interval has no rows.
    """

    def learning(self, schema: Schema, roles: Roles) -> Learning:
        column = self._column(schema, roles)
        x = Micros.of(col(column.name)) if column.kind.temporal else number(column)
        spans = self._spans(column)
        every, last = count_of(x), Statistic(exp.Max(this=x.copy()))
        found = yield [every, last]
        n, folds = int(found[every]), self.split.folds
        if spans["horizon"] is None or spans["horizon"].rows is not None:
            ends = yield from self._ranked(x, self._blocks(n) if self.split.folded_by == "blocks" else self._tests(n), n, spans)
        else:
            ends = self._dated(found[last], spans)
        made = (lambda v: from_micros(int(v), column.kind)) if column.kind.temporal else (lambda v: v)
        kept = [{name: [None if v is None else made(v) for v in pair] for name, pair in fold.items()} for fold in ends]
        return {"": {"columns": [column.name], "folds": kept[:folds]}}

    def _column(self, schema: Schema, roles: Roles) -> Column:
        split = self.split
        chosen = split.fold_columns or (split.columns if split.by in ("time", "ordered") else ()) or (roles.time or ())
        found = [schema[c] for c in select(chosen, schema, roles)] if chosen else []
        if len(found) != 1:
            hint = f"name it: `fold_by: {split.folded_by}(COLUMN)`, or give a column the role time"
            raise RequestError(f"split: folds in time are by one column, not {len(found)}", hint=hint, code="no-column")
        (column,) = found
        if not (column.kind.temporal or column.kind.numeric):
            message = f"split: column {column.name!r} ({column}) has no order to make folds by"
            raise RequestError(message, accepted="a time, a date or a number", code="wrong-kind")
        return column

    def _spans(self, column: Column) -> dict[str, Span | None]:
        spans = {word: Span.of(getattr(self.split, word)) for word in ("gap", "horizon", "step", "window", "embargo")}
        first = spans["horizon"] or spans["step"]
        spans["horizon"], spans["step"] = spans["horizon"] or first, spans["step"] or first
        by_rows = spans["horizon"] is None or spans["horizon"].rows is not None
        for word, span in spans.items():
            if span is None or (span.rows is None and column.kind.temporal) or (span.rows is not None and by_rows):
                continue
            message = f"split: `{word}` is a duration, and column {column.name!r} holds no times"
            if span.rows is not None:
                message = f"split: `{word}` is a number of rows, and the folds last as long as one another"
            raise RequestError(message, hint="say all of them in rows", code="bad-folds")
        return spans

    def _tests(self, n: int) -> list[tuple[int, int]]:
        """The first and last ranks of the rows that are tested, each fold after the one before; the first is not one of them."""
        spans, folds = [Span.of(self.split.horizon), Span.of(self.split.step)], self.split.folds
        size = next((s.rows for s in spans if s and s.rows), n // (folds + 1))
        step = spans[1].rows if spans[1] and spans[1].rows else size
        return [(n - size - (folds - 1 - i) * step, n - (folds - 1 - i) * step) for i in range(folds)]

    def _blocks(self, n: int) -> list[tuple[int, int]]:
        folds = self.split.folds
        return list(pairwise(accumulate((n // folds + (i < n % folds) for i in range(folds)), initial=0)))

    def _ranked(
        self, x: Tree, tests: Sequence[tuple[int, int]], n: int, spans: Mapping[str, Span | None]
    ) -> Asking[list[dict[str, list[Any]]]]:
        """The intervals of folds with lengths in rows."""
        rows = {word: (span.rows or 0) if span else 0 for word, span in spans.items()}
        lasting = {word: _micros(span) for word, span in spans.items()}
        rolling = self.split.folded_by == "rolling"
        if not all(a < b for a, b in tests) or (rolling and tests[0][0] - rows["gap"] < 1):
            message = f"split: {n:,} rows with a time are too few for {self.split.folds} folds"
            raise RequestError(message, hint="ask for fewer folds, a shorter horizon or a shorter gap", code="too-few-rows")
        gap, window, embargo = rows["gap"], rows["window"], rows["embargo"]
        ranks = {r for a, b in tests for r in (a, b, a - gap + 1, a - gap - window, b + embargo) if 0 < r <= n}
        asked = {r: Statistic(DiscreteQuantile.of(x, lit(place(r, n)))) for r in sorted(ranks)}
        found = yield list(asked.values())
        at = {r: found[q] for r, q in asked.items()}
        ahead = {a: Statistic(exp.Max(this=x.copy()), where=lt(x, lit(at[a - gap + 1]))) for a, _ in tests if a > gap > 0}
        found = (yield list(ahead.values())) if ahead else {}
        untils = {a: found[ahead[a]] if gap else at[a] for a, _ in tests if a > gap}
        folds = []
        for a, b in tests:
            fold: dict[str, list[Any]] = {"test": [at.get(a), at[b]]}
            if (until := untils.get(a)) is not None:
                until -= lasting["gap"]
                start = at.get(a - gap - window) if window else None
                fold["train"] = [until - lasting["window"] if lasting["window"] else start, until]
            if not rolling and b + embargo < n:
                fold["later"] = [at[b + embargo] + lasting["embargo"], None]
            folds.append(fold)
        return folds

    def _dated(self, last: int, spans: Mapping[str, Span | None]) -> list[dict[str, list[Any]]]:
        """The intervals of rolling folds of equal duration; the last one ends with the last row."""
        horizon, step, gap, window = (_micros(spans[word]) for word in ("horizon", "step", "gap", "window"))
        folds: list[dict[str, list[Any]]] = []
        for i in range(self.split.folds):
            until = last - (self.split.folds - 1 - i) * step
            trained = until - horizon - gap
            folds.append({"test": [until - horizon, until], "train": [trained - window if window else None, trained]})
        return folds

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        tests = [self.rows(schema, learned, i)[1] for i in range(1, self.split.folds + 1)]
        return data.change({FOLD: case(*((test, lit(i)) for i, test in enumerate(tests, 1)))})

    def rows(self, schema: Schema, learned: Learned, fold: int) -> tuple[Tree, Tree]:
        state = learned[""]
        column, ends = schema[state["columns"][0]], state["folds"][fold - 1]
        x = col(column.name) if column.kind.temporal else number(column)
        return or_(*(_within(x, *ends[name]) for name in ("train", "later") if name in ends)), _within(x, *ends["test"])


def _within(x: Tree, after: Any, until: Any) -> Tree:
    return and_(gt(x.copy(), lit(after)) if after is not None else None, le(x.copy(), lit(until)) if until is not None else None)


def _micros(span: Span | None) -> int:
    return 0 if span is None or span.rows is not None else span.duration // timedelta(microseconds=1)
