"""The measure `shap`: what each feature adds to a model's predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tilth.data import Dataset
from tilth.engine.session import Session
from tilth.errors import Mistake, RequestError, unknown
from tilth.measures.measure import Measured, ModelMeasure
from tilth.report import Finding
from tilth.report.blocks import counted
from tilth.shelf import PYTHON_ONLY

if TYPE_CHECKING:
    from tilth.measures.explain.findings import Found
    from tilth.measures.explain.models import Asked
    from tilth.measures.explain.units import TextConfig

LEAVES = 100  # leaves of trees that take about as long, for a row and a background row, as a prediction
LOOKED_AT = 1_000  # most rows for generating a background


@dataclass(frozen=True)
class Shap(ModelMeasure):
    """What each column adds to a model's predictions of single rows: Shapley values, and their aggregate.

    The values of a row add up to its prediction minus the expected value, which is the mean prediction over the background. The value of a
    set of columns is the mean prediction for rows with the row's values in these columns and background values in the others. With up to
    about 11 columns that differ from the background, all sets are predicted, and the values are exact; with more, a sample of the sets
    (Kernel SHAP). If the predictions are a sum of trees that the model's file shows, the exact values are computed from the trees.

    With `text_config`, each token, sentence or paragraph of a text has a value, and the value of the text is their sum. An absent one is
    replaced by the background's value of the column; by default it is removed, with one blank next to it.

    In a flow the model is that of its step `predict`, and each part is measured after the features, on the model's input columns. Columns
    that the flow made from one column are one feature, with the name of that column, unless `groups` say otherwise. A model of two classes
    is explained by the probability of the favourable one, a model of more classes by the probability of each, a model without probabilities
    by its scores. The model gets nulls as NaN. Without rows there are no findings.

    Errors: `RequestError` without a model, for a background that does not fit the columns, for fewer samples than twice the features, and
    if more than `most_predictions` rows would be predicted.

    Source: Lundberg and Lee, A Unified Approach to Interpreting Model Predictions, 2017; of trees, Lundberg and others, From local
    explanations to global understanding with explainable AI for trees, 2020.
    """

    name = "shap"

    rows: int = 100
    """How many rows are explained: a sample."""
    background: Literal["kmeans", "mean", "sample"] | tuple[tuple[Any, ...], ...] = "kmeans"
    """The rows that stand for absent columns: `kmeans`, the centres of clusters; `mean`, one row of means and most frequent values;
    `sample`; or given rows, with a value for each column."""
    background_rows: int | None = None
    """How many rows are generated. Default: the best number of clusters up to 12 by their silhouette; of a sample, 100."""
    samples: int | None = None
    """How many sets of columns are predicted for each row. Default: 2 · columns + 2048; never more than all sets. Of trees, none are."""
    link: Literal["identity", "logit"] = "identity"
    """`logit`: the logarithms of the odds of probabilities are explained."""
    aggregate: Literal["mean_abs", "median", "mean_sq"] = "mean_abs"
    """How the values of the rows become one number: the mean of absolute values, the median of signed values, or the mean of squares."""
    output: str = ""
    """The class to explain. Default: of two classes the favourable one (the role `positive`, otherwise the last one), of more each."""
    groups: Mapping[str, tuple[str, ...]] | None = field(default=None, hash=False)
    """Features of several columns that are present or absent together. Default: the columns that the flow made from one column, such as
    the one-hot columns of a category; `{}`: none."""
    features_to_explain: tuple[str, ...] = ()
    """The features that get Shapley values; the others always have the row's values. Default: all. Not with `text_config`."""
    text_config: Mapping[str, Any] | None = field(default=None, hash=False)
    """Explains texts in units, by SageMaker Clarify's keys: `granularity` (`token`, `sentence`, `paragraph`), `language`, `max_top_tokens`
    (the maximum number of units that are findings, 50), and `columns`, the columns of texts: by default string columns in which most
    values contain blanks."""
    most_predictions: int = 10_000_000
    """How many rows may be predicted."""
    local: bool = field(default=False, metadata=PYTHON_ONLY)
    """Whether the values of single rows are a finding of kind `shap_values`."""
    seed: int = 0
    """Seed of the sample, the clusters and the sets of columns."""

    def __post_init__(self) -> None:
        if self.text_config is not None and self.features_to_explain:
            raise RequestError("shap: features_to_explain and text_config exclude each other", hint="leave one out", code="bad-value")
        self._texts  # noqa: B018 -- report mistakes before reading data

    @property
    def _texts(self) -> TextConfig | None:
        from tilth.measures.explain.units import TextConfig

        return None if self.text_config is None else TextConfig.of(self.text_config)

    def measure(self, table: Dataset, originals: Dataset, session: Session, before: Any = None) -> Measured:
        from tilth.measures.explain.findings import findings, local_values
        from tilth.measures.explain.models import asked_of

        asked = asked_of(self, table, session, max(self.rows, LOOKED_AT))
        if self.local and (not asked.ids.column_names or set(asked.ids.column_names) & set(table.roles.private)):
            message = "shap: the values of single rows need ids that are not private, to tell the rows apart"
            raise RequestError(message, hint="name the column: roles {id: COLUMN}, at the command line --id COLUMN", code="no-id")
        found = self.explained(asked, table.roles.private)
        if found is None:
            return [], None
        local = [Finding("shap_values", value=found.rows, payload=local_values(found, asked.ids))] if self.local else []
        return [*findings(found, self.aggregate, self.link), *local], None

    def explained(self, asked: Asked, private: Sequence[str] = ()) -> Found | None:
        """The values of the features for the sample's first rows; None without rows or features. Errors: as the measure."""
        from tilth.measures.explain import kernel, text
        from tilth.measures.explain.findings import Found

        config = self._texts
        places = () if config is None else text.text_columns(config, asked, private)
        features, rows = self._features(asked, places), asked.rows.matrix[: self.rows]
        if not features or not len(rows):
            return None
        background, replacements = self._background(asked, places)
        players = [[asked.columns.index(c) for c in columns] for columns in features.values()]
        options: dict[str, Any] = {"samples": self.samples, "link": self.link, "seed": self.seed}
        kinds = {name: _kind(asked, columns, places) for name, columns in features.items()}
        baseline = asked.rows.decoded(background, replacements)
        if config is None:
            values, trees = None, asked.trees()
            if trees is not None and trees.leaves * len(rows) * len(background) <= LEAVES * self.most_predictions:
                values = trees.explained(asked.call, rows, background, players, self.link)
            if values is None:
                self._reject_few([len(players)] * len(rows), len(background))
                values = kernel.explain(asked.call, rows, background, players, **options)
            return Found(kinds, asked.outputs, values, baseline)
        texts = text.texts_of(config, asked, rows, background, players, replacements)
        self._reject_few(texts.counts, len(background))
        values, units = texts.explained(**options)
        named = [asked.columns[place] for place in places]
        return Found(
            kinds,
            asked.outputs,
            values,
            baseline,
            dict(zip(named, texts.values.values(), strict=True)),
            dict(zip(named, units.values(), strict=True)),
            config.max_top_tokens,
        )

    def _features(self, asked: Asked, texts: Sequence[int]) -> dict[str, tuple[str, ...]]:
        """Feature to explain → its columns, in the model's order."""
        columns, groups = asked.columns, _made_of_one(asked.origins, asked.columns) if self.groups is None else self.groups
        of = {c: name for name, several in groups.items() for c in several}
        wrong = [c for c in of if c not in columns or columns.index(c) in texts]
        twice = len(of) < sum(map(len, groups.values()))
        if wrong or twice:
            why = "which is text" if wrong and wrong[0] in columns else "which the model does not take"
            message = f"shap: groups name {wrong[0]!r}, {why}" if wrong else "shap: groups name a column twice"
            raise RequestError(message, accepted=", ".join(columns), code="no-such-column")
        found: dict[str, tuple[str, ...]] = {}
        for c in columns:
            found[of.get(c, c)] = (*found.get(of.get(c, c), ()), c)
        RequestError.reject(unknown(self.features_to_explain, found, "shap: the model has no feature {}", "no-such-column"))
        return {name: of for name, of in found.items() if not self.features_to_explain or name in self.features_to_explain}

    def _background(self, asked: Asked, texts: Sequence[int]) -> tuple[np.ndarray, dict[int, list[str]]]:
        """The background without texts, and, for each column of text, the replacement of absent units in each background row."""
        from tilth.measures.explain.backgrounds import generated

        if isinstance(self.background, str):
            plain = [place for place in range(len(asked.columns)) if place not in texts]
            rows, categories = asked.rows.matrix[:LOOKED_AT, plain], asked.rows.categories[plain]
            made = generated(self.background, rows, categories, self.background_rows, self.seed) if plain else np.zeros((1, 0))
            background = np.full((len(made), len(asked.columns)), np.nan)
            background[:, plain] = made
            return background, {place: [""] * len(made) for place in texts}
        width = len(asked.columns)
        wrong = [row for row in self.background if len(row) != width]
        if wrong or not self.background:
            message = f"shap: the background has {'a row of ' + counted(len(wrong[0]), 'value') if wrong else 'no rows'}"
            raise RequestError(message, accepted=f"a value for each of {width} columns: {', '.join(asked.columns)}", code="bad-background")
        try:
            background = asked.rows.coded(self.background)
        except ValueError as error:
            raise RequestError(f"shap: the background does not fit the columns: {error}", code="bad-background") from error
        return background, {place: [str(row[place] or "") for row in self.background] for place in texts}

    def _reject_few(self, players: Sequence[int], background: int) -> None:
        """Reject too few samples for the players of a row, and too many predictions."""
        from tilth.measures.explain.kernel import budget

        most = max(players)
        asked, least = budget(most, self.samples), min(2 * most, 2**most - 2)
        wrong = []
        if asked < least:
            wrong.append(Mistake(f"shap: {asked} samples for {most} features", accepted=f"{least} or more", code="few-samples"))
        if (needed := background * sum(budget(n, self.samples) for n in players)) > self.most_predictions:
            each = f"{len(players):,} rows × {background:,} of the background × {asked:,} samples"
            message = f"shap would predict {needed:,} rows: {each if needed == len(players) * background * asked else f'at most {each}'}"
            hint = "explain fewer rows, give a smaller background or fewer samples, or raise most_predictions; in a Clarify configuration "
            hint += "tilth.shap.rows, methods.shap.num_clusters, methods.shap.num_samples, tilth.shap.most_predictions"
            wrong.append(Mistake(message, accepted=f"up to {self.most_predictions:,}", hint=hint, code="many-predictions"))
        RequestError.reject(wrong)


def _kind(asked: Asked, columns: Sequence[str], texts: Sequence[int]) -> str:
    """The kind of a feature, in the terms of SageMaker Clarify."""
    places = [asked.columns.index(c) for c in columns]
    if places[0] in texts:
        return "free_text"
    return "numerical" if len(places) == 1 and asked.rows.kinds[places[0]].numeric else "categorical"


def _made_of_one(origins: Mapping[str, str], columns: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Column of the data → the model's columns made from it alone, if there are several and no other column has its name."""
    made: dict[str, tuple[str, ...]] = {}
    for c in columns:
        if c in origins:
            made[origins[c]] = (*made.get(origins[c], ()), c)
    return {name: of for name, of in made.items() if len(of) > 1 and (name in of or name not in columns)}
