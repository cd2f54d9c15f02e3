"""prior: corrects the probabilities of a model that was trained on balanced classes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, cast

from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Dataset, Kind, Roles, Schema, select, words_of
from tilth.engine.expressions import added, and_, case, col, ge, le, lit, mul, number, sub
from tilth.engine.operations.hashing import key_string
from tilth.engine.operations.numbers import Divide
from tilth.engine.operations.strings import BLANKS
from tilth.engine.statistics import count
from tilth.errors import Mistake, RequestError, listed
from tilth.steps.balance.balance import Balance
from tilth.steps.labels import label_column
from tilth.steps.naming import value_text
from tilth.steps.step import Learned, Learning, Selector, Step

WHOLE = "\x1fwhole"  # a column for the sum that probabilities are divided by
Class = str | bool | int | float


@dataclass(frozen=True)
class Prior(Step):
    """Corrects the probabilities of a model that was trained on balanced classes to the real shares of the classes.

    p_c' = p_c · w_c / Σⱼ p_j · w_j with w = π / s, where π are the shares of the classes in the training part before balancing, and s the
    shares that the model was trained with. A single column is the probability p of the positive class, and 1 − p that of all others: with
    all rows of one class and the share β of the rows of the other, this is βp / (βp − p + 1). The order of the scores stays; only their
    scale changes. If a probability is null, below 0 or above 1, the row gives null for all.

    `trained` defaults to equal shares, the result of `balance` with a `ratio` of 1; for another ratio, the report of `balance` says how
    many rows each class has `after` it. Class weights count like rows. A run of a flow with `balance` but without `prior` warns about it.
    Elkan 2001, "The Foundations of Cost-Sensitive Learning"; Saerens, Latinne and Decaestecker 2002, "Adjusting the outputs of a classifier
    to new a priori probabilities".

    Errors: a column that is not numeric; several columns without their `classes`; a class that the label lacks, or that has no column; a
    label of fractions.

    >>> print(Prior("score", trained={"no": 4, "yes": 1}))
    prior(columns='score', trained=[('no', 4), ('yes', 1)])
    """

    name = "prior"
    parts = frozenset({"features", "output"})
    corrects = True
    learned_types: ClassVar[Mapping[str, Any]] = {"columns": list[str], "weights": list[float], "shares": dict[str, float], "label": str}

    columns: Selector = "prediction*"
    """The probabilities: names, roles, patterns with `*`; `!` in front excludes."""
    classes: tuple[Class, ...] = ()
    """The classes of the columns, in their order. Default for one column: those of the role positive, else the last one by value."""
    trained: tuple[tuple[Class, float], ...] | Mapping[Class, float] = ()
    """Class → the number or share of rows that the model was trained on. Default: equal shares."""
    label: str = ""
    """The column of the classes. Default: the role label."""

    def mistakes(self) -> Iterator[Mistake]:
        if any(n <= 0 for _, n in self._trained):
            yield Mistake("prior: a number in `trained` is not above 0", accepted="rows or shares of each class", code="bad-value")

    @property
    def _trained(self) -> tuple[tuple[Class, float], ...]:
        return cast("tuple[tuple[Class, float], ...]", self.trained)

    def mismatched(self, others: Iterable[Step]) -> tuple[Mistake, ...]:
        uneven = [] if self.trained else [step for step in others if isinstance(step, Balance) and not step.even]
        hint = "say what they are, as the report of `balance` has them: `trained: {CLASS: ROWS, …}`"
        return tuple(Mistake(f"prior: classes are not equally frequent after `{b}`", hint=hint, code="no-shares") for b in uneven)

    def learning(self, schema: Schema, roles: Roles) -> Learning:
        label = label_column(self.name, self.label, schema, roles)
        chosen = self._chosen(schema, roles)
        if not chosen:
            raise RequestError("prior: no column is chosen", code="nothing-selected")
        RequestError.reject(self.unfit(map(schema.__getitem__, chosen), lambda c: "" if c.kind.numeric else "is not numeric"))
        counts = count().grouped(key_string([label]))
        found: Mapping[tuple[str], int] = (yield [counts])[counts]
        sizes = {text: n for (text,), n in sorted(found.items()) if text.strip(BLANKS + "\0")}
        if label.kind is Kind.FLOAT and any("x" in text for text in sizes):  # hexadecimal digits, as fractions are written
            raise RequestError(f"prior: the label {label.name!r} holds fractions instead of classes", code="wrong-kind")
        trained = {value_text(c): float(n) for c, n in self._trained} or dict.fromkeys(sizes, 1.0)
        classes = [[value_text(c)] for c in self.classes] or self._meant(label, sizes, roles)
        RequestError.reject(self._mistakes(label, sizes, trained, chosen, classes))
        if len(chosen) == 1:
            classes = [classes[0], [c for c in sizes if c not in classes[0]]]
        now, then = ([sum(n[c] for c in several) for several in classes] for n in (sizes, trained))
        weights = [a / b for a, b in zip(_shares(now), _shares(then), strict=True)]
        shares = dict(zip(sizes, _shares(list(sizes.values())), strict=True))
        return {"": {"label": label.name, "columns": chosen, "weights": weights, "shares": shares}}

    def _chosen(self, schema: Schema, roles: Roles) -> list[str]:
        """The columns, in the order of their names in the flow, or in the order of the table."""
        words = words_of(self.columns)
        return list(words if all(w in schema for w in words) else select(words, schema, roles))

    def _meant(self, label: Column, sizes: Mapping[str, int], roles: Roles) -> list[list[str]]:
        """The classes of one column, where `classes` does not say them."""
        positive = [value_text(c) for c in roles.positive if label.name == roles.label]
        last = max(sizes, key=float if label.kind.numeric else str, default="")
        return [[c for c in positive if c in sizes] or [last]]

    def _mistakes(
        self, label: Column, sizes: Mapping[str, int], trained: Mapping[str, float], chosen: list[str], classes: list[list[str]]
    ) -> Iterator[Mistake]:
        given, accepted = [c for several in classes for c in several], listed(map(repr, sizes))
        if len(sizes) < 2:
            yield Mistake(f"prior: the label {label.name!r} has fewer than two classes in the training part", code="one-class")
        elif len(chosen) != len(classes) or (len(chosen) > 1 and len(given) < len(sizes)):
            message = f"prior: {len(chosen)} columns ({listed(chosen)}) for {len(classes)} classes"
            hint = f"name the classes in the order of the columns, all of them, or choose one column: {accepted}"
            yield Mistake(message, hint=hint, code="bad-value")
        if unknown := sorted(({*given} | {*trained}) - {*sizes}):
            yield Mistake(f"prior: {listed(map(repr, unknown))} are not classes of {label.name!r}", accepted=accepted, code="bad-value")
        if lacking := [c for c in sizes if c not in trained]:
            yield Mistake(f"prior: `trained` has nothing for {listed(map(repr, lacking))}", accepted=accepted, code="bad-value")

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        state = learned[""]
        columns, weights = state["columns"], state["weights"]
        given = [number(schema[c]) for c in columns]
        inside = and_(*(and_(ge(p, lit(0.0)), le(p, lit(1.0))) for p in given))
        terms = [mul(p, lit(w)) for p, w in zip(given, weights, strict=False)]
        rest = [mul(sub(lit(1.0), given[0]), lit(weights[1]))] if len(columns) == 1 else []
        whole: Tree = added(*terms, *rest)
        made = {c: Divide.of(mul(p, lit(w)), col(WHOLE)) for c, p, w in zip(columns, given, weights, strict=False)}
        return data.change({WHOLE: case((inside, whole))}).change(made).change({WHOLE: None})

    def touches(self, schema: Schema, roles: Roles) -> frozenset[str] | None:
        return frozenset((*self._chosen(schema, roles), self.label or roles.label or ""))


def _shares(sizes: list[float] | list[int]) -> list[float]:
    return [n / sum(sizes) for n in sizes]
