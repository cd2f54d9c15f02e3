"""What the encoders of the step `encode` have in common, and the vocabulary that most of them learn."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence, Sized
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Kind
from tilth.engine.expressions import and_, case, coalesce, col, is_null, lit
from tilth.engine.operations.lookups import lookup
from tilth.engine.operations.rows import Refuse
from tilth.errors import Mistake, RequestError
from tilth.metrics.columns import RowCount
from tilth.metrics.keys import TopValues
from tilth.metrics.metric import Question, Where
from tilth.steps.missing import is_missing, present
from tilth.steps.step import Way

if TYPE_CHECKING:
    from tilth.steps.encode.encode import Encode

Policy = str | int | None
MOST_ROWS = 10**15  # the largest `min_frequency`
PYTHON: Mapping[Kind, type] = {Kind.STRING: str, Kind.BOOLEAN: bool, Kind.INTEGER: int}  # the kinds that have categories


def is_unseen(column: Column, categories: Sequence[Any]) -> Tree:
    """Whether a cell has a value that is not a category."""
    return and_(present(column), is_null(lookup(col(column.name), categories)))


def least_rows(min_frequency: float | None, rows: int) -> float:
    """The minimum number of rows of a category; a minimum below 1 is a share of `rows`."""
    return (min_frequency or 0) * (rows if min_frequency is not None and min_frequency < 1 else 1)


class Encoder(Way, ABC):
    """One encoding of categories, with the parameters of its step. It has the methods of `ColumnStep`."""

    step: Encode
    unseen: ClassVar[tuple[Policy, ...]] = ()  # what a value may become that is not a category
    missing: ClassVar[tuple[Policy, ...]] = ()  # what a missing value may become
    most: ClassVar[int]  # default limit of categories per column
    keeps_values = True

    def mistakes(self) -> Iterator[Mistake]:
        for word, policy, allowed in (("unseen", self.step.unseen, self.unseen), ("missing", self.step.missing, self.missing)):
            if policy is not None and word in self.takes and policy not in allowed:
                accepted = ", ".join(str(word) for word in allowed if word is not None)
                message = f"encode: `{word}: {policy}` means nothing to {self.step.with_}"
                yield Mistake(message, accepted=accepted, code="bad-policy")

    def needs(self, column: Column) -> Mapping[str, Question]:
        return {}

    def learn(self, column: Column, **measured: Any) -> Mapping[str, Any]:
        return measured

    @abstractmethod
    def change(self, column: Column, **learned: Any) -> Mapping[str, Tree | None]:
        """Name → tree, as in `ColumnStep.change`."""

    def counted(self, column: Column, **learned: Any) -> Mapping[str, Tree]:
        return {"missing category": is_missing(column)}

    def state(self, column: Column) -> Mapping[str, Any]:
        return {}

    def shown(self, state: Mapping[str, Any]) -> Mapping[str, Any]:
        """The part of the learned values that reports show."""
        return state

    def helpers(self, column: Column, **learned: Any) -> Mapping[str, Tree]:
        """Temporary columns that the trees of `change` read."""
        return {}

    def accepts(self, column: Column) -> str:
        if column.kind not in PYTHON:
            return "cannot be encoded: only strings, booleans and integers have categories (cast it first)"
        return ""

    @property
    def limit(self) -> int:
        """The largest number of categories allowed."""
        return self.step.most or self.most

    def reject_many(self, column: Column, categories: Sized) -> None:
        """Reject more categories than are allowed."""
        if len(categories) > self.limit:
            self.refuse_many(column)

    def refuse_many(self, column: Column) -> NoReturn:
        """Refuse a column of more categories than are allowed."""
        rare = "keep the frequent ones by max_categories or min_frequency" if "max_categories" in self.takes else "group the rare ones"
        raise RequestError(
            f"encode: column {column.name!r} has more than {self.limit:,} categories",
            accepted=f"{self.step.with_} takes up to {self.limit:,} categories of a column",
            hint=f"leave the column out, {rare}, or allow more by `most`",
            code="too-many-categories",
        )

    def refusal(self, column: Column, word: str) -> Tree:
        """The expression that raises an error for an unseen or missing value (policy `error`)."""
        what = "a value that training has not seen" if word == "unseen" else "a missing value"
        return Refuse.of(lit(f"encode: column {column.name!r} has {what}, and its policy is `{word}: error`"))


class Levels(Encoder):
    """An encoder that writes a learned number for each category, one for missing values and one for those that are unseen."""

    takes: ClassVar[tuple[str, ...]] = ("unseen", "missing", "most")
    unseen = missing = (None, "null", "error")  # None is that number
    most = 500_000

    def needs(self, column: Column) -> Mapping[str, Question]:
        return {"found": Where(TopValues(column.name, self.limit + 1), present(column)), "missing": Where(RowCount(), is_missing(column))}

    def number(self, column: Column, categories: Sequence[Any], numbers: Sequence[Any], missing: Any, unseen: Any) -> Tree:
        """The number for a cell: that of its category, of missing values, or of unseen values."""
        found = lookup(col(column.name), categories, numbers) if categories else lit(None)
        return self.number_of(column, found, lit(missing), lit(unseen))

    def number_of(self, column: Column, found: Tree, missing: Tree, unseen: Tree) -> Tree:
        """The number that was found for a cell's category, or what a missing or an unseen value becomes."""
        rest = {"missing": missing, "unseen": unseen}
        for word, policy in (("missing", self.step.missing), ("unseen", self.step.unseen)):
            if policy is not None:
                rest[word] = self.refusal(column, word) if policy == "error" else lit(None)
        return case((is_missing(column), rest["missing"]), otherwise=coalesce(found, rest["unseen"]))

    def counted(self, column: Column, **learned: Any) -> Mapping[str, Tree]:
        return {**super().counted(column), "unseen category": is_unseen(column, learned["categories"])}


