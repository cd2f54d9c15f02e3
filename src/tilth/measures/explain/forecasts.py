"""The measure `asymmetric_shap`: what each step of a time series adds to a model's forecasts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tilth.data import Dataset
from tilth.data.schema import NUMBERS
from tilth.engine.arrow import kind_of
from tilth.engine.session import Session
from tilth.errors import Mistake, RequestError
from tilth.measures.explain.forecast_findings import ForecastShap, ForecastValues
from tilth.measures.importance import predicted
from tilth.measures.measure import Measured, ModelMeasure, Predictor
from tilth.report import Finding
from tilth.report.blocks import counted
from tilth.shelf import PYTHON_ONLY

if TYPE_CHECKING:
    from tilth.measures.explain.asymmetric import Game
    from tilth.measures.explain.series import Series, SeriesColumns

AT_ONCE = 2**22  # most numbers of series per call of a model
Direction = Literal["chronological", "anti_chronological", "bidirectional"]
Granularity = Literal["timewise", "fine_grained"]
ORDERS = {"chronological": (1,), "anti_chronological": (-1,), "bidirectional": (1, -1)}


@dataclass(frozen=True, eq=False)
class Explained:
    """An item's values by player and forecast step. A player is a column (empty for all columns of a step) and a step (None: static)."""

    series: Series
    players: list[tuple[str, int | None]]
    offset: np.ndarray
    values: np.ndarray


