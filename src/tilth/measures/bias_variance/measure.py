"""The measure `bias_variance`: whether a learner underfits or overfits a table, from models trained on samples."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import PurePath
from typing import Any, Literal

from tilth.data import Dataset
from tilth.engine.expressions import col, not_null
from tilth.engine.needs import Sample
from tilth.engine.session import Session
from tilth.errors import MissingExtra, Mistake, RequestError, listed
from tilth.measures.bias_variance.estimation import ENOUGH
from tilth.measures.bias_variance.findings import Found
from tilth.measures.bias_variance.learners import BUILT_IN, Learner, NotLearned, built_in, of_model
from tilth.measures.insights.features import Feature, Target, feature_of, features_of, target_of
from tilth.measures.insights.quick_model import one_thread
from tilth.measures.measure import Measure, Measured
from tilth.measures.model_file import FORMS, model_bytes, sklearn_model, unread_hint
from tilth.measures.sampled import COMPARABLE
from tilth.metrics.bias_variance import LOSSES
from tilth.report import warning
from tilth.shelf import PYTHON_ONLY

LEAST_REPLICATES = 5


@dataclass(frozen=True)
class BiasVarianceOfLearner(Measure):
    """Whether a learner underfits or overfits: bias and variance of its loss, its learning curve, and what to try next.

    Many models are trained on samples of the rows, and judged on rows that they have not seen. Differences between the models are variance;
    errors that all models share are bias, which includes noise in the labels. The learning curve has the losses by the number of rows, over
    five folds. Judging rows and folds are later rows, or whole groups, if the roles name a time or a group. Each group of a facet gets its
    own diagnosis. This is not the bias of outcomes between groups, which is the measure `bias`. Too few labelled rows, and rows from which
    the learner cannot learn, give a warning.

    Errors: `RequestError` without a label, for a loss or learner that does not fit the label, and for an unknown parameter of the learner;
    `MissingExtra` without scikit-learn.
    """

    name = "bias_variance"
    needs_label = True

    learner: str = "tree"
    """A decision `tree` without limits, `boosting` of such trees, or a `.skops` file of a scikit-learn model, which is trained again."""
    trusted: tuple[str, ...] = ()
    """Types that the file may contain in addition to those that skops trusts. Name only what you have reviewed."""
    loss: Literal["", "0-1", "log", "squared"] = ""
    """By default 0-1 for classes and squared for numbers; `log` needs probabilities of classes."""
    replicates: int = 100
    """The maximum number of models. Training stops after 50 or more if the share of variance is known to within 0.05."""
    sampling: Literal["", "half", "bootstrap", "out_of_bag"] = ""
    """The rows that each model trains on: `half` of the rows; or with replacement, judged by other rows (`bootstrap`) or by the rows that
    are not drawn (`out_of_bag`). Default: `out_of_bag` for few rows, otherwise `half`."""
    vary: Mapping[str, tuple[Any, ...]] = field(default_factory=dict, hash=False)
    """A parameter of the learner and values of it, for a validation curve."""
    rows: int = 10_000
    """The maximum number of rows to use; they are chosen by their hash."""
    target_loss: float | None = None
    """A loss that is good enough; by default half the loss of always predicting the most frequent class or the mean, or the lowest loss of
    the validation curve."""
    confidence: float = 0.95
    """Confidence of the intervals."""
    seed: int = 0
    """Seed of the sample of rows, of the rows of each model, and of the learner."""
    fixed_seed: bool = False
    """Whether all learners have the same seed, so that their own randomness is not part of the variance."""
    make: Any = field(default=None, hash=False, metadata=PYTHON_ONLY)
    """A function without arguments that gives a new learner with `fit` and `predict`, in place of `learner`."""

    def __post_init__(self) -> None:
        least = ENOUGH if self.sampling == "out_of_bag" else LEAST_REPLICATES
        why = " with sampling: out_of_bag, so that 20 models have not seen a row" if least == ENOUGH else ""
        RequestError.reject(
            Mistake(f"bias_variance: {what}", accepted=accepted, hint=hint, code="bad-value")
            for wrong, what, accepted, hint in (
                (self.replicates < least, f"replicates is {self.replicates}{why}", f"{least} or more", ""),
                (len(self.vary) > 1, f"vary has {len(self.vary)} parameters", "one parameter and its values", ""),
                (not all(self.vary.values()), "vary has no values", "one parameter and its values", ""),
                (not self._known, f"{self.learner!r} is not a learner", "tree, boosting, or a file .skops", unread_hint(self.learner)),
            )
            if wrong
        )

    @property
    def _known(self) -> bool:
        return self.learner in BUILT_IN or FORMS.get(PurePath(self.learner).suffix.lower()) == "skops"

    @property
    def trains(self) -> bool:
        return True

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
        if self.sampling == "out_of_bag" and not (target.group is None and target.time is None):
            message = "bias_variance: sampling out_of_bag would judge rows by others of their group, or by later ones"
            raise RequestError(message, accepted="half, bootstrap", code="bad-value")
        features = [f for f in features_of(columns, rows, roles) if f.name not in roles.not_features and f.distinct > 1]
        if not target.can_be_learned or not features:
            what = f"{len(target.y):,} labelled rows and {len(features)} features are too few to learn from"
            return [warning("TOO_FEW_ROWS", f"bias_variance: {what}", (label.name,), "bias_variance")], None
        learner, features = self._learner(target, features)
        of_name = {c.name: c for c in columns if c.name not in roles.private}
        facets = [feature_of(of_name[name], rows[name]) for name in roles.facet if name in of_name]
        with one_thread() if self.make is None else nullcontext():
            try:
                return [*Found(self, learner, target, features, facets).findings()], None
            except NotLearned as reason:
                what = f"bias_variance: {reason}; prepare the rows in a flow, or give a learner that takes them"
                return [warning("NOT_LEARNED", what, (label.name,), "bias_variance")], None

    def _learner(self, target: Target, features: list[Feature]) -> tuple[Learner, list[Feature]]:
        """The learner and its features: those that a model file was trained on, if all are present, else all features."""
        known, loss = ("0-1", "log") if target.is_class else ("squared",), self.loss or ("0-1" if target.is_class else "squared")
        if loss not in known:
            message = f"bias_variance: loss {loss} is not for {target.name!r}, a label of {'classes' if target.is_class else 'numbers'}"
            raise RequestError(message, accepted=listed(known), code="bad-value")
        make = self.make
        if make is None and self.learner in BUILT_IN:
            make = built_in(self.learner, target.is_class)
        elif make is None:
            model = sklearn_model(model_bytes(self.learner, self.name), self.trusted)
            make, of_name = of_model(model, target.is_class), {f.name: f for f in features}
            names = [str(name) for name in getattr(model, "feature_names_in_", ())]
            features = [of_name[name] for name in names] if names and {*names} <= {*of_name} else features
        if loss == "log" and not hasattr(make(), "predict_proba"):
            message, hint = f"bias_variance: {type(make()).__name__} gives no probabilities, which loss log needs", "loss: 0-1"
            raise RequestError(message, accepted="a learner with predict_proba", hint=hint, code="no-probabilities")
        learner = Learner(make, LOSSES[loss], len(target.names), self.seed, self.fixed_seed)
        for parameter in self.vary:
            learner.accept(parameter)
        return learner, features
