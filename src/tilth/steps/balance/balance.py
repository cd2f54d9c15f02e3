"""balance: equally frequent classes of the label, in the training part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, cast

from tilth.data import Dataset, Roles, Schema
from tilth.data.origin import ORIGIN
from tilth.errors import Mistake
from tilth.metrics.neighbours import MOST_NEIGHBOURS
from tilth.steps.balance.clean import Enn, NearMiss1, NearMiss2, NearMiss3, Tomek
from tilth.steps.balance.method import Method
from tilth.steps.balance.origin import marked, reject_nameless
from tilth.steps.balance.repeat import Over, Under
from tilth.steps.balance.smote import Adasyn, Borderline1, Borderline2, Smote
from tilth.steps.balance.weigh import Weights
from tilth.steps.labels import label_column
from tilth.steps.step import Learned, Learning, Step, of_other_ways

METHODS: Mapping[str, type[Method]] = {
    "over": Over,
    "under": Under,
    "smote": Smote,
    "borderline_1": Borderline1,
    "borderline_2": Borderline2,
    "adasyn": Adasyn,
    "tomek": Tomek,
    "enn": Enn,
    "nearmiss_1": NearMiss1,
    "nearmiss_2": NearMiss2,
    "nearmiss_3": NearMiss3,
    "weights": Weights,
}
Class = str | bool | int | float


@dataclass(frozen=True)
class Balance(Step):
    """Balances the classes of the label by repeating, dropping or synthesising rows, or by weights.

    | `with` | rows of a class with n rows; the largest class has N, the smallest m |
    |---|---|
    | `over` | at least ratio · N: all rows repeated equally often, and a random part of them once more |
    | `under` | at most m / ratio: a random sample |
    | `smote` | at least ratio · N: all rows, followed by rows made between two neighbours of the class |
    | `borderline_1` | as `smote`, from rows in danger: half or more of their `m_neighbours` nearest rows, not all, are of other classes |
    | `borderline_2` | the same, between rows in danger and their nearest rows of any class, at most half of the way to another class |
    | `adasyn` | as `smote`, with more rows from a row that has more nearest rows of other classes; so about ratio · N |
    | `tomek` | without rows of Tomek links: two rows of different classes, each the nearest row of the other |
    | `enn` | without rows that have a row of another class among their `neighbours` nearest rows (`kind: mode`: mostly others) |
    | `nearmiss_1` | at most m / ratio: those with the smallest mean distance to their `neighbours` nearest rows of the smallest class |
    | `nearmiss_2` | the same with the farthest rows of the smallest class |
    | `nearmiss_3` | the same of the `m_neighbours` nearest rows of each row of the smallest class, with the largest mean distance |
    | `weights` | all n; a new column `weight` has the weight of a row |

    Random choices use the hash of the seed and the row's key (the role id, or else all columns): the same rows on every engine. Weights are
    `balanced`, 1 / n; `root`, 1 / √n; `effective`, (1 − β) / (1 − βⁿ) with β = 0.999; `cost`, as given in `per_class`; or `share`, s / n
    for the share s given there. They are scaled to add up to the number of rows, and multiplied by the column of the role weight if there
    is one.

    **Distances** are Euclidean over the numeric features, unscaled (scale them first). A string or boolean that differs counts
    as the median of the numbers' standard deviations, within the class where rows are made (SMOTE-NC), or 1 if that is 0. Without numbers
    the square of a distance is Σ δ², δ = Σ |P(class | a) − P(class | b)| over the classes (SMOTE-N, the value difference
    metric). Features are the numbers, strings and booleans without a role. Neighbours are exact for any number of rows: the time grows with
    its square, and the rows are held in memory, at some 50 bytes for each of up to a hundred million cells. Equally near rows come in the
    order of their values.

    **A synthetic row** made from x and a neighbour x′ has the numbers x + λ(x′ − x) with λ in [0, 1), rounded for integers. A string or
    boolean is the most frequent one among the neighbours; of equally frequent ones, the nearest (without numbers, x itself counts as a
    neighbour). Other columns have the values of x, and the id is null. You can combine two steps: `smote` and then `tomek` or `enn`.

    `origin` marks rows: the column `_origin` is `original`, `duplicate` (`over`) or `derived` (made from other rows), and `_parent` has the
    ids of the rows that it was made from. Derived rows may reveal their parents, and belong in the same part of every split.

    Elsewhere: imbalanced-learn's RandomOverSampler, RandomUnderSampler, SMOTE, SMOTENC, SMOTEN, BorderlineSMOTE, ADASYN, TomekLinks,
    EditedNearestNeighbours (`kind` is `kind_sel`), NearMiss. `neighbours` is `k_neighbors` or `n_neighbors`, `m_neighbours` is
    `m_neighbors` or `n_neighbors_ver3`; `ratio`, `classes` and `per_class` are the forms of `sampling_strategy`. scikit-learn's
    `compute_class_weight` is `weights: balanced`. Chawla et al. 2002, "SMOTE: Synthetic Minority Over-sampling Technique"; Han et al.
    2005, "Borderline-SMOTE"; He et al. 2008, "ADASYN"; Wilson 1972 (ENN); Tomek 1976; Zhang and Mani 2003 (NearMiss).

    Errors: rows without a label; a label with one class, or with more than 1,000. For methods that use neighbours: no feature, a number
    that is missing or infinite, more rows than the limit. A class to be enlarged with one row only, or one that is not near another class
    (`borderline_1`, `borderline_2`, `adasyn`).

    >>> print(Balance("under", ratio=0.5))
    balance(with='under', ratio=0.5)
    """

    name = "balance"
    parts = frozenset({"training"})
    shorthand = "with"

    with_: Literal[
        "over",
        "under",
        "smote",
        "borderline_1",
        "borderline_2",
        "adasyn",
        "tomek",
        "enn",
        "nearmiss_1",
        "nearmiss_2",
        "nearmiss_3",
        "weights",
    ]
    """How to balance the classes."""
    ratio: float = 1.0
    """The ratio of the smallest class to the largest afterwards; above 0, at most 1."""
    per_class: tuple[tuple[Class, float], ...] | Mapping[Class, float] = ()
    """Class → its number of rows, instead of `ratio`; other classes stay. `weights: cost` and `weights: share`: the weight of a row of each
    class, or the share of each class in all weights."""
    classes: Literal["auto", "minority", "not minority", "not majority", "majority", "all"] = "auto"
    """The classes to enlarge or reduce. Default: for methods that make rows all but the largest, otherwise all but the smallest."""
    neighbours: int | None = None
    """The number of nearest rows, or fewer if there are fewer. Default: 5 for methods that make rows, otherwise 3."""
    m_neighbours: int | None = None
    """`borderline_1`, `borderline_2`: how many nearest rows decide whether a row is in danger, 10 by default. `nearmiss_3`: the number of
    candidates for each row of the smallest class, 3 by default."""
    kind: Literal["all", "mode"] = "all"
    """`enn`: whether all neighbours must be of the row's class, or the most frequent class among them."""
    weights: Literal["balanced", "root", "effective", "cost", "share"] = "balanced"
    """`weights`: how the weight of a class depends on its size."""
    cap: float = 100.0
    """`weights`: the largest allowed ratio of the largest weight to the smallest."""
    label: str = ""
    """The column of the classes. Default: the role label."""
    origin: bool = False
    """Whether to add the columns `_origin` and `_parent`."""
    seed: int = 0
    """Another seed chooses other rows."""

    def mistakes(self) -> Iterator[Mistake]:
        yield from of_other_ways(self, METHODS, "label")
        if not 0 < self.ratio <= 1:
            accepted = "above 0, at most 1 (then all classes are as large)"
            yield Mistake(f"balance: `ratio` is {self.ratio:g}", accepted=accepted, code="bad-value")
        if self.pairs and (self.ratio != 1 or self.classes != "auto"):
            yield Mistake("balance: `per_class` says what `ratio` and `classes` say too", hint="leave them out", code="bad-value")
        for name, k in (("neighbours", self.neighbours), ("m_neighbours", self.m_neighbours)):
            if k is not None and not 1 <= k <= MOST_NEIGHBOURS:
                yield Mistake(f"balance: `{name}` is {k}", accepted=f"1 to {MOST_NEIGHBOURS}", code="bad-value")
        if not self.cap >= 1:
            yield Mistake(f"balance: `cap` is {self.cap:g}", accepted="1 or more", code="bad-value")
        yield from self.method.mistakes()

    @property
    def pairs(self) -> tuple[tuple[Class, float], ...]:
        """`per_class`, as pairs."""
        return cast("tuple[tuple[Class, float], ...]", self.per_class)

    @cached_property
    def method(self) -> Method:
        """The method that balances classes."""
        return METHODS[self.with_](self)

    @property
    def even(self) -> bool:
        made = self.with_ not in ("adasyn", "tomek", "enn", "nearmiss_3", "weights") or (
            self.with_ == "weights" and self.weights == "balanced"
        )
        return made and self.ratio == 1 and self.classes == "auto" and not self.pairs

    @property
    def shifts(self) -> bool:
        return self.with_ not in ("tomek", "enn")

    def learning(self, schema: Schema, roles: Roles) -> Learning:
        if self.origin:
            reject_nameless(schema, roles)
        label = label_column(self.name, self.label, schema, roles)
        return {"": {"label": label.name, **(yield from self.method.learning(label, schema, roles))}}

    def shown(self, learned: Learned) -> Learned:
        state = learned[""]
        made = sum(state["after"].values()) - sum(state["before"].values())
        words = {f"{self.method.makes} rows": made} if self.method.makes else {"rows left out": -made} if made else {}
        weights = {"weights": state["weights"]} if "weights" in state else {}
        return {"": {"columns": [state["label"]], "before": state["before"], "after": state["after"]} | words | weights}

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        state = learned[""]
        data = marked(data) if self.origin or ORIGIN in schema else data
        return self.method.made(data, schema, schema[state["label"]], state)
