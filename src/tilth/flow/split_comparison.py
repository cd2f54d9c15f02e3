"""Compares the parts of a split: shared groups, rows that are equal except for the label, and values that the training part lacks.

Only for tables of up to `MOST` rows. These are read and sorted, so that the result does not depend on the order of the rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tilth.data import Column, Dataset, Kind, Roles, Schema
from tilth.data.names import names_id
from tilth.engine.arrow import codes_of, from_numpy, mask_of
from tilth.engine.needs import Sample
from tilth.engine.session import Session
from tilth.flow.order import KEY_SHARES, by_chance
from tilth.flow.split_checks import BUT_LABEL, CONFLICT, GROUPS, MODEL, NEAR, OUTSIDE, SHARE, TELLS, TRAIN, UNSEEN, SplitCheck, split_line
from tilth.measures.insights.features import Feature, Target, feature_of
from tilth.measures.insights.power import power_of
from tilth.measures.sampled import COMPARABLE
from tilth.metrics.contrasts import Numbers
from tilth.metrics.near_duplicates import LIKE, text_groups
from tilth.metrics.order import threshold
from tilth.report import Finding
from tilth.report.blocks import counted
from tilth.report.charts import percent
from tilth.steps.rows.chosen import CHOSEN
from tilth.steps.rows.split import GAP, SPLIT, Split
from tilth.yaml import yaml_string

MOST = 50_000  # rows
MOST_TOLD = 10_000  # rows used to measure whether columns distinguish the parts
PERMUTATIONS = 20
MOST_OF_ONE = 0.5  # share of the most frequent value of a key: a number that is mostly 0 is not one
OVERLAP = STICKY = 0.2
TOLD = 0.6  # a column with at least this AUC distinguishes two parts
MOST_CLASSES = 50
MOST_CHARACTERS = 20_000_000  # of texts that are compared in all
FEWEST_TEXTS, LONG, BLANKS = 100, 20, 2  # minima for a column of texts: distinct strings, mean characters, mean blanks

Codes = np.ndarray
Found = Finding[SplitCheck]


@dataclass(frozen=True)
class Parts:
    """The rows of a table with the part of each."""

    rows: pa.Table
    kinds: Schema
    roles: Roles
    split: Split
    by: Sequence[str]
    part: np.ndarray

    @property
    def train(self) -> np.ndarray:
        """Whether each row is in the training part."""
        found: np.ndarray = self.part == TRAIN
        return found

    @property
    def others(self) -> list[str]:
        """The other parts."""
        return [name for name, _ in self.split.shares if name != TRAIN and (self.part == name).any()]

    def columns(self, fit: Callable[[Column], bool]) -> list[Column]:
        """The columns to compare: no ids, label or split columns, and for a split by time no other times."""
        aside = {*self.roles.id, self.roles.label, self.roles.prediction, *self.roles.image, SPLIT}
        aside |= set(self.by) if self.split.by in ("time", "ordered", *CHOSEN) else set()
        aside |= {c.name for c in self.kinds if c.kind.temporal} if self.split.by == "time" else set()
        return [c for c in self.kinds if c.name not in aside and c.name in self.rows.column_names and fit(c)]


def comparison_findings(
    data: Dataset, sizes: Sequence[Found], split: Split, by: Sequence[str], engine: Session, models: bool = False
) -> list[Found]:
    """Report what the parts share and how they differ. `sizes` has the rows of each part, `by` names the columns of the split.

    `models`: whether to train a model that distinguishes a part from the training part; this needs scikit-learn.
    """
    total = sum(f.payload.rows or 0 for f in sizes if f.name == SHARE)
    if total > MOST:
        message = f"Not judged of more than {MOST:,} rows: groups and values that parts share, and whether columns tell the parts apart."
        return [Finding(UNSEEN, message=message, payload=SplitCheck(meaning="unknown"))]
    kinds = engine.schema(data)
    names = [c.name for c in kinds if c.kind in COMPARABLE and c.name != SPLIT]
    if not names:
        return []
    asked = Sample((*names, SPLIT), None, hashed=False)
    rows = engine.answer(data, [asked])[asked]
    if not engine.answers_are_real:
        return []
    order = pc.sort_indices(rows, [(name, "ascending") for name in rows.column_names]).take(
        from_numpy(np.random.default_rng(0).permutation(rows.num_rows))
    )
    rows = rows.take(order)
    part = np.array(rows[SPLIT].to_pylist(), dtype=object)
    kept = np.array([p not in (None, GAP) for p in part], dtype=bool)
    parts = Parts(rows.filter(mask_of(kept)), kinds, data.roles, split, by, part[kept])
    if not parts.others or not parts.train.any():
        return []
    return [*_values(parts), *_copies(parts), *_near(parts), *_groups(parts), *_told(parts, models)]


def _values(parts: Parts) -> Iterator[Found]:
    """Categories that the training part lacks, and numbers and times outside its range."""
    for c in parts.columns(lambda c: c.kind in (Kind.STRING, Kind.BOOLEAN)):
        codes = codes_of(parts.rows[c.name])
        if c.name not in parts.roles.text and codes.max(initial=0) <= KEY_SHARES[1] * len(codes):
            yield from _rows_that(parts, UNSEEN, c, ~np.isin(codes, np.unique(codes[parts.train])))
    for c in parts.columns(lambda c: c.kind.numeric or c.kind.temporal):
        x = feature_of(c, parts.rows[c.name]).x
        known = x[parts.train & ~np.isnan(x)]
        if len(known) and not names_id(c.name):
            yield from _rows_that(parts, OUTSIDE, c, (x < known.min()) | (x > known.max()))


def _rows_that(parts: Parts, name: str, column: Column, marked: np.ndarray) -> Iterator[Found]:
    for part in parts.others:
        here = parts.part == part
        if n := int(marked[here].sum()):
            yield Finding(name, (column.name,), n / int(here.sum()), part=part, payload=SplitCheck(n, int(here.sum()), (column.name,)))


def _copies(parts: Parts) -> Iterator[Found]:
    """Rows that equal a training row except for the label, and equal rows with different labels."""
    label = parts.roles.label
    features = [c.name for c in parts.kinds if c.name in parts.rows.column_names and c.name not in (*parts.roles.id, label, SPLIT)]
    if label is None or label not in parts.rows.column_names or not features:
        return
    rows = np.zeros(parts.rows.num_rows, np.int64)
    for name in features:
        codes = codes_of(parts.rows[name])
        rows = np.unique(rows * (codes.max() + 1) + codes, return_inverse=True)[1]
    seen = np.zeros(rows.max() + 1, bool)
    seen[rows[parts.train]] = True
    for part in parts.others:
        here = parts.part == part
        n, of = int(seen[rows[here]].sum()), int(here.sum())
        yield Finding(BUT_LABEL, (), n / of, part=part, payload=SplitCheck(n, of, tuple(features)))
    copies = np.bincount(rows) > 1
    labels = np.bincount(np.unique(np.stack([rows, codes_of(parts.rows[label])]), axis=1)[0], minlength=len(copies))
    if copies.any():
        n, of = int((labels[copies] > 1).sum()), int(copies.sum())
        yield Finding(CONFLICT, (), n / of, payload=SplitCheck(n, of, tuple(features)))


def _near(parts: Parts) -> Iterator[Found]:
    """Texts that equal, or nearly equal, a text of the training part, with the line to write."""
    for c in parts.columns(lambda c: c.kind is Kind.STRING):
        values = parts.rows[c.name].drop_null().unique()
        lengths, blanks = pc.utf8_length(values), pc.count_substring(values, " ")
        many = len(values) > max(FEWEST_TEXTS, KEY_SHARES[1] * parts.rows.num_rows)
        long = many and pc.mean(lengths).as_py() > LONG and pc.mean(blanks).as_py() >= BLANKS
        if c.name not in parts.roles.text and not long:
            continue
        sentences = pc.and_(pc.greater(lengths, LONG), pc.greater_equal(blanks, BLANKS))  # many people answer "nothing to add"
        values, characters = values.filter(sentences), pc.sum(lengths.filter(sentences)).as_py() or 0
        if characters > MOST_CHARACTERS:
            message = f"Not judged whether parts have nearly the same {c.name}: that takes {MOST_CHARACTERS:,} characters or fewer."
            yield Finding(NEAR, (c.name,), message=message, payload=SplitCheck(meaning="unknown"))
            continue
        firsts = text_groups(values.to_pylist())
        groups = np.append(firsts, -1)[pc.fill_null(pc.index_in(parts.rows[c.name], values), len(firsts)).to_numpy()]
        trained = np.unique(groups[parts.train & (groups >= 0)])
        for part in parts.others:
            here = parts.part == part
            if not (n := int(np.isin(groups[here], trained).sum())):
                continue
            rows = f"{counted(n, 'row')} of {part} ({percent(n / int(here.sum()))}) {'has' if n == 1 else 'have'}"
            message = f"{rows} {c.name!r} that is, or nearly is, that of a training row: a score measured there would overstate the model."
            payload = SplitCheck(n, int(here.sum()), (c.name,), remedy=_apart(parts.split, c.name, parts.roles))
            yield Finding(NEAR, (c.name,), n / int(here.sum()), part=part, message=message, payload=payload)


def _apart(split: Split, column: str, roles: Roles) -> str:
    """The line of a flow that keeps near-duplicates in one part, or only one of them in the table."""
    if split.by != "hash" or split.columns:
        return f"rows: [dedupe: {{on: {yaml_string(column)}, near: {LIKE:g}}}]"
    named = {} if roles.text == (column,) else {"texts": column}
    return split_line(split, "hash", together="near_duplicates", **named)


def _groups(parts: Parts) -> Iterator[Found]:
    """For a random split: keys whose groups are in several parts and predict the label, with the line that keeps groups together."""
    label = parts.roles.label
    if label is None or label not in parts.rows.column_names or not by_chance(parts.split, parts.roles):
        return
    sticky = _stickiness(feature_of(parts.kinds[label], parts.rows[label]))
    for c in parts.columns(lambda c: c.kind in (Kind.STRING, Kind.INTEGER) and c.name not in parts.roles.text):
        codes = codes_of(parts.rows[c.name])
        different, n = codes.max(initial=0) + 1, len(codes)
        if not (1 < different <= KEY_SHARES[1] * n and (different >= KEY_SHARES[0] * n or names_id(c.name))):
            continue
        if np.bincount(codes).max() > MOST_OF_ONE * n:
            continue
        overlap = float(np.isin(codes[~parts.train], np.unique(codes[parts.train])).mean())
        found = sticky(codes) if overlap > OVERLAP else 0.0
        if found > STICKY:
            message = (
                f"Rows of one {c.name} have like labels, and {percent(overlap)} of the rows outside of the training part have one in it."
            )
            line = split_line(parts.split, f"group({c.name})")
            yield Finding(GROUPS, (c.name,), found, message=message, payload=SplitCheck(columns=(c.name,), remedy=line))


def _stickiness(label: Feature) -> Callable[[Codes], float]:
    """A function of group codes that measures how similar labels are within groups: λ for classes, intraclass correlation for numbers."""
    known = ~label.missing
    y = label.x[known]
    values, classes = np.unique(y, return_inverse=True)
    if label.is_category or len(values) <= MOST_CLASSES:
        return lambda codes: association(codes[known], classes)
    return lambda codes: intraclass(codes[known], y)


def association(groups: Codes, classes: Codes) -> float:
    """Goodman and Kruskal's λ of classes by groups, minus its mean over 20 permutations, as many small groups explain part of any label.

    λ = (Σ m_g − m) / (n − m), where m_g and m are the rows of the most frequent class in group g and in all n rows; 0 for one class.

    Goodman and Kruskal 1954, "Measures of association for cross classifications".

    >>> association(np.repeat([0, 1], 50), np.repeat([0, 1], 50)) > 0.8
    True
    """
    known = np.unique(groups, return_inverse=True)[1]
    most = int(np.bincount(classes).max(initial=0))
    if not len(classes) or most == len(classes):
        return 0.0
    of = _lambda(known, classes, most)
    if of <= STICKY:
        return of
    rng = np.random.default_rng(0)
    return of - float(np.mean([_lambda(known, rng.permutation(classes), most) for _ in range(PERMUTATIONS)]))


def _lambda(groups: Codes, classes: Codes, most: int) -> float:
    pairs, counts = np.unique(groups * (classes.max() + 1) + classes, return_counts=True)
    best = np.zeros(groups.max() + 1)
    np.maximum.at(best, pairs // (classes.max() + 1), counts)
    return float((best.sum() - most) / (len(classes) - most))


def intraclass(groups: Codes, y: Numbers) -> float:
    """The share of the variance of y that is between groups, by one-way analysis of variance: (B − W) / (B + (k − 1)·W).

    B and W are the mean squares between and within groups, k = (n − Σ n_g² / n) / (G − 1); 0 for one group, or one row per group.

    >>> round(intraclass(np.array([0, 0, 1, 1]), np.array([1.0, 1.0, 2.0, 2.0])), 6)
    1.0
    """
    groups = np.unique(groups, return_inverse=True)[1]
    counts = np.bincount(groups) if len(groups) else np.zeros(0)
    n, g = len(y), len(counts)
    if not 1 < g < n:
        return 0.0
    means = np.bincount(groups, y) / counts
    between = float((counts * (means - y.mean()) ** 2).sum()) / (g - 1)
    within = float(((y - means[groups]) ** 2).sum()) / (n - g)
    k = (n - float((counts**2).sum()) / n) / (g - 1)
    return (between - within) / (between + (k - 1) * within) if between + (k - 1) * within else 0.0


def _told(parts: Parts, models: bool) -> Iterator[Found]:
    """The columns that distinguish a part from the training part, measured out of fold, and the AUC of a model of all columns."""
    parts = replace(parts, rows=parts.rows.slice(0, MOST_TOLD), part=parts.part[:MOST_TOLD])
    features = [feature_of(c, parts.rows[c.name]) for c in parts.columns(lambda c: not names_id(c.name))]
    features = [f for f in features if f.distinct > 1 and not (f.is_category and f.distinct > KEY_SHARES[1] * len(f.x))]
    for part in parts.others:
        known = parts.train | (parts.part == part)
        target = Target(part, "classification", known, (parts.part[known] == part).astype(float), (TRAIN, part), 1)
        if not target.can_be_learned or not features:
            continue
        scored = {f.name: power_of(f, target).scored for f in features}
        n, m = target.counts
        least = max(TOLD, 0.5 + threshold(len(features)) * math.sqrt((n + m + 1) / (12 * n * m)))  # above chance, by the Mann-Whitney test
        for name in sorted((n for n, auc in scored.items() if auc > least), key=lambda n: (-scored[n], n))[:5]:
            yield Finding(TELLS, (name,), scored[name], part=part, payload=SplitCheck(columns=(name,)))
        if models:
            from tilth.measures.insights.quick_model import metrics_of, one_thread, trained

            with one_thread():
                done = trained(features, target, 0)
                auc = metrics_of(done, done.held)["AUC"]
            if auc is not None:
                yield Finding(MODEL, (), auc, part=part, payload=SplitCheck())
