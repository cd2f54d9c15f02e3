"""The measure `bias_variance`: whether a learner underfits or overfits a table, from models of half samples; and its report section."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, ClassVar, Literal

import numpy as np

from tilth.data import Dataset, Roles
from tilth.engine.expressions import col, not_null
from tilth.engine.needs import Sample
from tilth.engine.session import Session
from tilth.errors import MissingExtra, Mistake, RequestError
from tilth.measures.insights.features import Feature, Target, feature_of, features_of, target_of
from tilth.measures.insights.quick_model import one_thread
from tilth.measures.measure import Measure, Measured
from tilth.measures.sampled import COMPARABLE
from tilth.metrics.bias_variance import Decomposition, of_squared_loss, of_zero_one_loss
from tilth.metrics.contrasts import Numbers
from tilth.report import Finding, Payload, warning
from tilth.report.blocks import Advice, Section, Words, code, table, value_with_interval
from tilth.report.charts import number, percent
from tilth.report.sections import ReportSection
from tilth.shelf import PYTHON_ONLY

DRAWS = 1000  # of the rows that are tested, for the interval of the share of variance
LEAST_REPLICATES = 5
HIGH_BIAS, HIGH_VARIANCE = 0.6, 0.4  # shares of the loss
ADVICE = {
    "high bias (underfitting)": "a richer model or better features, or less regularisation; more rows will not help much",
    "high variance (overfitting)": "more rows, regularisation, averages of models, or fewer features",
    "high bias and high variance": "first a model that fits the training rows, then more rows or regularisation",
}


@dataclass(frozen=True)
class BiasVariance(Payload):
    """The loss of a learner taken apart; the finding's value is the share of variance, with an interval over the rows that are tested.

    `loss` is `0-1` or `squared`. `mean_loss` is that on rows that no model has seen, `train_loss` that on the rows that each learned
    from, `naive_loss` that of always the most frequent class or the mean. Of the mean loss: `bias` + `unbiased_variance` −
    `biased_variance` (Domingos); `systematic` + `random` (Kohavi and Wolpert), of which shares are made, and `corrected`, the former
    without its excess for so few models. `by_facet` has the mean loss, and both of these, of each group. `diagnosis` is the name of a
    finding, `evidence` its reasons.
    """

    KIND: ClassVar[str] = "bias_variance"
    VALUE: ClassVar[str] = "share of variance"
    label: str = ""
    loss: str = ""
    learner: str = ""
    replicates: int = 0
    train_rows: int = 0
    test_rows: int = 0
    held_by: str = ""
    mean_loss: float = 0.0
    train_loss: float = 0.0
    naive_loss: float = 0.0
    bias: float = 0.0
    unbiased_variance: float = 0.0
    biased_variance: float = 0.0
    systematic: float = 0.0
    random: float = 0.0
    corrected: float = 0.0
    by_facet: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    diagnosis: str = ""
    evidence: tuple[str, ...] = ()

    @property
    def compared(self) -> Mapping[str, float | None]:
        return {"mean loss": self.mean_loss, "training loss": self.train_loss}


@dataclass(frozen=True)
class BiasVarianceOfLearner(Measure):
    """Whether a learner underfits or overfits: bias and variance of its loss, from models that are trained on half samples.

    Each of the replicates learns from half of the training rows, drawn without replacement, and predicts the same rows that none has
    seen: a fifth, the latest ones or those of some groups where the roles say so. What changes from model to model is variance, what all
    get wrong is bias; noise in the labels is part of bias. This is not the bias of outcomes between groups, which is the measure
    `bias`. Too few labelled rows are a warning.

    Errors: `RequestError` without a label; `MissingExtra` without scikit-learn.
    """

    name = "bias_variance"

    learner: Literal["tree", "boosting"] = "tree"
    """A decision tree without limits, or gradient-boosted trees, of scikit-learn."""
    replicates: int = 50
    """Models that are trained."""
    rows: int = 10_000
    """The most rows that are looked at, chosen by their hash."""
    target_loss: float | None = None
    """A loss that is good enough; by default half of that of the most frequent class or the mean."""
    confidence: float = 0.95
    """Confidence of the interval."""
    seed: int = 0
    """Seed of the sample, of the half samples and of the learner."""
    make: Any = field(default=None, hash=False, metadata=PYTHON_ONLY)
    """A function without arguments that gives a new learner with `fit` and `predict`, in place of `learner`."""

    def __post_init__(self) -> None:
        if self.replicates < LEAST_REPLICATES:
            raise RequestError(f"replicates is {self.replicates}", accepted=f"{LEAST_REPLICATES} or more", code="bad-value")

    @property
    def trains(self) -> bool:
        return True

    def refused(self, roles: Roles) -> tuple[Mistake, ...]:
        hint = "add roles: {label: COLUMN}"
        return () if roles.label is not None else (Mistake("bias_variance needs the label", hint=hint, code="no-label"),)

    def measure(self, table: Dataset, originals: Dataset, session: Session, before: Any = None) -> Measured:
        if self.make is None and find_spec("sklearn") is None:
            hint = 'pip install "tilth[models]"'
            raise MissingExtra("bias_variance trains models by scikit-learn, which is not installed", hint=hint, code="missing-extra")
        roles, schema = table.roles, session.schema(table)
        columns = [c for c in schema if c.kind in COMPARABLE]
        label = next((c for c in columns if c.name == roles.label), None)
        if label is None:
            raise RequestError(f"bias_variance: the label {roles.label!r} cannot be learned", code="bad-label")
        need = Sample(tuple(c.name for c in columns), self.rows, seed=self.seed).filtered(not_null(col(label.name)))
        rows = session.answer(table, [need])[need]
        if not session.answers_are_real:
            return [], None
        target = target_of(label, rows, roles, columns=columns)
        features = [f for f in features_of(columns, rows, roles) if f.name not in roles.not_features and f.distinct > 1]
        if not target.can_be_learned or not features:
            what = f"{len(target.y):,} labelled rows and {len(features)} features are too few to learn from"
            return [warning("TOO_FEW_ROWS", f"bias_variance: {what}", (label.name,), "bias_variance")], None
        facets = {c.name: feature_of(c, rows[c.name]) for c in columns if c.name in roles.facet and c.name not in roles.private}
        with one_thread() if self.make is None else nullcontext():
            return [self._finding(target, features, facets)], None

    def _finding(self, target: Target, features: Sequence[Feature], facets: Mapping[str, Feature]) -> Finding[BiasVariance]:
        x, y = np.column_stack([f.x[target.known] for f in features]), target.y
        held, held_by = target.held
        chance = np.random.default_rng(self.seed)
        train, test, said, own = np.flatnonzero(~held), np.flatnonzero(held), [], []
        for i in range(self.replicates):
            half = chance.permutation(train)[: len(train) // 2]
            model = self._learner(target.is_class, features, i)
            model.fit(x[half], y[half])
            said.append(np.asarray(model.predict(x[test]), float))
            own.append(_loss(y[half], np.asarray(model.predict(x[half]), float), target.is_class))
        found = np.stack(said)
        parts = of_zero_one_loss(y[test], found, len(target.names)) if target.is_class else of_squared_loss(y[test], found)
        naive = float(target.counts.argmax()) if target.is_class else float(y[train].mean())
        losses = {"train_loss": float(np.mean(own)), "naive_loss": _loss(y[test], np.full(len(test), naive), target.is_class)}
        means = parts.means()
        share, ends = _share(parts, self.confidence, chance)
        error = 2 * float(parts.loss.std()) / math.sqrt(len(test))
        reference = losses["naive_loss"] / 2 if self.target_loss is None else self.target_loss
        diagnosis, evidence = diagnosed(means, losses, share, reference, max(0.02 * losses["naive_loss"], error))
        payload = BiasVariance(
            label=target.name,
            loss="0-1" if target.is_class else "squared",
            learner=self.learner if self.make is None else type(self._learner(target.is_class, features, 0)).__name__,
            replicates=self.replicates,
            train_rows=len(train) // 2,
            test_rows=len(test),
            held_by=held_by,
            mean_loss=means["loss"],
            bias=means["bias"],
            unbiased_variance=means["variance"],
            by_facet=_by_facet(parts, {n: f.x[target.known][test] for n, f in facets.items()}, facets),
            diagnosis=diagnosis,
            evidence=tuple(evidence),
            **losses,
            **{k: means[k] for k in ("biased_variance", "systematic", "random", "corrected")},
        )
        words = f"{diagnosis}: {'; '.join(evidence)}"
        low, high = ends
        return Finding(
            "bias_variance", (target.name,), share, message=words, low=low, high=high, confidence=self.confidence, payload=payload
        )

    def _learner(self, is_class: bool, features: Sequence[Feature], i: int) -> Any:
        if self.make is not None:
            return self.make()
        from sklearn import ensemble, tree

        if self.learner == "tree":
            return (tree.DecisionTreeClassifier if is_class else tree.DecisionTreeRegressor)(random_state=self.seed + i)
        kind = ensemble.HistGradientBoostingClassifier if is_class else ensemble.HistGradientBoostingRegressor
        return kind(random_state=self.seed + i, early_stopping=False)


def _loss(y: Numbers, said: Numbers, is_class: bool) -> float:
    return float(((y != said) if is_class else (y - said) ** 2).mean())


def _share(parts: Decomposition, confidence: float, chance: np.random.Generator) -> tuple[float, tuple[float, float]]:
    """The share of variance in the loss, and its interval over the rows that are tested."""
    n = len(parts.loss)
    weights = chance.multinomial(n, np.full(n, 1 / n), size=DRAWS)
    random, systematic = weights @ parts.random, weights @ parts.systematic
    drawn = np.sort(random / np.maximum(random + systematic, 1e-300))
    k = int((1 - confidence) / 2 * DRAWS)
    whole = parts.random.sum() + parts.systematic.sum()
    return float(parts.random.sum() / whole) if whole else 0.0, (float(drawn[k]), float(drawn[-k - 1]))


def diagnosed(
    means: Mapping[str, float], losses: Mapping[str, float], share: float, reference: float, tolerance: float
) -> tuple[str, list[str]]:
    """The name of a diagnosis, and its reasons in words.

    Bias is high where the loss on training rows is above the reference and close to that on unseen rows; variance where unseen rows
    cost much more than training rows, which the model fits. The shares of the decomposition must not contradict.

    >>> means = {"loss": 0.3, "systematic": 0.1, "random": 0.2}
    >>> diagnosed(means, {"train_loss": 0.0, "naive_loss": 0.4}, 2 / 3, 0.2, 0.01)[0]
    'high variance (overfitting)'
    """
    gap = means["loss"] - losses["train_loss"]
    wide, unfit = gap > max(tolerance, 0.25 * means["loss"]), losses["train_loss"] > reference + tolerance
    evidence = [
        f"the loss is {means['loss']:.4g} on unseen rows and {losses['train_loss']:.4g} on those learned from",
        f"{share:.0%} of it is variance and {1 - share:.0%} bias",
        f"{losses['naive_loss']:.4g} is the loss without learning, and {reference:.4g} would be good",
    ]
    if unfit and wide:
        return "high bias and high variance", evidence
    if unfit:
        return ("high bias (underfitting)" if 1 - share > HIGH_BIAS else "unclear"), evidence
    if wide:
        return ("high variance (overfitting)" if share > HIGH_VARIANCE else "unclear"), evidence
    return "balanced", evidence


def _by_facet(parts: Decomposition, values: Mapping[str, Numbers], facets: Mapping[str, Feature]) -> dict[str, dict[str, float]]:
    """The parts for each value of each facet of few values."""
    found: dict[str, dict[str, float]] = {}
    for name, x in values.items():
        f = facets[name]
        groups = np.unique(x[~np.isnan(x)])
        for value in groups if len(groups) <= 20 else []:
            shown = f.names[int(value)] if f.is_category else f"{value:g}"
            means = parts.means(x == value)
            found[f"{name}={shown}"] = {"rows": float((x == value).sum()), **{k: means[k] for k in ("loss", "systematic", "random")}}
    return found


# ── the section ──


def section(found: Sequence[Finding[BiasVariance]]) -> Section:
    """The diagnosis in words, the parts of the loss, and those of each group."""
    heads = ("", "loss on unseen rows", "on training rows", "bias", "variance", "share of variance")
    rows = [
        (
            code(f.part or "all rows"),
            *(number(x) for x in (f.payload.mean_loss, f.payload.train_loss, f.payload.systematic, f.payload.random)),
            value_with_interval(f.value, f.low, f.high),
        )
        for f in found
    ]
    first = found[0].payload
    blocks: list[Any] = [Words(f"{f.message}." if not f.part else f"{code(f.part)}: {f.message}.") for f in found]
    blocks.append(table(f"Where the {first.loss} loss of {code(first.learner)} comes from", heads, rows, numbers=heads[1:]))
    groups = [
        (code(g), number(of["rows"]), number(of["loss"]), number(of["systematic"]), number(of["random"]))
        for g, of in first.by_facet.items()
    ]
    by = ("group", "rows", "loss", "bias", "variance")
    blocks += [table("The same by group", by, groups, numbers=by[1:], brief=12)] if groups else []
    advice = tuple(Advice(f"The learner has {first.diagnosis}: {ADVICE[first.diagnosis]}.", 40) for _ in [0] if first.diagnosis in ADVICE)
    lead = f"{first.diagnosis}: {percent(found[0].number or 0.0)} of the loss is variance."
    return Section("bias_variance", "Underfitting and overfitting", tuple(blocks), advice=advice, lead=lead)


BIAS_VARIANCE = ReportSection(BiasVariance, section)
