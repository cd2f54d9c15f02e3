"""A quick model of the label: its scores on unseen rows and on training rows; and its report section."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from tilth.measures.insights.features import Feature, Target
from tilth.metrics.predictions import auc, r2
from tilth.report import Finding, Payload
from tilth.report.blocks import Block, Section, Words, code, counted, exact, table
from tilth.report.charts import number, percent
from tilth.report.sections import ReportSection

CATEGORIES = 200  # most values of a string that the model distinguishes; the rarer ones are merged
REPEATS = 0.5  # greatest share of distinct values of a string; beyond, it is a text or an id
EARLY = 200  # with at least this many rows, training may stop early
SHUFFLED = 40  # importance is computed for this many of the most powerful columns
PARTS = ("train", "validation", "baseline")
HELD = {
    "chance": "Validation rows are a fifth of the rows, of each class alike.",
    "time": "Validation rows are the latest fifth.",
    "group": "Validation rows are those of a fifth of the groups: no group is in both parts.",
}


@dataclass(frozen=True)
class QuickModel(Payload):
    """The metrics of a quick model; the finding's value is its `score`, AUC or R², on the validation rows.

    `train`, `validation` and `baseline` map metrics to their values on the `train_rows`, on the `validation_rows`, and for a baseline that
    always predicts the most frequent class or the mean; None if undefined. `matrix` counts validation rows: a row for each of the actual
    `classes`, a column for each predicted one. `held_by`: validation rows are the latest ones (`time`), those of some groups (`group`), or
    a fifth of each class (`chance`). `left_out` are strings with too many values, `copies` are columns that correspond one to one with the
    label. `without` is the score after training without the column `best`, the most powerful one.
    """

    KIND: ClassVar[str] = "model"
    VALUE: ClassVar[str] = "validation score"
    label: str = ""
    problem: str = ""
    score: str = ""
    train_rows: int = 0
    validation_rows: int = 0
    train: Mapping[str, float | None] = field(default_factory=dict)
    validation: Mapping[str, float | None] = field(default_factory=dict)
    baseline: Mapping[str, float | None] = field(default_factory=dict)
    classes: tuple[str, ...] = ()
    positive: str = ""
    matrix: tuple[tuple[int, ...], ...] = ()
    features: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()
    held_by: str = "chance"
    best: str = ""
    without: float | None = None

    @property
    def compared(self) -> Mapping[str, float | None]:
        return {f"validation {name}": value for name, value in self.validation.items()}


@dataclass(frozen=True)
class Trained:
    """A model with its rows: `predict` returns class indices or numbers, and the scores of classes; `train` and `held` mark the rows."""

    x: np.ndarray
    target: Target
    train: np.ndarray
    held: np.ndarray
    predict: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def quick_model(features: Sequence[Feature], target: Target, powers: Mapping[str, float], seed: int) -> tuple[QuickModel, dict[str, float]]:
    """Gradient-boosted trees, trained on about four fifths of the rows and scored on the rest; and the importance of the columns.

    The rest are the latest rows, or all rows of some groups, if the roles name a time or a group; else a fifth of each class.

    Numbers and times are used unchanged, strings as categories, with the rarer of many merged; nothing is filled or scaled. The model is
    scikit-learn's HistGradientBoosting with its defaults, which stops early by the score on a tenth of the training rows. `powers` ranks
    the columns.
    """
    fit = [f for f in features if not f.is_category or f.distinct <= max(REPEATS * (~f.missing).sum(), 2)]
    fit = [f for f in fit if f.distinct > 1]
    if not fit:
        return QuickModel(label=target.name), {}
    done = trained(fit, target, seed)
    found = {part: metrics_of(done, mask) for part, mask in (("train", done.train), ("validation", done.held))}
    best = max(fit, key=lambda f: (powers.get(f.name, 0.0), f.name))
    rest = [f for f in fit if f is not best]
    name = "AUC" if target.is_class else "R²"
    without = metrics_of(trained(rest, target, seed), done.held)[name] if rest and powers.get(best.name, 0.0) > 0.5 else None
    payload = QuickModel(
        label=target.name,
        problem=target.problem,
        score=name,
        train_rows=int(done.train.sum()),
        validation_rows=int(done.held.sum()),
        train=found["train"],
        validation=found["validation"],
        baseline=baseline_of(done),
        classes=target.names,
        positive=target.names[target.positive] if target.is_class else "",
        matrix=matrix_of(done) if target.is_class else (),
        features=tuple(f.name for f in fit),
        held_by=target.held[1],
        left_out=tuple(f.name for f in features if f not in fit and f.is_category and f.distinct > 1),
        best=best.name if without is not None else "",
        without=without,
    )
    return payload, importance_of(done, fit, powers, seed)


def trained(features: Sequence[Feature], target: Target, seed: int) -> Trained:
    """Train the model on some columns."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    x = np.column_stack([_codes(f)[target.known] if f.is_category else f.x[target.known] for f in features])
    held, _ = target.held
    smallest = np.bincount(target.y[~held].astype(int)) if target.is_class else np.array([len(x)])
    stop = len(x) >= EARLY and int(smallest[smallest > 0].min()) >= 10
    kind: Any = HistGradientBoostingClassifier if target.is_class else HistGradientBoostingRegressor
    model = kind(categorical_features=[f.is_category for f in features], early_stopping=stop, random_state=seed)
    model.fit(x[~held], target.y[~held])

    def predict(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if not target.is_class:
            found = model.predict(rows)
            return found, found[:, None]
        scores = np.zeros((len(rows), len(target.names)))
        scores[:, model.classes_.astype(int)] = model.predict_proba(rows)
        return scores.argmax(1), scores

    return Trained(x, target, ~held, held, predict)


def _codes(f: Feature) -> np.ndarray:
    """The values of a string as codes, the most frequent first; the rarer ones share a code; NaN for missing values."""
    codes = f.x[~f.missing].astype(int)
    order = np.argsort(-np.bincount(codes, minlength=len(f.names)), kind="stable")
    place = np.empty(len(order))
    place[order] = np.minimum(np.arange(len(order)), CATEGORIES)
    found = np.full(len(f.x), math.nan)
    found[~f.missing] = place[codes]
    return found


def metrics_of(done: Trained, mask: np.ndarray) -> dict[str, float | None]:
    """The metrics of a model on the marked rows, rounded to six digits."""
    predicted, scores = done.predict(done.x[mask])
    y = done.target.y[mask]
    return _rounded(_of_classes(done.target, y, predicted, scores) if done.target.is_class else _of_numbers(y, predicted))


def baseline_of(done: Trained) -> dict[str, float | None]:
    """The metrics on the validation rows of always predicting the most frequent class, or the mean, of the training rows."""
    t, y = done.target, done.target.y[done.held]
    if not t.is_class:
        return _rounded(_of_numbers(y, np.full(len(y), t.y[done.train].mean())))
    most = np.bincount(t.y[done.train].astype(int)).argmax()
    return _rounded(_of_classes(t, y, np.full(len(y), most), np.zeros((len(y), len(t.names)))))


def _rounded(found: Mapping[str, float]) -> dict[str, float | None]:
    return {name: float(f"{v:.6g}") if math.isfinite(v) else None for name, v in found.items()}


def _of_classes(target: Target, y: np.ndarray, predicted: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """Accuracy, balanced accuracy (the mean recall), AUC; precision, recall and F1 of the positive class, or their means for several."""
    classes = range(len(target.names))
    hits = np.array([((y == k) & (predicted == k)).sum() for k in classes], float)
    actual, said = (np.array([(x == k).sum() for k in classes], float) for x in (y, predicted))
    here = actual > 0
    recall, precision, f1 = hits / np.maximum(actual, 1), hits / np.maximum(said, 1), 2 * hits / np.maximum(actual + said, 1)
    found = {"accuracy": float((y == predicted).mean()), "balanced accuracy": float(recall[here].mean())}
    several = [auc(scores[:, k], y == k) for k in classes if 0 < actual[k] < len(y)]
    found["AUC"] = math.nan if not several else several[-1] if len(target.names) == 2 else float(np.mean(several))
    for name, of in (("precision", precision), ("recall", recall), ("F1", f1)):
        found[name] = float(of[target.positive] if len(target.names) == 2 else of[here].mean())
    return found


def _of_numbers(y: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """R², the mean squared error and its root, the mean, largest and median absolute error."""
    error = np.abs(y - predicted)
    mse = float((error**2).mean())
    return {
        "R²": r2(y, predicted),
        "RMSE": math.sqrt(mse),
        "MSE": mse,
        "MAE": float(error.mean()),
        "median absolute error": float(np.median(error)),
        "max error": float(error.max()),
    }


def matrix_of(done: Trained) -> tuple[tuple[int, ...], ...]:
    """The confusion matrix of the validation rows: a row for each actual class, a column for each predicted one."""
    k = len(done.target.names)
    predicted, _ = done.predict(done.x[done.held])
    counts = np.bincount(done.target.y[done.held].astype(int) * k + predicted, minlength=k * k)
    return tuple(tuple(row) for row in counts.reshape(k, k).tolist())


def importance_of(done: Trained, features: Sequence[Feature], powers: Mapping[str, float], seed: int) -> dict[str, float]:
    """How much the score on the validation rows falls when a column is shuffled, for the 40 most powerful columns.

    Breiman 2001, "Random Forests".
    """
    held = done.x[done.held]
    y = done.target.y[done.held]
    random = np.random.default_rng(seed)

    def score(rows: np.ndarray) -> float:
        predicted, scores = done.predict(rows)
        found = _of_classes(done.target, y, predicted, scores) if done.target.is_class else _of_numbers(y, predicted)
        return found["AUC" if done.target.is_class else "R²"]

    whole, found = score(held), {}
    looked = sorted(range(len(features)), key=lambda i: (-powers.get(features[i].name, 0.0), i))[:SHUFFLED]
    for i in looked:
        rows = held.copy()
        rows[:, i] = rows[random.permutation(len(rows)), i]
        found[features[i].name] = round(whole - score(rows), 6)
    return {name: v for name, v in found.items() if v == v}


def one_thread() -> AbstractContextManager[Any]:
    """Limit scikit-learn to one thread: on a busy machine, threads that wait for each other take many times as long."""
    import sklearn.ensemble  # noqa: F401 -- the limit affects only loaded libraries
    from threadpoolctl import threadpool_limits

    limit: AbstractContextManager[Any] = threadpool_limits(1)
    return limit


# ── the section ──


def model(found: Sequence[Finding[QuickModel]]) -> Section:
    """The metrics of every part, and the confusion matrix of the first."""
    first = found[0].payload
    blocks: list[Block] = []
    for f in found:
        blocks += _of_part(f)
    lead = f"Trained on {counted(first.train_rows, 'row')}, the model has an {first.score} of {exact(found[0].number)}"
    lead += f" on {counted(first.validation_rows, 'row')} that it has not seen, and {exact(first.train.get(first.score))} on its own."
    return Section("model", f"A quick model of {code(first.label)}", tuple(blocks), lead=lead)


def _of_part(f: Finding[QuickModel]) -> list[Block]:
    p, where = f.payload, f" in {code(f.part)}" if f.part else ""
    rows = [(name, *(_shown(getattr(p, part).get(name)) for part in PARTS)) for name in p.validation]
    what = "the most frequent class" if p.problem == "classification" else "the mean of the label"
    blocks: list[Block] = [table(f"Scores of the quick model{where}", ("score", *PARTS), rows, PARTS)] if rows else []
    blocks.append(Words(f"The baseline always says {what}. {HELD.get(p.held_by, '')}"))
    if p.matrix:
        blocks.append(_matrix(p, where))
    if p.positive and len(p.classes) == 2:
        blocks.append(Words(f"Precision, recall and F1 are those of the class {code(p.positive)}."))
    if p.copies:
        blocks.append(Words(f"Left out, because they are the label in other words: {', '.join(map(code, p.copies))}."))
    if p.left_out:
        names = ", ".join(code(name) for name in p.left_out[:6])
        blocks.append(Words(f"Left out, because more than half of the values differ: {names}."))
    return blocks


def _shown(value: float | None) -> str:
    return "–" if value is None else exact(value)


def _matrix(p: QuickModel, where: str) -> Block:
    """The confusion matrix, with shares within each row."""
    heads = ("actual", *(f"predicted {code(c, 24)}" for c in p.classes))
    rows = []
    for name, counts in zip(p.classes, p.matrix, strict=True):
        of = sum(counts)
        rows.append((code(name, 24), *(f"{number(n)} ({percent(n / of)})" if of else "0" for n in counts)))
    return table(f"Confusion matrix of the validation rows{where}", heads, rows, heads[1:], brief=12)


MODEL = ReportSection(QuickModel, model)
