"""multi_hot: a 0/1 column for each of the categories that a string lists."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Kind
from tilth.engine.expressions import coalesce, col, concat, if_else, lit
from tilth.engine.needs import Fold
from tilth.engine.operations.patterns import ReplacePattern
from tilth.engine.operations.strings import BLANKS, Contains, Trim
from tilth.errors import Mistake, RequestError
from tilth.metrics.columns import RowCount
from tilth.metrics.metric import Question, Where
from tilth.steps.encode.encoder import Vocabulary
from tilth.steps.missing import is_missing, present
from tilth.steps.naming import names_of

BETWEEN = "\x1f"  # around each part
MOST_PARTS = 1_000_000  # different ones, that are counted while learning


@dataclass(frozen=True)
class Parts(Fold):
    """Part of a string between separators, without blanks around it → the number of rows that have it.

    Errors: `RequestError` for more than a million different parts.
    """

    separator: str = ","

    def start(self) -> Counter[str]:
        return Counter()

    def update(self, state: Counter[str], batch: pa.RecordBatch) -> Counter[str]:
        lists = pc.split_pattern(batch.column(0), self.separator)
        parts = pc.utf8_trim(pc.list_flatten(lists), BLANKS)
        once = pa.table({"row": pc.list_parent_indices(lists), "part": parts}).group_by(["row", "part"]).aggregate([])
        for found in pc.value_counts(once["part"]).to_pylist():
            if found["values"]:
                state[found["values"]] += found["counts"]
        return self._bounded(state)

    def merge(self, a: Counter[str], b: Counter[str]) -> Counter[str]:
        a.update(b)
        return self._bounded(a)

    def finish(self, state: Counter[str]) -> list[tuple[str, int]]:
        return sorted(state.items(), key=lambda found: (-found[1], found[0]))

    def _bounded(self, state: Counter[str]) -> Counter[str]:
        if len(state) > MOST_PARTS:
            message = f"encode: column {self.columns[0]!r} lists more than {MOST_PARTS:,} different categories"
            raise RequestError(message, hint="is this a column of text?", code="too-many-categories")
        return state


class MultiHot(Vocabulary):
    """A column `{column}_{category}` for each category: 1 where the string lists it, else 0."""

    takes = ("missing", "max_categories", "min_frequency", "order", "categories", "most", "separator")
    unseen = ("zeros",)
    missing = ("zeros", "slot", "error")
    most = 1_000

    @property
    def separator(self) -> str:
        return self.step.separator or ","

    def mistakes(self) -> Iterator[Mistake]:
        yield from super().mistakes()
        if any(type(c) is not str or not c.strip(BLANKS) or self.separator in c for c in self.step.categories):
            yield Mistake("encode: `categories` of multi_hot are strings without the separator in them", code="bad-value")

    def needs(self, column: Column) -> Mapping[str, Question]:
        if self.step.categories:
            return {}
        return {"found": Parts((column.name,), self.separator), "rows": Where(RowCount(), present(column))}

    def learn(self, column: Column, **measured: Any) -> Mapping[str, Any]:
        if measured:
            measured["found"] = measured["found"][: self.step.max_categories]
        state = super().learn(column, **measured)
        out = self.step.out(column.name)
        kept = {"missing": f"{out}_missing"} if self.policies["missing"] == "slot" else {}
        return {**state, "names": names_of(out, state["categories"], kept.values()), **kept}

    def state(self, column: Column) -> Mapping[str, Any]:
        return {**super().state(column), "names": list[str], "missing": str | None}

    def helpers(self, column: Column, **learned: Any) -> Mapping[str, Tree]:
        """The parts of the string, each between two marks."""
        pattern = f"[ \\t\\r\\n]*{re.sub(r'([^0-9A-Za-z_,;:/ ])', lambda m: chr(92) + m[1], self.separator)}[ \\t\\r\\n]*"
        parts = ReplacePattern.of(Trim.of(col(column.name)), lit(pattern), lit(BETWEEN + BETWEEN))
        return {_marked(column): coalesce(concat(lit(BETWEEN), parts, lit(BETWEEN)), lit(""))}

    def change(self, column: Column, **learned: Any) -> Mapping[str, Tree | None]:
        parts = col(_marked(column))
        made = {
            name: if_else(Contains.of(parts, lit(f"{BETWEEN}{c}{BETWEEN}")), lit(1), lit(0))
            for c, name in zip(learned["categories"], learned["names"], strict=True)
        }
        if "missing" in learned:
            made[learned["missing"]] = if_else(is_missing(column), lit(1), lit(0))
        elif self.policies["missing"] == "error" and made:
            first = next(iter(made))
            made[first] = if_else(is_missing(column), self.refusal(column, "missing"), made[first])
        return {column.name: None} | made

    def counted(self, column: Column, **learned: Any) -> Mapping[str, Tree]:
        return {"missing category": is_missing(column)}

    def accepts(self, column: Column) -> str:
        return "" if column.kind is Kind.STRING else "lists no categories: only strings do"


def _marked(column: Column) -> str:
    """The column that holds the parts of a column's string."""
    return f"{BETWEEN}parts of {column.name}"
