"""encode: categories become numbers, by the vocabulary that training has learned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Kind
from tilth.engine.expressions import and_, case, coalesce, col, eq, if_else, in_, is_null, lit
from tilth.engine.operations.lookups import lookup
from tilth.engine.operations.rows import Refuse
from tilth.errors import Mistake, RequestError
from tilth.metrics.columns import RowCount
from tilth.metrics.keys import TopValues
from tilth.metrics.metric import Metric, Where
from tilth.steps.missing import is_missing, present
from tilth.steps.naming import names_of
from tilth.steps.step import ColumnStep

MOST: dict[str, int] = {"one_hot": 1_000, "ordinal": 500_000}  # categories that are learned of a column without being asked for more
POLICIES: dict[str, tuple[str | int | None, ...]] = {
    "one_hot": ("zeros", "slot", "error"),
    "ordinal": (-1, "null", "slot", "error"),
}

MOST_ROWS = 10**15  # that a category can be asked to occur in


@dataclass(frozen=True)
class Encode(ColumnStep):
    """Categories become 0/1 columns (`one_hot`) or whole numbers (`ordinal`).

    `one_hot` replaces the column by a column `{column}_{category}` for each category: 1 where the value is that category, else 0.
    `ordinal` replaces the value by its place among the categories, from 0. Categories are the values met in training, the most
    frequent first and equally frequent ones by value; which columns there are depends on training alone. Takes strings, booleans and
    integers. Null is missing, and so is a blank string; a value that is not a category is unseen. A column without any value has no
    categories: `one_hot` drops it, `ordinal` treats all of it as missing or unseen.

    Errors: a column with more categories than `most`; a value that the policy `error` refuses; a new column whose name is
    taken.

    >>> print(Encode("colour", min_frequency=0.01))
    encode(columns='colour', min_frequency=0.01)
    """

    name = "encode"
    parts = frozenset({"features"})
    makes_columns = True

    with_: Literal["one_hot", "ordinal"] = "one_hot"
    """How categories are written: a 0/1 column for each, or one whole number."""
    unseen: Literal["zeros", "slot", "null", "error", -1] | None = None
    """What a value becomes that is not a category. `one_hot`: `zeros`; `slot`, a column `{column}_other`; `error`. `ordinal`: -1; `null`;
    `slot`, the number after the last category's; `error`. Default: `slot` where rare categories are left out, else `zeros` or -1."""
    missing: Literal["zeros", "slot", "null", "error", -1] | None = None
    """What a missing value becomes. As for `unseen`; the slot is a column `{column}_missing`, or the last number. Default: `zeros`
    or `null`."""
    max_categories: int | None = None
    """The most frequent categories that are kept; the others count as unseen."""
    min_frequency: int | float | None = None
    """How often a category must occur to be kept: a number of rows, or (below 1) a share of the rows that have a value."""
    order: Literal["frequency", "value"] = "frequency"
    """The order of the categories: the most frequent first, or by value."""
    categories: tuple[str | int | bool, ...] = ()
    """The categories, in order; then nothing is learned."""
    drop: Literal["first", "binary"] | None = None
    """Leaves out the first category's 0/1 column: of every column, or of those with two categories."""
    most: int | None = None
    """The largest number of categories that is allowed. Default: 1,000 for `one_hot`, 500,000 for `ordinal`."""

    def __post_init__(self) -> None:
        RequestError.reject(self._mistakes())

    def _mistakes(self) -> Iterator[Mistake]:
        allowed, rare_left_out = POLICIES[self.with_], self.max_categories is not None or self.min_frequency is not None
        for word, policy in (("unseen", self.unseen), ("missing", self.missing)):
            if policy is not None and policy not in allowed:
                accepted = ", ".join(map(str, allowed))
                yield Mistake(f"encode: `{word}: {policy}` means nothing to {self.with_}", accepted=accepted, code="bad-policy")
        if self.drop and self.with_ == "ordinal":
            yield Mistake("encode: `drop` is for one_hot: ordinal makes no column for a category", code="bad-policy")
        if self.unseen == "error" and rare_left_out:
            yield Mistake("encode: `unseen: error` would reject the rare categories that are left out", code="bad-policy")
        if self.max_categories is not None and self.max_categories < 1:
            yield Mistake("encode: `max_categories` must be 1 or more", code="bad-value")
        if self.min_frequency is not None and not 0 < self.min_frequency <= MOST_ROWS:
            yield Mistake(f"encode: `min_frequency` must be above 0, and at most {MOST_ROWS:,}", code="bad-value")
        if self.most is not None and not 1 <= self.most < 1_000_000:
            yield Mistake("encode: `most` must be from 1 to 999,999", code="bad-value")
        if len(set(self.categories)) < len(self.categories):
            yield Mistake("encode: a category is in `categories` twice", code="bad-value")

    @property
    def policies(self) -> dict[str, str | int]:
        """What an `unseen` and what a `missing` value becomes."""
        one_hot, leaves_out = self.with_ == "one_hot", self.max_categories is not None or self.min_frequency is not None
        unseen: str | int = "slot" if leaves_out else "zeros" if one_hot else -1
        missing = "zeros" if one_hot else "null"
        return {
            "unseen": unseen if self.unseen is None else self.unseen,
            "missing": missing if self.missing is None else self.missing,
        }

    @property
    def limit(self) -> int:
        """The largest number of categories that is allowed."""
        return self.most or MOST[self.with_]

    def needs(self, column: Column) -> dict[str, Metric]:
        if self.categories:
            return {}
        there = present(column)
        most = self.limit + 1 if self.max_categories is None else min(self.max_categories, self.limit + 1)
        found = TopValues(column.name, most)
        needed: dict[str, Metric] = {"found": Where(found, there) if column.kind is Kind.STRING else found}
        return needed | ({"rows": Where(RowCount(), there)} if self.by_share else {})

    @property
    def by_share(self) -> bool:
        """Whether `min_frequency` is a share."""
        return self.min_frequency is not None and self.min_frequency < 1

    def learn(self, column: Column, **measured: Any) -> Mapping[str, Any]:
        categories = list(self.categories) or self._kept(column, **measured)
        state: dict[str, Any] = {"categories": categories}
        if self.with_ == "one_hot":
            dropped = self.drop == "first" or (self.drop == "binary" and len(categories) == 2)
            out = self.out(column.name)
            slots = {"unseen": f"{out}_other", "missing": f"{out}_missing"}
            kept = {word: slots[word] for word, policy in self.policies.items() if policy == "slot"}
            names = names_of(out, categories, kept.values())
            state |= {"names": [None, *names[1:]] if dropped and names else names} | kept
        return state

    def _kept(self, column: Column, found: Sequence[tuple[Any, int]], rows: int = 0) -> list[Any]:
        least = (self.min_frequency or 0) * (rows if self.by_share else 1)
        kept = [value for value, n in found if n >= least]
        if len(kept) > self.limit:
            raise RequestError(
                f"encode: column {column.name!r} has more than {self.limit:,} categories",
                accepted=f"{self.with_} takes up to {self.limit:,} categories of a column",
                hint="leave the column out, keep the frequent ones by max_categories or min_frequency, or allow more by `most`",
                code="too-many-categories",
            )
        return sorted(kept) if self.order == "value" else kept

    @property
    def keeps_values(self) -> bool:
        return not self.categories

    def state(self, column: Column | None) -> Mapping[str, Any] | None:
        if column is None:
            return None
        names = {"names": list[str | None], "unseen": str | None, "missing": str | None} if self.with_ == "one_hot" else {}
        return {"categories": list.__class_getitem__(column.kind.python)} | names

    def change(self, column: Column, **learned: Any) -> Mapping[str, Tree | None]:
        if self.with_ == "ordinal":
            return {column.name: self._number(column, learned["categories"])}
        x, categories = col(column.name), learned["categories"]
        made = {n: if_else(eq(x, lit(v)), lit(1), lit(0)) for v, n in zip(categories, learned["names"], strict=True) if n is not None}
        if "unseen" in learned:
            known = [(in_(x, categories), lit(0))] if categories else []
            made[learned["unseen"]] = case((is_missing(column), lit(0)), *known, otherwise=lit(1))
        if "missing" in learned:
            made[learned["missing"]] = if_else(is_missing(column), lit(1), lit(0))
        tests = {"missing": is_missing(column), "unseen": self._unseen(column, categories)}
        refused = [(test, self._refusal(column, word)) for word, test in tests.items() if self.policies[word] == "error"]
        if refused and made:
            first = next(iter(made))
            made[first] = case(*refused, otherwise=made[first])
        return {column.name: None} | made

    def _number(self, column: Column, categories: Sequence[Any]) -> Tree:
        policies = self.policies
        slots = {"unseen": len(categories), "missing": len(categories) + (policies["unseen"] == "slot")}
        unseen, missing = (self._value(column, word, policies[word], slots[word]) for word in ("unseen", "missing"))
        place: Tree = lookup(col(column.name), categories)
        found = place if policies["unseen"] == "null" else coalesce(place, unseen)
        return found if set(policies.values()) == {"null"} else case((is_missing(column), missing), otherwise=found)

    def _value(self, column: Column, word: str, policy: str | int, slot: int) -> Tree:
        """The number that an unseen or a missing value becomes."""
        match policy:
            case "slot":
                return lit(slot)
            case "error":
                return self._refusal(column, word)
            case int(number):
                return lit(number)
        return lit(None)

    def _refusal(self, column: Column, word: str) -> Tree:
        what = "a value that training has not seen" if word == "unseen" else "a missing value"
        return Refuse.of(lit(f"encode: column {column.name!r} has {what}, and its policy is `{word}: error`"))

    def _unseen(self, column: Column, categories: Sequence[Any]) -> Tree:
        return and_(present(column), is_null(lookup(col(column.name), categories)))

    def counted(self, column: Column, **learned: Any) -> Mapping[str, Tree]:
        return {"missing category": is_missing(column), "unseen category": self._unseen(column, learned["categories"])}

    def accepts(self, column: Column) -> str:
        if column.kind not in (Kind.STRING, Kind.BOOLEAN, Kind.INTEGER):
            return "cannot be encoded: only strings, booleans and integers have categories (cast it first)"
        kinds = {Kind.STRING: str, Kind.BOOLEAN: bool, Kind.INTEGER: int}
        if any(type(v) is not kinds[column.kind] for v in self.categories):
            return f"cannot have these `categories`: its values are of kind {column.kind}"
        return ""
