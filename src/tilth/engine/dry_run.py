"""A session that records queries and runs nothing."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from sqlglot import exp

from tilth.data import Change, Dataset, Kind, Native
from tilth.engine.answering import as_stored, from_footers, scans
from tilth.engine.arrow import empty
from tilth.engine.expressions import col
from tilth.engine.needs import Fold, Need, Sample
from tilth.engine.operations.aggregates import MostFrequentKey, TopKeys
from tilth.engine.python_operation import PREFIX
from tilth.engine.session import FileFormat, N, Session
from tilth.engine.statistics import Statistic
from tilth.secrets import Access
from tilth.store.jdbc import JdbcTable

STAND_IN = 1.0  # stands for every number
OF_KIND = {  # stands for the most frequent value of a column of this kind
    Kind.BOOLEAN: True,
    Kind.INTEGER: 1,
    Kind.STRING: "1",
    Kind.DATE: date(2000, 1, 1),
    Kind.TIMESTAMP: datetime(2000, 1, 1),
    Kind.TIMESTAMP_TZ: datetime(2000, 1, 1, tzinfo=UTC),
}
GROUPS = ("train", "test")  # stand for keys: the part that must not be empty, and another, because balancing needs two classes


def _of_session(name: str) -> Any:
    """A method that calls the method of the same name of the given session."""
    return lambda self, *given: getattr(self.session, name)(*given)


class DryRun(Session):
    """Records in `scans` what would run. Names and kinds of columns come from a given session, which is closed with this one.

    Every number is answered by 1, the most frequent value by a constant of its kind, and keys of groups by `train` and `test`. Later
    queries show these where learned values will be. `left_out` are the steps that cannot learn from such answers.
    """

    for_people = True
    answers_are_real = False
    interrupt, owns, named, schema_of, source_schema, utf8_paths, registered, register, has_room = map(
        _of_session, ("interrupt", "owns", "named", "schema_of", "source_schema", "utf8_paths", "registered", "register", "has_room")
    )

    def __init__(self, session: Session) -> None:
        super().__init__(session.title)
        self.session = session
        self.name = session.name
        self.left_out: list[str] = []
        self._held.callback(session.close)

    def leave_out(self, what: str) -> None:
        self.left_out.append(what)

    def base(self, data: Dataset, hold: bool = False) -> tuple[str, tuple[str, ...], Sequence[Any]]:
        return self.session.base(data, hold)

    def jdbc(self, table: JdbcTable, access: Access | None, *, hold: bool = True) -> Native:
        self.note("read by JDBC", table.place)
        return self.session.jdbc(table, access, hold=False)

    def checkpoint(self, data: Dataset, rows: int | None = None) -> Dataset:
        self.note("hold rows", self.whole(data))
        return data

    def stretches(self, data: Dataset, columns: Sequence[str], most: int, number: int = 40) -> None:
        if self.session.knows_order(data):
            self.note("rows in their order", self.query(data, exp.Select(expressions=[col(c) for c in columns])))

    def rows_up_to(self, data: Dataset, most: int) -> int:
        return most

    def answer(self, data: Dataset, needs: Iterable[N]) -> dict[N, Any]:
        needs = list(needs)
        if stored := as_stored(self, data, needs):
            known: dict[Any, Any] = self._noted(stored.data, stored.statistics, stored.sums)
            return known | self._noted(data, [n for n in needs if n not in known])
        return self._noted(data, needs)

    def _noted(self, data: Dataset, needs: Iterable[Any], floats: Container[str] = ()) -> dict[Any, Any]:
        """Record the scans for the needs, and return stand-in answers."""
        needs = list(needs)
        known: dict[Any, Any] = {n: self._stand_in(data, n) for n in from_footers(self, data, needs, floats)}
        for asked in scans(self, data, (n for n in needs if n not in known)):
            self.note(asked.title, asked.text)
            values = {n: self._stand_in(data, n) for n in asked.needs}
            known |= {n: {(g,) * len(n.by): value for g in GROUPS} if n.by else value for n, value in values.items()}
        return known

    def _stand_in(self, data: Dataset, need: Need) -> Any:
        """A stand-in answer to a need."""
        match need:
            case Sample():
                found = empty(self.schema(data), need.columns)
                return found.append_column(need.key, pa.array([], pa.string())) if need.key else found
            case Fold():
                return need.of_nothing
            case Statistic(aggregate=TopKeys()):
                return []
            case Statistic(aggregate=MostFrequentKey()) if not need.by:
                return OF_KIND.get(self.schema(data)[need.per[0]].kind, STAND_IN)
        return 1 if need.of_nothing == 0 else STAND_IN

    def sample_statistics(self, data: Dataset, statistics: Iterable[Statistic], rows: int) -> dict[Statistic, Any]:
        return dict.fromkeys(statistics, STAND_IN)

    def note(self, title: str, text: str, seconds: float = 0.0) -> None:
        super().note(f"{title} (runs Python)" if PREFIX in text else title, text, seconds)

    def load(self, data: Dataset, proof: Change) -> None:
        self.note("load text files", self.whole(data))

    def export(self, data: Dataset, to: Path, format: FileFormat, *, folder: bool, options: Mapping[str, Any]) -> int:
        self.note("write", self.whole(data))
        return 0

    def run(self, text: str) -> list[tuple[Any, ...]]:
        return []

    def batches(self, text: str) -> pa.RecordBatchReader:
        self.note("write", text)
        return pa.table({}).to_reader()
