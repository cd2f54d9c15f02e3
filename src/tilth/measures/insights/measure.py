"""The measure `insights`: the profile, how well features predict the label, and flaws of the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from typing import Any, ClassVar, Literal

from tilth.data import Column, Dataset, Roles
from tilth.engine.session import Session
from tilth.errors import MissingExtra
from tilth.measures.associations import Associations
from tilth.measures.balance import Balance, ClassBalance
from tilth.measures.insights.anomalies import anomaly_finding
from tilth.measures.insights.collinearity import collinearity_of
from tilth.measures.insights.features import Feature, Target, features_of, labelled, looked_at, target_of
from tilth.measures.insights.flaws import CODES, NO_FLAW, SEVERITIES, Seen, insights
from tilth.measures.insights.power import ONE_TO_ONE, PredictionPower, as_power, power_of
from tilth.measures.insights.quick_model import QuickModel, one_thread, quick_model
from tilth.measures.insights.repeated import repeated_finding
from tilth.measures.measure import Measure, Measured
from tilth.measures.profile import ColumnProfile, Profile, profiled
from tilth.measures.sampled import Rows
from tilth.report import Finding, Payload
from tilth.report.sections import ReportSection
from tilth.shelf import PYTHON_ONLY

LIBRARY = "sklearn"


@dataclass(frozen=True)
class InsightCounts(Payload):
    """The number of flaws by severity and by code; the finding's value is their total.

    `rows` is the number of inspected rows, `problem` is classification or regression.
    """

    KIND: ClassVar[str] = "insights"
    VALUE: ClassVar[str] = "flaws"
    problem: str = ""
    rows: int = 0
    severities: Mapping[str, int] = field(default_factory=dict)
    codes: Mapping[str, int] = field(default_factory=dict)

    @property
    def compared(self) -> Mapping[str, float | None]:
        every = {f"{severity} flaws": self.severities.get(severity, 0) for severity in SEVERITIES}
        return every | {f"{code} flaws": self.codes.get(code, 0) for code in CODES}


@dataclass(frozen=True)
class Insights(Measure):
    """What each column alone says about the label, how well a quick model predicts, and what is wrong with the data, with a fix for each.

    The profile is measured first and is part of the findings. Power, quick model and anomalies use at most `rows` rows, which are the same
    on every engine and for every order of the rows; repeated rows and collinearity use the profile's sample. The label has classes if it is
    a string or boolean, has at most 20 distinct integers, or two distinct numbers. Without a label, only findings that need none are made.

    Errors: `MissingExtra` without scikit-learn, unless `models` is false.
    """

    name = "insights"
    baseline = True

    rows: int = 10_000
    """The maximum number of rows that are inspected one by one."""
    problem: Literal["", "classification", "regression"] = ""
    """Whether classes or numbers are predicted. Default: by the label's values."""
    models: bool = True
    """Whether to train a quick model and search for anomalous rows, which needs scikit-learn (extra `models`)."""
    seed: int = 0
    """Another seed selects other rows and trains another model."""

    exact: bool = field(default=False, metadata=PYTHON_ONLY)
    """Whether the profile is exact; see the measure `profile`."""

    @property
    def trains(self) -> bool:
        return self.models

    def including(self, other: Measure) -> Insights | None:
        if isinstance(other, Profile):
            return replace(self, exact=self.exact or other.exact)
        return self if isinstance(other, Balance) else None

    def measure(self, table: Dataset, originals: Dataset, session: Session, before: Any = None) -> Measured:
        if self.models and find_spec(LIBRARY) is None:
            hint = 'pip install "tilth[models]"; or leave out what needs it: {insights: {models: false}}'
            raise MissingExtra("insights trains a quick model by scikit-learn, which is not installed", hint=hint, code="missing-extra")
        findings, drawn, columns = profiled(table, originals, session, self.exact)
        with one_thread() if self.models else nullcontext():
            own = self._findings(columns, findings, drawn, table.roles)
        return [*own, *findings], None

    def _findings(self, columns: Sequence[Column], findings: Sequence[Finding], drawn: Rows, roles: Roles) -> list[Finding]:
        known = drawn.known(columns)
        label = next((c for c in known if c.name == roles.label), None)
        rows = looked_at(drawn if label is None else labelled(drawn, label), self.rows, self.seed)
        features = features_of(known, rows, roles)
        target = None if label is None or not len(rows) else target_of(label, rows, roles, self.problem, known)
        repeated = repeated_finding(known, drawn, roles)
        collinear = collinearity_of(features_of((c for c in known if c.name not in roles.not_features), drawn.table, roles))
        powers: Sequence[Finding[PredictionPower]] = _powers(features, target)
        copies = {f.name for f in powers if f.payload.maps == ONE_TO_ONE}
        fit = [f for f in features if f.name not in roles.not_features and f.name not in copies]
        model, powers = self._modelled(fit, target, powers, sorted(copies))
        anomalies = anomaly_finding(fit, rows, roles.private, self.seed) if self.models else None
        seen = Seen(
            rows=drawn.of,
            columns={f.name: f.payload for f in findings if isinstance(f.payload, ColumnProfile)},
            roles=roles,
            features={f.name: f for f in features},
            powers={f.name: f for f in powers},
            associations=next((f.payload for f in findings if isinstance(f.payload, Associations)), None),
            repeated=repeated,
            target=target,
            values=drawn.values(label.name) if label is not None else None,
            sampled=None if drawn.all_there else len(drawn.table),
            balance=next((f.payload for f in findings if isinstance(f.payload, ClassBalance)), None),
            collinear=collinear[1] if collinear else None,
            model=model.payload if model else None,
            anomalies=anomalies,
        )
        flaws = insights(seen)
        counts = InsightCounts(
            target.problem if target else "",
            len(rows),
            *(_counted(of) for of in ([f.payload.severity for f in flaws], [f.name for f in flaws])),
        )
        factors = Finding("collinearity", (), collinear[0], payload=collinear[1]) if collinear else None
        more: list[Finding] = [f for f in (model, factors, anomalies, repeated) if f is not None]
        return [Finding("insights", (), len(flaws), payload=counts), *(flaws or [NO_FLAW]), *powers, *more]

    def _modelled(
        self, features: Sequence[Feature], target: Target | None, powers: Sequence[Finding[PredictionPower]], copies: Sequence[str]
    ) -> tuple[Finding[QuickModel] | None, Sequence[Finding[PredictionPower]]]:
        """The quick model, and the powers with the importance of each column. `copies` of the label are not among the features."""
        if not self.models or target is None or not powers:
            return None, powers
        model, importance = quick_model(features, target, {f.name: f.number or 0.0 for f in powers}, self.seed)
        if not model.score:
            return None, powers
        found = Finding("model", (target.name,), model.validation.get(model.score), payload=replace(model, copies=tuple(copies)))
        return found, [replace(f, payload=replace(f.payload, importance=importance.get(f.name))) for f in powers]


def _powers(features: Sequence[Feature], target: Target | None) -> list[Finding[PredictionPower]]:
    """The power of each column with values, the most powerful first; empty if the label cannot be learned."""
    if target is None or not target.can_be_learned:
        return []
    powers = {f.name: power_of(f, target) for f in features if f.distinct}
    values = {name: as_power(p.scored, target) for name, p in powers.items()}
    order = sorted(powers, key=lambda name: (-values[name], name))
    return [Finding(name, (name, target.name), values[name], payload=powers[name]) for name in order]


def _counted(words: Sequence[str]) -> dict[str, int]:
    return {word: words.count(word) for word in dict.fromkeys(words)}


INSIGHTS = ReportSection(InsightCounts, lambda found: None)