@dataclass(frozen=True)
class AsymmetricShap(ModelMeasure):
    """What each step of a time series adds to a model's forecasts: asymmetric Shapley values, which respect the order of time.

    The data has a row for each item and time, with roles: `time`, `label` for the target, and `id` for the item; without `id` all rows are
    one series. Rows after the last known target have only related series. The model forecasts series that are partly replaced by the
    baseline. `timewise`: a step's values are what its target and related values together add when all earlier steps are present
    (`chronological`), or all later ones (`anti_chronological`), or the mean of both (`bidirectional`); static covariates join with the
    first step. `fine_grained`: each value of each series joins by itself: static covariates first, then step by step, within a step in
    every order, or in `samples` random orders if there are more. The values of an item add up to its forecast minus that of the baseline.

    A function or a fitted flow gets an Arrow table with a row for each series: the item; lists of the times, of the target up to the last
    known step, and of each related series; and the static covariates. A model of numbers gets the same numbers in one row. Both return a
    number for each step of the forecast. Without rows there are no findings.

    Errors: `RequestError` without a model, time or target, for columns that do not fit, for rows that do not form a series, for `samples`
    without `fine_grained` or the reverse, for static covariates without a baseline, and for more forecasts than `most_predictions`.

    Source: Frye, Rowat and Feige, Asymmetric Shapley Values, 2020.
    """

    name = "asymmetric_shap"
    of_columns = False

    related: tuple[str, ...] = ()
    """Columns of related series: numbers that are known at each step of the target, and after its end."""
    static: tuple[str, ...] = ()
    """Columns of static covariates: one value per item."""
    direction: Direction = "chronological"
    """The order in which the steps join."""
    granularity: Granularity = "timewise"
    """`timewise`: a value for each step; `fine_grained`: for each step of each series, and each static covariate; only chronological."""
    samples: int | None = None
    """`fine_grained`: the maximum number of orders of the values of a step. With the larger of the numbers of related series and static
    covariates n, (1 + n)² is enough."""
    target_baseline: Literal["zero", "mean"] = "zero"
    """Replaces absent values of the target: 0, or the mean of the item's known values."""
    related_baseline: Literal["zero", "mean"] = "zero"
    """The same for each related series."""
    static_baseline: Mapping[str, tuple[Any, ...]] = field(default_factory=dict, hash=False)
    """Replaces absent static covariates: item → a value for each covariate."""
    items: int = 100
    """How many items are explained: a sample."""
    most_predictions: int = 10_000_000
    """The maximum number of forecasts to request."""
    local: bool = field(default=False, metadata=PYTHON_ONLY)
    """Whether the values of single items are a finding of kind `asymmetric_shap_values`."""
    seed: int = 0
    """Seed of the sample and of random orders."""

    def measure(self, table: Dataset, originals: Dataset, session: Session, before: Any = None) -> Measured:
        from tilth.measures.explain.series import Baseline, series_of

        self._reject_unfit(table)
        baseline = Baseline(self.target_baseline, self.related_baseline, self.static_baseline)
        columns, series = series_of(self.name, table, self.related, self.static, baseline, self.items, session, self.seed)
        if not series:
            return [], None
        needed = sum(map(self._forecasts, series))
        if needed > self.most_predictions:
            message = f"{self.name} would ask for {needed:,} forecasts of {counted(len(series), 'item')}"
            hint = "explain fewer items or shorter series, take fewer samples, or raise most_predictions"
            raise RequestError(message, accepted=f"up to {self.most_predictions:,}", hint=hint, code="many-predictions")
        explained = [self._explained(one, columns, session) for one in series]
        local = [Finding(ForecastValues.KIND, value=len(series), payload=ForecastValues(tuple(map(_line, explained))))]
        return [*self._global(explained, columns), *(local if self.local else [])], None

    def _reject_unfit(self, table: Dataset) -> None:
        """Reject parameters that do not fit each other, all at once."""
        fine, wrong = self.granularity == "fine_grained", [*self.without_model()]
        if fine != (self.samples is not None) or (self.samples is not None and self.samples < 1):
            enough = (1 + max(len(self.related), len(self.static))) ** 2
            accepted = f"1 or more, such as {enough}" if fine else "none: only fine_grained has orders to sample"
            message = f"{self.name}: samples is {self.samples} and granularity {self.granularity}"
            wrong.append(Mistake(message, accepted=accepted, code="bad-value"))
        if fine and self.direction != "chronological":
            message = f"{self.name}: direction is {self.direction} and granularity fine_grained"
            wrong.append(Mistake(message, accepted="chronological, or timewise", code="bad-value"))
        if self.local and set(table.roles.id) & set(table.roles.private):
            message = f"{self.name}: the values of single items need ids that are not private"
            wrong.append(Mistake(message, hint="leave `local` out", code="private"))
        RequestError.reject(wrong)

    def _blocks(self, series: Series) -> list[list[int]]:
        """The blocks of players: a block per step; or the static covariates, then the values of each step."""
        steps = series.steps
        if self.granularity == "timewise":
            return [[t] for t in range(len(steps))]
        return [block for block in (list(range(len(self.static))), *steps) if block]

    def _forecasts(self, series: Series) -> int:
        """The maximum number of forecasts."""
        orders = len(ORDERS[self.direction])
        return orders * (1 + sum(len(b) * min(math.factorial(len(b)), self.samples or 1) for b in self._blocks(series)))

    def _explained(self, series: Series, columns: SeriesColumns, session: Session) -> Explained:
        from tilth.measures.explain.asymmetric import asymmetric

        blocks = self._blocks(series)
        ask = partial(self._asked, series, columns, session)
        game = partial(_of_steps, ask, series.steps, len(self.static)) if self.granularity == "timewise" else ask
        found = [asymmetric(game, blocks[::way], self.samples or 1, self.seed) for way in ORDERS[self.direction]]
        values = np.mean([values for _, values in found], axis=0)
        return Explained(series, self._players(series, columns), found[0][0], values)

    def _players(self, series: Series, columns: SeriesColumns) -> list[tuple[str, int | None]]:
        if self.granularity == "timewise":
            return [("", t) for t in range(len(series.steps))]
        related = [(c, t) for c in columns.related for t in range(series.related.shape[1])]
        return [*((c, None) for c in columns.static), *((columns.target, t) for t in range(len(series.target))), *related]

    def _asked(self, series: Series, columns: SeriesColumns, session: Session, present: np.ndarray) -> np.ndarray:
        """The forecast for each coalition of values, a column for each step of the horizon."""
        step, found = max(1, AT_ONCE // present.shape[1]), []
        for part in (present[i : i + step] for i in range(0, len(present), step)):
            if isinstance(self.model, Predictor):
                self._reject_inputs(series)
                found.append(np.asarray(self.model.numbers(series.matrix(part)), float))
            else:
                rows = predicted(self.model, series.rows(columns, part), self.prediction, session)
                found.append(np.stack(list(rows)).astype(float).reshape(len(part), -1))
        return np.concatenate(found)

    def _reject_inputs(self, series: Series) -> None:
        """Reject series that do not fit a model of numbers."""
        takes, width = len(self.columns), len(series.static) + sum(map(len, series.steps))
        strings = [c for c, of in zip(self.static, series.static, strict=True) if kind_of(of.type) not in NUMBERS]
        wrong = [Mistake(f"{self.name}: the model takes numbers, and {c!r} has none", code="wrong-kind") for c in strings]
        if takes != width:
            message = f"{self.name}: the model takes {counted(takes, 'number')}, and the series of an item are {width:,}"
            accepted = "the known steps of the target, all steps of each related series, and the static covariates"
            wrong.append(Mistake(message, accepted=accepted, code="model-inputs"))
        RequestError.reject(wrong)

    def _global(self, explained: Sequence[Explained], columns: SeriesColumns) -> list[Finding[ForecastShap]]:
        """A finding for each column, or for all columns together, the greatest first."""
        sums: dict[str, dict[int | None, np.ndarray]] = {}
        for one in explained:
            for (column, step), values in zip(one.players, one.values, strict=True):
                of = sums.setdefault(column, {})
                at = None if step is None else step - len(one.series.target) + 1
                of[at] = of.get(at, np.zeros(2)) + np.array([values.mean(), np.abs(values).mean()]) / len(explained)
        expected, horizon = float(np.mean([e.offset.mean() for e in explained])), max(len(e.offset) for e in explained)
        made = []
        for column, of in sums.items():
            steps = sorted(at for at in of if at is not None)
            mean, size = np.sum(list(of.values()), axis=0).tolist()
            payload = ForecastShap(
                steps=tuple(steps),
                means=tuple(float(of[at][0]) for at in steps),
                sizes=tuple(float(of[at][1]) for at in steps),
                mean=mean,
                expected=expected,
                items=len(explained),
                horizon=horizon,
                direction=self.direction,
                granularity=self.granularity,
            )
            made.append(Finding(self.name, (column,) if column else (columns.target, *columns.related), size, payload=payload))
        return sorted(made, key=lambda f: -f.value)


def _of_steps(ask: Game, steps: Sequence[Sequence[int]], static: int, there: np.ndarray) -> np.ndarray:
    """The game of the steps: a present step makes all its values present; static covariates are present with any step."""
    present = np.zeros((len(there), static + sum(map(len, steps))), bool)
    present[:, :static] = there.any(axis=1, keepdims=True)
    for t, players in enumerate(steps):
        present[:, players] = there[:, t, None]
    return ask(present)


def _line(e: Explained) -> dict[str, Any]:
    """An item in the format of SageMaker Clarify."""
    times = e.series.times.to_pylist()
    named = [({"feature_name": c} if c else {}) | ({} if t is None else {"timestamp": times[t]}) for c, t in e.players]
    explanations = [{**name, "scores": scores} for name, scores in zip(named, e.values.tolist(), strict=True)]
    return {"item_id": e.series.item, "offset": e.offset.tolist(), "explanations": explanations}
