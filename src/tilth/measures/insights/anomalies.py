"""Anomalies: the rows that an isolation forest isolates most easily, with their rare values; and their report section."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa

from tilth.data import masked
from tilth.measures.insights.features import Feature
from tilth.report import Finding, Payload
from tilth.report.blocks import Block, Section, Words, code, counted, exact, shown, table
from tilth.report.charts import percent
from tilth.report.sections import ReportSection

LEAST = 20  # rows
SHOWN, REASONS, MOST = 5, 3, 30  # most rows, rare values per row, and columns shown
RARE = 0.05  # greatest share of rows with a rare value
REPEATS = 0.5  # greatest share of distinct values of a string column


@dataclass(frozen=True)
class Anomalies(Payload):
    """The most anomalous of `rows` rows are the finding's examples, each with its score; the finding's value is the lowest score.

    The score is 0.5 − 2^(−E[h] / c), with the mean number E[h] of cuts that isolate the row and the mean c of a random tree; negative
    scores are anomalous. `rare`: for each row, the columns with a value that at most 5 % of the rows have or exceed, the rarest first, with
    this share.
    """

    KIND: ClassVar[str] = "anomaly"
    VALUE: ClassVar[str] = "lowest score"
    rows: int = 0
    scores: tuple[float, ...] = ()
    rare: tuple[tuple[tuple[str, float], ...], ...] = ()
    columns: tuple[str, ...] = ()


def anomaly_finding(features: Sequence[Feature], rows: pa.Table, private: Sequence[str], seed: int) -> Finding[Anomalies] | None:
    """One finding; None for fewer than 20 rows, or without a usable column.

    Liu, Ting and Zhou 2008, "Isolation Forest"; scikit-learn's IsolationForest. Missing numbers are replaced by the median, strings by
    their frequency.
    """
    from sklearn.ensemble import IsolationForest

    fit = [f for f in features if f.distinct > 1 and not (f.is_category and f.distinct > REPEATS * (~f.missing).sum())]
    if len(rows) < LEAST or not fit:
        return None
    x = np.column_stack([_number(f) for f in fit])
    scores = IsolationForest(random_state=seed).fit(x).decision_function(x).round(6)
    worst = np.argsort(scores, kind="stable")[:SHOWN]
    rarity = {f.name: _rarity(f, worst) for f in fit}
    rare = tuple(_rarest({name: float(shares[i]) for name, shares in rarity.items()}) for i in range(len(worst)))
    names = rows.column_names[:MOST]
    examples = tuple(masked(row, private) for row in rows.select(names).take(worst).to_pylist())
    payload = Anomalies(len(rows), tuple(scores[worst].tolist()), rare, tuple(f.name for f in fit))
    return Finding("anomalies", (), float(scores[worst[0]]), payload=payload, examples=examples)


def _rarest(shares: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    """The columns with the smallest shares, up to 5 %."""
    small = ((name, round(share, 6)) for name, share in shares.items() if share <= RARE)
    return tuple(sorted(small, key=lambda pair: (pair[1], pair[0]))[:REASONS])


def _number(f: Feature) -> np.ndarray:
    """A column without gaps: numbers, or the frequencies of strings."""
    if not f.is_category:
        return np.where(f.missing, np.nanmedian(f.x), f.x)
    codes = np.where(f.missing, len(f.names), f.x).astype(int)
    found: np.ndarray = np.bincount(codes)[codes] / len(codes)
    return found


def _rarity(f: Feature, at: np.ndarray) -> np.ndarray:
    """For some rows, the share of rows with the same string, or with a number at least as extreme; 1 if missing."""
    here = f.x[at]
    if f.is_category:
        return np.where(np.isnan(here), 1.0, _number(f)[at])
    x = np.sort(f.x[~f.missing])
    below, above = np.searchsorted(x, here, "right") / len(x), 1 - np.searchsorted(x, here) / len(x)
    return np.where(np.isnan(here), 1.0, np.minimum(1.0, 2 * np.minimum(below, above)))


# ── the section ──


def anomalies(found: Sequence[Finding[Anomalies]]) -> Section:
    """The most anomalous rows of the first part."""
    f = found[0]
    p = f.payload
    heads = ("score", "rare about it", *(code(name) for name in (f.examples[0] if f.examples else {})))
    rows = []
    for row, score, rare in zip(f.examples, p.scores, p.rare, strict=False):
        why = ", ".join(f"{code(name)} {code(shown(row[name], 24), 24)} ({percent(share)})" for name, share in rare if name in row)
        rows.append((exact(score), why, *(code(shown(v, 30), 30) for v in row.values())))
    about = (
        "An isolation forest needs few cuts to tell these rows apart. Beside each: values that few rows have or exceed, with their share."
    )
    lead = f"The lowest score of {counted(p.rows, 'row')} is {exact(f.number)}; negative ones are anomalous."
    blocks: list[Block] = [Words(about)]
    blocks += [table("The most anomalous rows", heads, rows, ["score"], brief=3, wordy=heads[2:])] if rows else []
    return Section("anomalies", "Anomalous rows", tuple(blocks), lead=lead)


ANOMALY = ReportSection(Anomalies, anomalies)
