"""encode: categories become numbers, by what training has learned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Dataset, Roles, Schema
from tilth.engine.keys import content
from tilth.errors import Mistake
from tilth.metrics.metric import Question
from tilth.steps.encode.count import Count, Frequency
from tilth.steps.encode.encoder import Encoder
from tilth.steps.encode.hashing import Hash
from tilth.steps.encode.multi_hot import MultiHot
from tilth.steps.encode.one_hot import OneHot
from tilth.steps.encode.ordinal import Ordinal
from tilth.steps.encode.similarity import Similarity
from tilth.steps.encode.supervised import FOLD, Supervised, fold_key
from tilth.steps.encode.target import TargetMean
from tilth.steps.encode.woe import WeightOfEvidence
from tilth.steps.step import ColumnStep, Learned, Learning, of_other_ways

ENCODERS: Mapping[str, type[Encoder]] = {
    "one_hot": OneHot,
    "multi_hot": MultiHot,
    "ordinal": Ordinal,
    "count": Count,
    "frequency": Frequency,
    "target": TargetMean,
    "woe": WeightOfEvidence,
    "hash": Hash,
    "similarity": Similarity,
}
MOST_BUCKETS = 2**31


@dataclass(frozen=True)
class Encode(ColumnStep):
    """Turns categories into numbers.

    | `with` | what replaces the column |
    |---|---|
    | `one_hot` | a column `{column}_{category}` for each category: 1 where the value is that category, else 0 |
    | `multi_hot` | the same for a string that lists several categories, such as `red, green` |
    | `ordinal` | the position of the value among the categories, from 0 |
    | `count`, `frequency` | the number or the share of training rows with the value |
    | `target` | the mean of the label, or the share of its positive class, among the training rows with the value |
    | `woe` | the weight of evidence: ln of the value's share of the positive rows over its share of the negative ones |
    | `hash` | the hash of the value modulo `size`, from 0: accepts any value, and learns nothing |
    | `similarity` | a column `{column}_{category}` for each frequent category: how similar the string is, 0 to 1; accepts any string |

    The categories are the values in training, the most frequent first, and equally frequent ones by value; the new columns depend on
    training only. Columns may hold strings, booleans or integers. Nulls and blank strings are missing; a value that is not a category is
    unseen. A column without any value has no categories: `one_hot` drops it, `ordinal` treats all of its values as missing or unseen.

    The similarity of two strings is the number of sequences of `ngram_range` characters that both have, as a share of those that either
    has, each counted as often as it occurs, in lower case. Python computes it on every engine. Cerda et al. 2018, "Similarity encoding for
    learning with dirty categorical variables".

    **Encodings learned from the label are out of fold.** A training row gets the number learned from the other `folds`, so that it does not
    leak its own label to the model; all other rows, and the rows of a later `apply`, get the number learned from all training rows. Folds
    are assigned by the hash of the role group, or else id, or else the whole row. `target` is (Σ y + m·ȳ) / (n + m) with m = `smooth`, or
    with `auto` the empirical Bayes estimate, m = σ²/τ² from the variances within the category and of all rows; a label with more than two
    classes makes a column `{column}_{class}` for each. `woe` is ln[((n₁ + s)/(N₁ + sK)) / ((n₀ + s)/(N₀ + sK))] with s = `smooth` for K
    categories. The positive class is that of the role `positive`, or else the last one by value; numbers are averaged. A missing value is a
    category of its own; an unseen value gets the mean of all rows, or for `woe` 0. Micci-Barreca 2001, "A preprocessing scheme for
    high-cardinality categorical attributes".

    Elsewhere: scikit-learn's OneHotEncoder (`drop: binary` is `if_binary`, `min_frequency` the same), OrdinalEncoder (with
    `order: value`), TargetEncoder (`smooth` the same, `folds` is `cv`, whose folds are others);
    dirty_cat's and skrub's SimilarityEncoder (strings too short for a sequence are similar to their equals only);
    pandas' `str.get_dummies` and `value_counts`; category_encoders' CountEncoder (`frequency` is `normalize=True`).

    Errors: a column with more categories than `most`; with the policy `error`, an unseen or missing value; a new column whose name exists.

    >>> print(Encode("colour", min_frequency=0.01))
    encode(columns='colour', min_frequency=0.01)
    """

    name = "encode"
    parts = frozenset({"features"})
    makes_columns = True

    with_: Literal["one_hot", "multi_hot", "ordinal", "count", "frequency", "target", "woe", "hash", "similarity"] = "one_hot"
    """The encoding."""
    unseen: Literal["zeros", "slot", "null", "error", -1] | None = None
    """The encoding of a value that is not a category. `one_hot`: `zeros`; `slot`, a column `{column}_other`; `error`. `ordinal`: -1;
    `null`; `slot`, the number after the last category's; `error`. `count`, `frequency`: 0 by default; `null`; `error`. Default: `slot` if
    rare categories are left out, else `zeros` or -1."""
    missing: Literal["zeros", "slot", "null", "error", -1] | None = None
    """The encoding of a missing value, with the choices of `unseen`; the slot is a column `{column}_missing`, or the last number. Default:
    `zeros`; `null` for `ordinal`, the slot for `hash`, and for `count`, `frequency`, `target` and `woe` the number learned from missing
    values."""
    max_categories: int | None = None
    """How many of the most frequent categories to keep; the others count as unseen. Default: all, 30 for `similarity`."""
    min_frequency: int | float | None = None
    """How often a category must occur to be kept: a number of rows, or (below 1) a share of the rows with a value."""
    order: Literal["frequency", "value"] = "frequency"
    """The order of the categories: the most frequent first, or by value."""
    categories: tuple[str | int | bool, ...] = ()
    """The categories, in order, instead of learning them."""
    drop: Literal["first", "binary"] | None = None
    """`one_hot`: drops the 0/1 column of the first category, for every column or for those with two categories."""
    most: int | None = None
    """The largest number of categories allowed. Default: 1,000 for `one_hot`, `multi_hot` and `similarity`, 100,000 for `target` and `woe`
    (and at most 3,000,000 categories times `folds`), otherwise 500,000."""
    separator: str | None = None
    """`multi_hot`: the separator of categories; spaces around it are ignored. Default: a comma."""
    size: int | None = None
    """`hash`: the number of buckets. Default: 1,024."""
    ngram_range: tuple[int, int] = (2, 4)
    """`similarity`: the smallest and largest number of characters of a sequence."""
    label: str = ""
    """`target`, `woe`: the column of the label. Default: the role label."""
    smooth: float | Literal["auto"] | None = None
    """`target`: how many rows the overall mean counts for; `auto`, the default, estimates it for each category. `woe`: what is added to
    each count, 0.5 by default."""
    folds: int = 5
    """`target`, `woe`: the number of folds into which training rows are divided."""
    seed: int = 0
    """`hash`: another seed gives other buckets; `target`, `woe`: other folds."""

    def mistakes(self) -> Iterator[Mistake]:
        yield from of_other_ways(self, ENCODERS, "columns", "into")
        if self.most is not None and not 1 <= self.most < 1_000_000:
            yield Mistake("encode: `most` must be from 1 to 999,999", code="bad-value")
        if self.size is not None and not 1 <= self.size <= MOST_BUCKETS:
            yield Mistake(f"encode: `size` must be from 1 to {MOST_BUCKETS:,}", code="bad-value")
        if self.separator == "":
            yield Mistake("encode: `separator` must not be empty", code="bad-value")
        yield from self.encoder.mistakes()

    @cached_property
    def encoder(self) -> Encoder:
        """The encoder that `with` selects."""
        return ENCODERS[self.with_](self)

    def needs(self, column: Column) -> Mapping[str, Question]:
        return self.encoder.needs(column)

    def learn(self, column: Column, **measured: Any) -> Mapping[str, Any]:
        return self.encoder.learn(column, **measured)

    def change(self, column: Column, **learned: Any) -> Mapping[str, Tree | None]:
        return self.encoder.change(column, **learned)

    def learning(self, schema: Schema, roles: Roles) -> Learning:
        encoder = self.encoder
        return (yield from encoder.learning(schema, roles) if isinstance(encoder, Supervised) else super().learning(schema, roles))

    def touches(self, schema: Schema, roles: Roles) -> frozenset[str] | None:
        touched = super().touches(schema, roles)
        if not isinstance(self.encoder, Supervised) or touched is None:
            return touched
        key = fold_key(schema, roles)
        return None if key == content(schema) else touched | {c.name for c in key} | {self.label or roles.label or ""}

    def made_for_training(self, data: Dataset, schema: Schema, learned: Learned, training: Tree) -> Dataset:
        encoder = self.encoder
        if not isinstance(encoder, Supervised) or not learned:
            return self.made(data, schema, learned)
        made = (self.placed(schema[c], encoder.for_training(schema[c], state, training)) for c, state in learned.items())
        return data.change({FOLD: encoder.fold(schema, learned)}).change({n: t for of in made for n, t in of.items()}).change({FOLD: None})

    def shown(self, learned: Learned) -> Learned:
        return {c: self.encoder.shown(state) for c, state in learned.items()}

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        helpers = {name: tree for c, state in learned.items() for name, tree in self.encoder.helpers(schema[c], **state).items()}
        gone: dict[str, None] = dict.fromkeys(helpers)
        return super().made(data.change(helpers), schema, learned).change(gone)

    def counted(self, column: Column, **learned: Any) -> Mapping[str, Tree]:
        return self.encoder.counted(column, **learned)

    def accepts(self, column: Column) -> str:
        return self.encoder.accepts(column)

    def state(self, column: Column | None) -> Mapping[str, Any] | None:
        return None if column is None else self.encoder.state(column)

    @property
    def keeps_values(self) -> bool:
        return self.encoder.keeps_values
