"""Metrics, which declare needs and compute a value from the answers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, TypeAlias, TypeVar

from sqlglot.expressions import Expression as Tree

from tilth.data import Dataset
from tilth.engine.expressions import col, columns_of
from tilth.engine.needs import Need
from tilth.engine.session import Session
from tilth.errors import ColumnError, unknown

Q = TypeVar("Q", bound="Metric | Need")


@dataclass(frozen=True)
class Metric(ABC):
    """A measurable property of a table. Equal metrics are measured once.

    A subclass is a frozen dataclass that declares its `needs` and computes its `value` from the answers, in the same order. It gets
    plain numbers, never a table, and returns None if the metric has no value. `range` bounds the value.
    """

    range: ClassVar[tuple[float, float]] = (float("-inf"), float("inf"))

    @abstractmethod
    def needs(self) -> tuple[Need, ...]:
        """The needs, in the order of the arguments of `value`."""

    def value(self, *numbers: Any) -> Any:
        """The metric's value from the answers to its needs; by default the answer to a single need."""
        (number,) = numbers
        return number

    def merge(self, a: Sequence[Any], b: Sequence[Any]) -> tuple[Any, ...]:
        """The numbers of the whole from the numbers of two parts; `Gap` if they cannot be merged."""
        return tuple(s.merge(x, y) for s, x, y in zip(self.needs(), a, b, strict=True))

    @property
    def fills(self) -> str:
        """The column whose nulls the metric ignores, so that `filled` applies; empty if there is none."""
        return ""

    def filled(self, numbers: Sequence[Any], value: Any, n: int) -> Any:
        """The metric's value after `n` nulls are replaced by `value`, from its numbers before. Errors: `Gap` if they do not suffice."""
        return self.value(*self.merge(numbers, [need.of_copies(value, n) for need in self.needs()]))

    @property
    def name(self) -> str:
        """The metric's name, as reports print it."""
        return type(self).__name__

    @property
    def subject(self) -> tuple[str, ...]:
        """The columns of the metric."""
        found: list[str] = []
        for f in fields(self):
            value = getattr(self, f.name)
            found += [value] if isinstance(value, str) and f.name.startswith("column") else []
            found += list(value) if f.name == "columns" else []
            trees = value if isinstance(value, tuple) else (value,)
            found += [c for tree in trees if isinstance(tree, Tree) for c in sorted(columns_of(tree))]
        return tuple(dict.fromkeys(found))


@dataclass(frozen=True)
class Wrapped(Metric):
    """A metric that wraps another one, with its name and columns."""

    metric: Metric

    @property
    def name(self) -> str:
        return self.metric.name

    @property
    def subject(self) -> tuple[str, ...]:
        return self.metric.subject


@dataclass(frozen=True)
class Where(Wrapped):
    """A metric restricted to the rows that meet a condition; null counts as false."""

    condition: Tree

    def needs(self) -> tuple[Need, ...]:
        return tuple(s.filtered(self.condition) for s in self.metric.needs())

    def value(self, *numbers: Any) -> Any:
        return self.metric.value(*numbers)

    def merge(self, a: Sequence[Any], b: Sequence[Any]) -> tuple[Any, ...]:
        return self.metric.merge(a, b)


@dataclass(frozen=True)
class Grouped(Wrapped):
    """A metric for each group of rows, combined by `compare`.

    `by` has names of columns, or expressions of columns. `compare` takes a dict from the group (a value, or a tuple of values for several
    keys) to its value; by default the dict itself is the value. Bias, drift and split skew are such metrics.
    """

    by: tuple[str | Tree, ...]
    compare: Callable[[Mapping[Any, Any]], Any] = dict

    def needs(self) -> tuple[Need, ...]:
        return tuple(s.grouped(*(col(k) if isinstance(k, str) else k for k in self.by)) for s in self.metric.needs())

    def value(self, *numbers: Any) -> Any:
        single = len(self.by) == 1
        return self.compare({g[0] if single else g: self.metric.value(*own) for g, own in self._groups(numbers).items()})

    def merge(self, a: Sequence[Any], b: Sequence[Any]) -> tuple[Any, ...]:
        """Merge the numbers of each group by the metric."""
        left, right, nothing = self._groups(a), self._groups(b), self._nothing()
        merged = {g: self.metric.merge(left.get(g, nothing), right.get(g, nothing)) for g in left | right}
        tables: list[dict[Any, Any]] = [{} for _ in nothing]
        for group, own in merged.items():
            for s, table, number in zip(self.metric.needs(), tables, own, strict=True):
                table |= {(*key, *group): n for key, n in number.items()} if s.by else {group: number}
        return tuple(tables)

    def _nothing(self) -> list[Any]:
        """The metric's numbers for no rows."""
        return [{} if s.by else s.of_nothing for s in self.metric.needs()]

    def _groups(self, numbers: Sequence[Any]) -> dict[Any, list[Any]]:
        """Group → the metric's numbers. Folds lack the group whose keys are all null; it gets the numbers of a table without rows."""
        found: dict[Any, list[Any]] = {}
        nothing = self._nothing()
        for i, (s, table) in enumerate(zip(self.metric.needs(), numbers, strict=True)):
            own = len(s.by)  # the metric's own keys precede the group's
            for key, number in table.items():
                numbers_of = found.get(key[own:])
                if numbers_of is None:
                    numbers_of = found[key[own:]] = [{} if isinstance(number, dict) else number for number in nothing]
                if own:
                    numbers_of[i][key[:own]] = number
                else:
                    numbers_of[i] = number
        return found


Question: TypeAlias = Metric | Need
"""A metric, or a need whose answer is returned unchanged."""


def measured(data: Dataset, questions: Iterable[Q], engine: Session) -> dict[Q, Any]:
    """The value of each metric and the answer to each need, in the fewest scans. Errors: `ColumnError` for every unknown column."""
    wanted = {q: (q,) if isinstance(q, Need) else q.needs() for q in dict.fromkeys(questions)}
    asked = list(dict.fromkeys(need for needs in wanted.values() for need in needs))
    missing = sorted(set[str]().union(*(need.reads for need in asked)) - set(data.names))
    ColumnError.reject(unknown(missing, data.names, "there is no column {}", "unknown-column"))
    known = engine.answer(data, asked)
    return {q: known[q] if isinstance(q, Need) else q.value(*(known[need] for need in needs)) for q, needs in wanted.items()}


def ratio(part: float | None, whole: float | None) -> float | None:
    """part / whole, or None if there is no whole."""
    return None if not whole or part is None else part / whole