class Vocabulary(Encoder):
    """An encoder of the values met in training."""

    takes: ClassVar[tuple[str, ...]] = ("unseen", "missing", "max_categories", "min_frequency", "order", "categories", "most")

    def mistakes(self) -> Iterator[Mistake]:
        yield from super().mistakes()
        step = self.step
        if step.unseen == "error" and self.leaves_out:
            yield Mistake("encode: `unseen: error` would reject the rare categories that are left out", code="bad-policy")
        if step.max_categories is not None and step.max_categories < 1:
            yield Mistake("encode: `max_categories` must be 1 or more", code="bad-value")
        if step.min_frequency is not None and not 0 < step.min_frequency <= MOST_ROWS:
            yield Mistake(f"encode: `min_frequency` must be above 0, and at most {MOST_ROWS:,}", code="bad-value")
        if len(set(step.categories)) < len(step.categories):
            yield Mistake("encode: a category is in `categories` twice", code="bad-value")

    @property
    def wanted(self) -> int | None:
        """The most frequent categories that are kept; None for all."""
        return self.step.max_categories

    @property
    def leaves_out(self) -> bool:
        """Whether rare categories may be left out."""
        return self.step.max_categories is not None or self.step.min_frequency is not None

    @property
    def policies(self) -> dict[str, Any]:
        """The policies for `unseen` and `missing` values."""
        step, unseen = self.step, "slot" if self.leaves_out else self.unseen[0]
        return {
            "unseen": unseen if step.unseen is None else step.unseen,
            "missing": self.missing[0] if step.missing is None else step.missing,
        }

    @property
    def by_share(self) -> bool:
        """Whether `min_frequency` is a share."""
        return self.step.min_frequency is not None and self.step.min_frequency < 1

    @property
    def keeps_values(self) -> bool:  # type: ignore[override]  # of the others it does not depend on the parameters
        return not self.step.categories

    def needs(self, column: Column) -> Mapping[str, Question]:
        if self.step.categories:
            return {}
        there, wanted = present(column), self.wanted
        found = TopValues(column.name, self.limit + 1 if wanted is None else min(wanted, self.limit + 1))
        needed: dict[str, Question] = {"found": Where(found, there) if column.kind is Kind.STRING else found}
        return needed | ({"rows": Where(RowCount(), there)} if self.by_share else {})

    def learn(self, column: Column, **measured: Any) -> Mapping[str, Any]:
        return {"categories": list(self.step.categories) or self.kept(column, **measured)}

    def kept(self, column: Column, found: Sequence[tuple[Any, int]], rows: int = 0) -> list[Any]:
        """The categories, from the most frequent values. Errors: `RequestError` if there are too many."""
        least = least_rows(self.step.min_frequency, rows)
        kept = [value for value, n in found if n >= least]
        self.reject_many(column, kept)
        return sorted(kept) if self.step.order == "value" else kept

    def state(self, column: Column) -> Mapping[str, Any]:
        return {"categories": list.__class_getitem__(column.kind.python)}

    def counted(self, column: Column, **learned: Any) -> Mapping[str, Tree]:
        return {**super().counted(column), "unseen category": is_unseen(column, learned["categories"])}

    def accepts(self, column: Column) -> str:
        if why := super().accepts(column):
            return why
        if any(type(v) is not PYTHON[column.kind] for v in self.step.categories):
            return f"cannot have these `categories`: its values are of kind {column.kind}"
        return ""
