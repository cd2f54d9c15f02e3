"""The measure `shap`: what each feature adds to a model's predictions."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from tilth.data import Dataset
from tilth.engine.session import Session
from tilth.errors import Mistake, RequestError
from tilth.measures.measure import Measured, ModelMeasure
from tilth.report import Finding, Payload
from tilth.report.blocks import Picture, Section, Words, code, counted, exact, table
from tilth.report.charts import bars, number
from tilth.report.sections import ReportSection
from tilth.shelf import PYTHON_ONLY
from tilth.store.places import atomic
from tilth.store.uri import Place

if TYPE_CHECKING:
    from tilth.measures.explain.kernel import Explained
    from tilth.measures.explain.models import Asked

MOST = 30  # features in the chart
LOOKED_AT = 1_000  # rows of which a background is made
AGGREGATES = {"mean_abs": "mean |SHAP value|", "median": "median SHAP value", "mean_sq": "mean squared SHAP value"}

AGGREGATE: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "mean_abs": lambda x: np.abs(x).mean(axis=0),
    "median": lambda x: np.median(x, axis=0),
    "mean_sq": lambda x: (x**2).mean(axis=0),
}


@dataclass(frozen=True)
class ShapValue(Payload):
    """The Shapley values of a feature for an `output` of a model; the finding's value is their aggregate `of` all explained rows.

    `mean`, `least` and `most` are of the signed values; `expected` is the model's value over the `background` rows, on the scale of `link`.
    `coalitions`: the most that were predicted for a row; `exact`: whether they were all there are.
    """

    KIND: ClassVar[str] = "shap"
    output: str = ""
    of: str = "mean_abs"
    mean: float = 0.0
    least: float = 0.0
    most: float = 0.0
    expected: float = 0.0
    link: str = "identity"
    rows: int = 0
    background: int = 0
    coalitions: int = 0
    exact: bool = False


@dataclass(frozen=True)
class LocalValues(Payload):
    """The Shapley values of single rows: for each row its `ids`, and the values of all features for each output in turn."""

    KIND: ClassVar[str] = "shap_values"
    ids: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    values: tuple[tuple[float, ...], ...] = ()


@dataclass(frozen=True)
class Shap(ModelMeasure):
    """What each column adds to a model's predictions of single rows: Shapley values by Kernel SHAP, and their aggregate.

    The values of a row add up to the prediction less the expected value, the mean prediction over the background. The value of a set of
    columns is the mean prediction of rows that have these columns of the row and the others of the background. Up to about 11 columns
    that differ from the background all sets are asked about, and the values are exact; of more a sample of sets is.

    In a flow the model is that of its step `predict`, and each part is measured after the features, of the columns that the model takes;
    columns that one column was encoded into are one feature where `groups` say so. A model of two classes is explained by the probability
    of the favourable one, of more by that of each; a model without probabilities by its scores. Null goes to the model as NaN. Without
    rows there are no findings.

    Errors: `RequestError` without a model, for a background that does not fit the columns, for fewer samples than twice the features, and
    where more rows would be predicted than `most_predictions`.

    Source: Lundberg and Lee, A Unified Approach to Interpreting Model Predictions, 2017.
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
    """How many sets of columns are asked about for each row. Default: 2 · columns + 2048; never more than there are."""
    link: Literal["identity", "logit"] = "identity"
    """`logit`: the logarithms of the odds of probabilities are explained."""
    aggregate: Literal["mean_abs", "median", "mean_sq"] = "mean_abs"
    """How the values of the rows become one number: the mean of their sizes, the median with its sign, or the mean of their squares."""
    output: str = ""
    """The class that is explained. Default: of two the favourable one, by the role `positive`, else the last; of more, each."""
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    """Features of several columns, such as the one-hot columns of a category, that are present or absent together."""
    most_predictions: int = 10_000_000
    """How many rows may be predicted."""
    local: bool = field(default=False, metadata=PYTHON_ONLY)
    """Whether the values of single rows are a finding of kind `shap_values`."""
    seed: int = 0
    """Seed of the sample, the clusters and the sets of columns."""

    def measure(self, table: Dataset, originals: Dataset, session: Session, before: Any = None) -> Measured:
        from tilth.measures.explain import kernel
        from tilth.measures.explain.models import asked_of

        sampled, of = max(self.rows, LOOKED_AT), (self.model, self.columns, self.prediction, self.output)
        asked = asked_of(self.name, *of, table, session, sampled, self.seed)
        features = self._features(asked.columns)
        if not features or not len(asked.rows.matrix):
            return [], None
        background, rows = self._background(asked), asked.rows.matrix[: self.rows]
        self._reject_few(len(features), len(rows), len(background))
        players = [[asked.columns.index(c) for c in columns] for columns in features.values()]
        found = kernel.explain(asked.call, rows, background, players, samples=self.samples, link=self.link, seed=self.seed)
        findings = list(self._global(tuple(features), asked.outputs, found, len(background)))
        return findings + (self._local(tuple(features), asked, found, table) if self.local else []), None

    def _features(self, columns: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """Feature → its columns, in the model's order."""
        of = {c: name for name, several in self.groups.items() for c in several}
        unknown = [c for c in of if c not in columns]
        twice = len(of) < sum(map(len, self.groups.values()))
        if unknown or twice:
            message = f"shap: groups name {unknown[0]!r}, which the model does not take" if unknown else "shap: groups name a column twice"
            raise RequestError(message, accepted=", ".join(columns), code="no-such-column")
        found: dict[str, tuple[str, ...]] = {}
        for c in columns:
            found[of.get(c, c)] = (*found.get(of.get(c, c), ()), c)
        return found

    def _background(self, asked: Asked) -> np.ndarray:
        from tilth.measures.explain.backgrounds import generated

        if isinstance(self.background, str):
            rows = asked.rows
            return generated(self.background, rows.matrix[:LOOKED_AT], rows.categories, self.background_rows, self.seed)
        width = len(asked.columns)
        wrong = [row for row in self.background if len(row) != width]
        if wrong or not self.background:
            message = f"shap: the background has {'a row of ' + counted(len(wrong[0]), 'value') if wrong else 'no rows'}"
            raise RequestError(message, accepted=f"a value for each of {width} columns: {', '.join(asked.columns)}", code="bad-background")
        try:
            return asked.rows.coded(self.background)
        except ValueError as error:
            raise RequestError(f"shap: the background does not fit the columns: {error}", code="bad-background") from error

    def _reject_few(self, features: int, rows: int, background: int) -> None:
        """Reject fewer samples than fit all features, and more predictions than are allowed."""
        from tilth.measures.explain.kernel import budget

        asked, least = budget(features, self.samples), min(2 * features, 2**features - 2)
        wrong = []
        if asked < least:
            wrong.append(Mistake(f"shap: {asked} samples for {features} features", accepted=f"{least} or more", code="few-samples"))
        if (needed := rows * background * asked) > self.most_predictions:
            message = f"shap would predict {needed:,} rows: {rows:,} rows × {background:,} of the background × {asked:,} samples"
            hint = "explain fewer rows, give a smaller background or fewer samples, or raise most_predictions"
            wrong.append(Mistake(message, accepted=f"up to {self.most_predictions:,}", hint=hint, code="many-predictions"))
        RequestError.reject(wrong)

    def _global(self, features: Sequence[str], outputs: Sequence[str], found: Explained, background: int) -> list[Finding]:
        """A finding for each output and feature, the greatest first."""
        aggregated = AGGREGATE[self.aggregate](found.values)
        findings = []
        for o, output in enumerate(outputs):
            name = self.name if len(outputs) == 1 else f"{self.name} of {output}"
            for i in np.argsort(-np.abs(aggregated[:, o]), kind="stable"):
                values = found.values[:, i, o]
                payload = ShapValue(
                    output=output,
                    of=self.aggregate,
                    mean=float(values.mean()),
                    least=float(values.min()),
                    most=float(values.max()),
                    expected=float(found.expected[o]),
                    link=self.link,
                    rows=len(values),
                    background=background,
                    coalitions=found.coalitions,
                    exact=found.exact,
                )
                findings.append(Finding(name, (features[i],), float(aggregated[i, o]), payload=payload))
        return findings

    def _local(self, features: Sequence[str], asked: Asked, found: Explained, table: Dataset) -> list[Finding[LocalValues]]:
        """The values of each row, with its ids."""
        if not asked.ids.column_names or set(asked.ids.column_names) & set(table.roles.private):
            message = "shap: the values of single rows need ids that are not private, to tell the rows apart"
            raise RequestError(message, hint="name the column: roles {id: COLUMN}, at the command line --id COLUMN", code="no-id")
        columns = tuple(f"{f}_{o}" for o in asked.outputs for f in features)
        values = found.values.transpose(0, 2, 1).reshape(len(found.values), -1)
        ids = {c: tuple(v.to_pylist()) for c, v in zip(asked.ids.column_names, asked.ids.slice(0, len(values)).columns, strict=True)}
        return [Finding("shap_values", value=len(values), payload=LocalValues(ids, columns, tuple(map(tuple, values.tolist()))))]


def save_local(values: LocalValues, place: Place) -> None:
    """Write the values of single rows as CSV, atomically: the ids, and `FEATURE_OUTPUT` for each output and feature."""
    with atomic(place) as path, path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow((*values.ids, *values.columns))
        writer.writerows((*ids, *row) for ids, row in zip(zip(*values.ids.values(), strict=True), values.values, strict=True))


# ── the section ──


def shap(found: Sequence[Finding[ShapValue]]) -> Section:
    """A chart and a table of the features for each output and part, the greatest first."""
    blocks: list[Any] = []
    for part, output in dict.fromkeys((f.part, f.payload.output) for f in found):
        here = [f for f in found if (f.part, f.payload.output) == (part, output)]
        p = here[0].payload
        scale = "log-odds of " if p.link == "logit" else ""
        of = f" of {scale}{code(output)}{f' in {code(part)}' if part else ''}"
        how = "all coalitions of features" if p.exact else f"{counted(p.coalitions, 'coalition')} of features for each row"
        about = f"Over the background of {counted(p.background, 'row')} the model's value{of} is {number(p.expected)}; "
        blocks.append(Words(f"{about}the values of a row add up to its prediction less this. {counted(p.rows, 'row')}, {how}."))
        title = f"{AGGREGATES[p.of]}{of}"
        values = {f.columns: f.number for f in here[:MOST]}
        blocks.append(Picture(bars(f"SHAP values {output} {part}".strip(), values, key=f"shap {output} {part}"), f"{title}."))
        rows = [(code(f.columns), *map(exact, (f.number, f.payload.mean, f.payload.least, f.payload.most))) for f in here]
        heads = ("feature", AGGREGATES[p.of], "mean", "least", "most")
        blocks.append(table(f"SHAP values{of}", heads, rows, heads[1:], brief=12))
    first = found[0]
    lead = f"{code(first.columns)} moves {code(first.payload.output)} most: its {AGGREGATES[first.payload.of]} is {exact(first.number)}."
    return Section("shap", "What moves the predictions", tuple(blocks), lead=lead)


SHAP = ReportSection(ShapValue, shap)
LOCAL = ReportSection(LocalValues, lambda found: None)
