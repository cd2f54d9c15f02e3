"""balance: equally frequent classes of the label, in the training part."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import BELOW, Column, Dataset, Memory, Roles, Schema
from tilth.engine.expressions import add, alias, case, col, eq, if_else, le, lit, lt, mul, number
from tilth.engine.keys import content, key_columns
from tilth.engine.layers import table
from tilth.engine.needs import Sample
from tilth.engine.operations.hashing import has_string, key_hash, key_string
from tilth.engine.operations.lookups import lookup
from tilth.engine.operations.rows import Copies
from tilth.engine.operations.strings import BLANKS
from tilth.engine.statistics import count
from tilth.errors import Mistake, RequestError
from tilth.steps.labels import label_column
from tilth.steps.rows.ranks import cuts
from tilth.steps.rows.smote import MOST_NEIGHBOURS, MOST_ROWS, made_rows, reject_unmade
from tilth.steps.step import Asking, Learned, Learning, Step, reject_clashes

HASH, PLACE, COPY = "\x1fhash", "\x1fplace", "\x1fcopy"
WEIGHT = "weight"
MOST_CLASSES = 1_000
BETA = 0.999  # of the effective number: Cui et al. 2019, "Class-Balanced Loss Based on Effective Number of Samples", try 0.9 to 0.9999


@dataclass(frozen=True)
class Balance(Step):
    """Balances the classes of the label by repeating rows, by leaving rows out, by making rows, or by weights.

    | `with` | rows of a class with n rows; the largest class has N, the smallest m |
    |---|---|
    | `over` | at least ratio · N: all of them as often as that goes, and once more those that chance chooses |
    | `under` | at most m / ratio: those that chance chooses |
    | `smote` | at least ratio · N: all of them, and after them rows that are made between two neighbours of the class |
    | `weights` | all n; a new column `weight` says what a row counts |

    Chance is the hash of the seed and the row's key (the role id, else all columns): the same rows on every engine. Weights are
    `balanced`, 1 / n; `root`, 1 / √n; or `effective`, (1 − β) / (1 − βⁿ) with β = 0.999; scaled so that they add up to the number of rows,
    and multiplied with the column of the role weight if there is one.

    `smote` makes a row from a row x of the class and one x′ of its `neighbours` nearest rows of the class: a number is x + λ(x′ − x) with
    λ in [0, 1), rounded for integers; a string or boolean is the most frequent one among the neighbours; of other kinds it is that of x;
    the id is null. Rows, neighbours and λ are chosen by hashes. Distances are Euclidean over the numbers as they are (scale them first);
    a string or boolean that differs counts as the median of the numbers' standard deviations. Neighbours are looked for among all rows
    of a class, or 10,000 of them that the hash chooses. Chawla et al. 2002, "SMOTE: Synthetic Minority Over-sampling Technique".

    Errors: rows without a label; a label with one class, or with more than 1,000. `smote`: no numeric column, a number that
    is missing, a class of one row, more than a million rows to make.

    >>> print(Balance("under", ratio=0.5))
    balance(with='under', ratio=0.5)
    """

    name = "balance"
    parts = frozenset({"training"})
    shorthand = "with"

    with_: Literal["over", "under", "smote", "weights"]
    """Repeat rows of the smaller classes, leave out rows of the larger ones, make rows of the smaller ones, or weigh the rows."""
    ratio: float = 1.0
    """`over`, `under`, `smote`: the smallest class to the largest, afterwards; above 0, at most 1."""
    neighbours: int = 5
    """`smote`: how many nearest rows of its class a row may be joined with; fewer where the class is smaller."""
    weights: Literal["balanced", "root", "effective"] = "balanced"
    """`weights`: how a class's weight falls with its size."""
    cap: float = 100.0
    """`weights`: the largest weight to the smallest, at most."""
    label: str = ""
    """The column of the classes. Default: the role label."""
    seed: int = 0
    """Another seed chooses other rows."""

    def __post_init__(self) -> None:
        if not 0 < self.ratio <= 1:
            accepted = "above 0, at most 1 (then all classes are as large)"
            raise RequestError(f"balance: `ratio` is {self.ratio:g}", accepted=accepted, code="bad-value")
        if not 1 <= self.neighbours <= MOST_NEIGHBOURS:
            raise RequestError(f"balance: `neighbours` is {self.neighbours}", accepted=f"1 to {MOST_NEIGHBOURS}", code="bad-value")
        if not self.cap >= 1:
            raise RequestError(f"balance: `cap` is {self.cap:g}", accepted="1 or more", code="bad-value")

    def learning(self, schema: Schema, roles: Roles) -> Learning:
        label = label_column(self.name, self.label, schema, roles)
        if self.with_ == "weights":
            return {"": (yield from self._weigh(label, schema, roles))}
        if self.with_ == "smote":
            return {"": (yield from self._make(label, schema, roles))}
        return {"": (yield from self._choose(label, schema, roles))}

    def _weigh(self, label: Column, schema: Schema, roles: Roles) -> Asking[dict[str, Any]]:
        made = roles.weight or WEIGHT
        if made not in schema:
            reject_clashes(self.name, schema, {"": {made: lit(1.0)}})
        elif made != roles.weight:
            hint = "give it the role weight, or rename it"
            raise RequestError(f"balance: there is a column {made!r} already", hint=hint, code="name-clash")
        sizes = yield from self._sizes(label)
        return {"label": label.name, "weight": made, "rows": sizes, "weights": weighed(sizes, self.weights, self.cap)}

    def _sizes(self, label: Column) -> Asking[dict[str, int]]:
        counts = count().grouped(key_string([label]))
        found: Mapping[tuple[str], int] = (yield [counts])[counts]
        sizes = {text: n for (text,), n in sorted(found.items())}
        self._reject(label, sizes)
        return sizes

    def _make(self, label: Column, schema: Schema, roles: Roles) -> Asking[dict[str, Any]]:
        sizes = yield from self._sizes(label)
        more = {text: self._wanted(n, sizes) - n for text, n in sizes.items() if self._wanted(n, sizes) > n}
        columns = tuple(c.name for c in schema if c.name not in roles.id and has_string(c))
        reject_unmade(schema, columns, label.name, sizes, more)
        samples = {text: Sample(columns, MOST_ROWS, self.seed).filtered(eq(key_string([label]), lit(text))) for text in more}
        found = (yield list(samples.values())) if samples else {}
        classes = {text: {"more": n, "rows": found[samples[text]].to_pydict()} for text, n in more.items()}
        return {"label": label.name, "classes": classes}

    def _choose(self, label: Column, schema: Schema, roles: Roles) -> Asking[dict[str, Any]]:
        key = key_columns(schema, roles)
        sizes, found = yield from cuts(key_string([label]), key_hash(key, self.seed), lambda n: self._places(label, n))
        classes = {
            text: {"rows": n, "wanted": self._wanted(n, sizes), "copies": self._wanted(n, sizes) // n}
            | {"below": found[text][0].hash, "ties": found[text][0].ties}
            for text, n in sorted(sizes.items())
        }
        return {"label": label.name, "key": [c.name for c in key], "classes": classes}

    def _places(self, label: Column, sizes: Mapping[str, int]) -> dict[str, list[int]]:
        self._reject(label, sizes)
        return {text: [self._wanted(n, sizes) % n] for text, n in sizes.items()}

    def _wanted(self, n: int, sizes: Mapping[str, int]) -> int:
        """The rows that a class of n rows is to have."""
        if self.with_ in ("over", "smote"):
            return max(n, rounded(self.ratio * max(sizes.values())))
        return min(n, rounded(min(sizes.values()) / self.ratio))

    def _reject(self, label: Column, sizes: Mapping[str, int]) -> None:
        mistakes = []
        missing = sum(n for text, n in sizes.items() if not text.strip(BLANKS + "\0"))
        if missing:
            message = f"balance: {missing:,} rows have no label ({label.name!r})"
            mistakes.append(Mistake(message, hint="filter them in `rows`, ahead of the split", code="no-label"))
        elif len(sizes) < 2:
            message = f"balance: the label {label.name!r} has {'one class' if sizes else 'no class'} in the training part"
            mistakes.append(Mistake(message, hint="there is nothing to balance: leave the step out", code="one-class"))
        if len(sizes) > MOST_CLASSES:
            message = f"balance: the label {label.name!r} has {len(sizes):,} classes"
            mistakes.append(Mistake(message, accepted=f"up to {MOST_CLASSES:,}", code="too-many-classes"))
        RequestError.reject(mistakes)

    def shown(self, learned: Learned) -> Learned:
        if self.with_ != "smote":
            return learned
        state = learned[""]  # without the rows
        return {"": {"label": state["label"], "made": {text: found["more"] for text, found in state["classes"].items()}}}

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        state = learned[""]
        label = schema[state["label"]]
        if "weights" in state:
            return self._weighed(data, schema, label, state)
        if self.with_ == "smote":
            for text, made in state["classes"].items():
                rows = made_rows(schema, label.name, made["rows"], made["more"], self.neighbours, f"{self.seed}|{text}")
                data = data.append(Dataset(Memory(rows, tuple(rows.column_names))))
            return data
        names, classes = data.names, state["classes"]
        data = data.change({HASH: key_hash((schema[c] for c in state["key"]), self.seed)})
        found: Callable[[str], Tree] = lambda word: lookup(key_string([label]), list(classes), [c[word] for c in classes.values()])  # noqa: E731
        once_more = if_else(lt(col(HASH), found("below")), lit(1), lit(0))
        repeated = exp.Select(expressions=[exp.Star(), alias(Copies.of(add(found("copies"), once_more)), COPY)]).from_(table(BELOW))
        chosen: exp.Select | exp.Union = _columns(names, repeated)
        if any(c["ties"] for c in classes.values()):
            chosen = exp.union(chosen, _columns(names, self._tied(schema, label, found), le(col(PLACE), found("ties"))), distinct=False)
        return data.rows(chosen, out=names)

    def _tied(self, schema: Schema, label: Column, found: Callable[[str], Tree]) -> exp.Select:
        """The rows that share the hash at which a class is cut, numbered: as many of them as are ahead of the cut are kept too."""
        order = exp.Order(expressions=[exp.Ordered(this=col(c.name), nulls_first=True) for c in content(schema)])
        place = exp.Window(this=exp.RowNumber(), partition_by=[key_string([label])], order=order)
        return exp.Select(expressions=[exp.Star(), alias(place, PLACE)]).from_(table(BELOW)).where(eq(col(HASH), found("below")))

    def _weighed(self, data: Dataset, schema: Schema, label: Column, state: Mapping[str, Any]) -> Dataset:
        text, made = key_string([label]), state["weight"]
        weight = case(*((eq(text, lit(c)), lit(float(w))) for c, w in state["weights"].items()), otherwise=lit(1.0))
        data = data.change({made: mul(number(schema[made]), weight) if made in schema else weight})
        return data if data.roles.weight else replace(data, roles=replace(data.roles, weight=made))


def _columns(names: Iterable[str], of: exp.Select, where: Tree | None = None) -> exp.Select:
    chosen = exp.Select(expressions=[col(n) for n in names]).from_(of.subquery("rows"))
    return chosen if where is None else chosen.where(where)


def rounded(x: float) -> int:
    """The nearest whole number, halves up, at least 1.

    >>> rounded(2.5), rounded(0.1)
    (3, 1)
    """
    return max(1, math.floor(x + 0.5))


def weighed(sizes: Mapping[str, int], scheme: str, cap: float) -> dict[str, float]:
    """Class → the weight of each of its rows; the rows' weights add up to their number.

    >>> weighed({"no": 6, "yes": 2}, "balanced", 100)
    {'no': 0.6666666666666666, 'yes': 2.0}
    """
    raw = {c: {"balanced": 1 / n, "root": 1 / math.sqrt(n), "effective": (1 - BETA) / (1 - BETA**n)}[scheme] for c, n in sizes.items()}
    least = min(raw.values())
    capped = {c: min(w, least * cap) for c, w in raw.items()}
    rows, total = sum(sizes.values()), math.fsum(sizes[c] * w for c, w in capped.items())
    return {c: w * rows / total for c, w in capped.items()}
