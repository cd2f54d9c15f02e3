"""The findings of `bias_variance`: parts of the loss and curves, for all rows and for each group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from tilth.data import Kind
from tilth.measures.bias.axis import FEW, between, quantiles
from tilth.measures.bias_variance.curves import Losses, Point, PowerLaw, folds_of, learning_curve, power_law, validation_curve
from tilth.measures.bias_variance.diagnosis import Evidence, advice
from tilth.measures.bias_variance.estimation import Estimate, estimate, intervals, sampling_of
from tilth.measures.bias_variance.learners import Learner
from tilth.measures.bias_variance.payload import BiasVariance
from tilth.measures.insights.features import Feature, Target
from tilth.metrics.bias_variance import Tally, ZeroOneLoss
from tilth.metrics.contrasts import Numbers
from tilth.report import Finding

if TYPE_CHECKING:
    from tilth.measures.bias_variance.measure import BiasVarianceOfLearner

MOST_GROUPS = 20  # most groups of a facet
PARTS = 4  # intervals of a facet with many numbers
FEW_ROWS = 10  # a group with fewer judging rows has no finding


@dataclass(frozen=True, eq=False)
class Found:
    """The learner with its data, from which the findings are computed."""

    asked: BiasVarianceOfLearner
    learner: Learner
    target: Target
    features: Sequence[Feature]
    facets: Sequence[Feature]

    @cached_property
    def x(self) -> Numbers:
        return np.column_stack([f.x[self.target.known] for f in self.features])

    @cached_property
    def estimate(self) -> Estimate:
        m = self.asked
        sampling = sampling_of(m.sampling, self.target, m.replicates)
        return estimate(self.learner, self.target, self.x, sampling, m.replicates, m.confidence)

    @cached_property
    def naive(self) -> Numbers:
        """The loss of each row without learning."""
        y, loss = self.target.y, self.learner.loss
        constant = loss.constant(y, self.learner.classes)
        return loss.losses(y, np.broadcast_to(constant, (len(y), *constant.shape)))

    def findings(self) -> Iterator[Finding[BiasVariance]]:
        """A finding for all rows, and one for each group of each facet that has enough rows."""
        m, folds = self.asked, folds_of(self.target, self.asked.seed)
        points, losses, of_folds = learning_curve(self.learner, self.target, self.x, folds)
        law = power_law([p.at for p in points], of_folds, m.confidence, m.seed)
        parameter, values = next(iter(m.vary.items()), ("", ()))
        varied = validation_curve(self.learner, self.target, self.x, folds, parameter, values)
        noise = noise_of(self.x, self.target, self.learner.loss)
        whole = self._finding(losses, np.ones(len(self.target.y), bool), law, varied, noise)
        curves = replace(whole.payload, learning_curve=tuple(points), law=law, varied=parameter, validation_curve=tuple(varied))
        yield replace(whole, payload=curves)
        for group, rows in groups_of(self.facets, self.target.known):
            both = (losses.seen[rows], losses.unseen[rows])  # by time, the first rows judge no model, and no model trains on the last ones
            if rows[self.estimate.judged].sum() >= FEW_ROWS and not any(np.isnan(of).all() for of in both):
                yield replace(self._finding(losses, rows), group=group)

    def _finding(
        self, losses: Losses, rows: Numbers, law: PowerLaw | None = None, varied: Sequence[Point] = (), noise: float | None = None
    ) -> Finding[BiasVariance]:
        """The finding for the marked rows."""
        m, e, judging = self.asked, self.estimate, rows[self.estimate.judged]
        means, ends = e.parts.means(judging), intervals(e.parts, m.confidence, m.seed, judging)
        whole = means["systematic"] + means["random"]
        share = means["random"] / whole if whole else 0.0
        unseen = losses.unseen[rows & ~np.isnan(losses.unseen)]
        evidence = Evidence(
            train=float(np.nanmean(losses.seen[rows])),
            unseen=float(unseen.mean()),
            naive=float(self.naive[rows].mean()),
            error=float(unseen.std() / len(unseen) ** 0.5),
            share=share,
            ends=ends["share"],
            target=m.target_loss,
            best=min((p.unseen for p in varied), default=None),
            noise=noise,
        )
        payload = BiasVariance(
            label=self.target.name,
            loss=self.learner.loss.loss,
            learner=self.learner.name,
            sampling=e.sampling,
            replicates=e.replicates,
            train_rows=e.sample_rows,
            test_rows=int(judging.sum()),
            held_by=e.held_by,
            mean_loss=means["loss"],
            bias=means["bias"],
            unbiased_variance=means["variance"],
            biased_variance=means["biased_variance"],
            systematic=means["systematic"],
            random=means["random"],
            corrected=means["corrected"],
            intervals=ends,
            train_loss=evidence.train,
            unseen_loss=evidence.unseen,
            naive_loss=evidence.naive,
            reference_loss=evidence.reference,
            noise=noise,
            diagnosis=evidence.diagnosis,
            evidence=tuple(evidence.words),
            advice=tuple(advice(evidence, law, next(iter(m.vary), ""), varied)),
        )
        words, (low, high) = f"{evidence.diagnosis}: {'; '.join(evidence.words)}", ends["share"]
        return Finding(
            "bias_variance", (self.target.name,), share, message=words, low=low, high=high, confidence=m.confidence, payload=payload
        )


def groups_of(facets: Sequence[Feature], known: Numbers) -> Iterator[tuple[str, Numbers]]:
    """The groups of each facet, its values or, for many numbers, four intervals, with masks of their labelled rows."""
    for f in facets:
        x = f.x[known]
        values, counts = np.unique(x[~np.isnan(x)], return_counts=True)
        if f.column.kind.numeric and len(values) > FEW:
            edges = quantiles(dict(zip(values.tolist(), counts.tolist(), strict=True)), PARTS)
            for part in between(edges, f.column.kind is Kind.INTEGER):
                yield f"{f.name}={part}", np.array([v in part for v in x], bool)
        elif len(values) <= MOST_GROUPS and not f.column.kind.temporal:
            for v in values:
                yield f"{f.name}={_shown(f, v)}", x == v


def _shown(f: Feature, value: float) -> str:
    if f.is_category:
        return f.names[int(value)]
    return str(bool(value)).lower() if f.column.kind is Kind.BOOLEAN else f"{value:g}"


def noise_of(x: Numbers, target: Target, loss: type[Tally]) -> float | None:
    """The loss of the best prediction for rows with equal features; None if fewer than a tenth of the rows have equals."""
    _, place, counts = np.unique(np.nan_to_num(x, nan=np.inf), axis=0, return_inverse=True, return_counts=True)
    place = place.reshape(-1)
    if counts[counts > 1].sum() < len(x) / 10 or not target.is_class or loss is not ZeroOneLoss:
        return None
    of_class = np.zeros((len(counts), len(target.names)))
    np.add.at(of_class, (place, target.y.astype(int)), 1)
    alike = counts > 1
    return float(1 - of_class[alike].max(axis=1).sum() / counts[alike].sum())
