"""Collinearity: how well the other numbers together predict a number, and which predict it exactly; and its report section."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from tilth.measures.associations import standardized
from tilth.measures.insights.features import Feature
from tilth.report import Finding, Payload
from tilth.report.blocks import Block, Section, Words, code, counted, exact, table
from tilth.report.sections import ReportSection

HIGH, HIGH_CONDITION = 10.0, 30.0
NOTHING = 1e-8  # eigenvalues below this share of the largest count as 0
MOST = 200  # columns


@dataclass(frozen=True)
class Collinearity(Payload):
    """The variance inflation factor of each column of numbers; the finding's value is the condition number √(λ_max / λ_min).

    VIF_j = 1 / (1 − R²_j) = [R⁻¹]_jj for the matrix R of Pearson correlations; `vif` is None if it is infinite, because other columns
    determine the column exactly. `dependent` are sets in which the other columns determine each column; with such a set, the condition
    number is None.
    `redundant`: the columns to drop, one after the other, until no factor is above 10, each with its factor at that point.
    """

    KIND: ClassVar[str] = "collinearity"
    VALUE: ClassVar[str] = "condition number"
    vif: Mapping[str, float | None] = field(default_factory=dict)
    dependent: tuple[tuple[str, ...], ...] = ()
    redundant: tuple[tuple[str, float | None], ...] = ()
    rows: int = 0

    @property
    def compared(self) -> Mapping[str, float | None]:
        return {f"VIF of {name}": v for name, v in self.vif.items()}


def collinearity_of(features: Sequence[Feature]) -> tuple[float | None, Collinearity] | None:
    """The condition number and the factors of the numeric columns; None for fewer than two, or with no more rows than columns.

    They are computed on the rows without missing numbers, or, if these are fewer than half, on all rows, with the mean for missing numbers.
    """
    fit = [f for f in features if f.column.kind.numeric and f.distinct > 1][:MOST]
    whole = ~np.any([f.missing for f in fit], axis=0) if fit else np.array([])
    whole = whole if 2 * whole.sum() >= len(whole) else np.ones(len(whole), bool)
    z = {f.name: standardized(f.x[whole])[0] for f in fit}
    fit = [f for f in fit if z[f.name].any()]
    if not 2 <= len(fit) < whole.sum():
        return None
    names, r = [f.name for f in fit], np.corrcoef([z[f.name] for f in fit])
    factors, sets, condition = _factors(r)
    redundant, left = [], list(range(len(names)))
    while len(left) > 1:
        these, exact_sets, _ = _factors(r[np.ix_(left, left)])
        at = exact_sets[0][-1] if exact_sets else int(np.argmax(these))
        if not exact_sets and these[at] <= HIGH:
            break
        redundant.append((names[left[at]], None if exact_sets else _six(these[at])))
        del left[at]
    exact_ones = {i for of in sets for i in of}
    vif = {name: None if i in exact_ones else max(1.0, _six(factors[i])) for i, name in enumerate(names)}
    of_names = tuple(tuple(names[i] for i in of) for of in sets)
    return condition, Collinearity(vif, of_names, tuple(redundant), int(whole.sum()))


def _six(x: float) -> float:
    """Round to six digits, so that the order of summation has no effect."""
    return float(f"{x:.6g}")


def _factors(r: np.ndarray) -> tuple[np.ndarray, list[list[int]], float | None]:
    """The factors, the exactly dependent sets, and the condition number, from correlations."""
    values, vectors = np.linalg.eigh(r)
    gone = values < NOTHING * values[-1]
    factors = np.diag(np.linalg.pinv(r, hermitian=True, rcond=NOTHING))
    return factors, _dependent(vectors[:, gone]), None if gone.any() else _six(math.sqrt(values[-1] / values[0]))


def _dependent(vectors: np.ndarray) -> list[list[int]]:
    """The column indices of each exact dependency: sets that the null space connects."""
    if not vectors.shape[1]:
        return []
    together = np.abs(vectors @ vectors.T) > 1e-6  # the projection on the null space, independent of its basis
    left, found = {int(i) for i in np.flatnonzero(together.diagonal())}, []
    while left:
        of, edge = set[int](), {min(left)}
        while edge:
            of |= edge
            edge = {int(j) for i in edge for j in np.flatnonzero(together[i])} & left - of
        found.append(sorted(of))
        left -= of
    return found


# ── the section ──


def collinearity(found: Sequence[Finding[Collinearity]]) -> Section | None:
    """The factors of every part, the largest first, and the exactly dependent sets."""
    first, parts = found[0].payload, list(dict.fromkeys(f.part for f in found))
    if not first.vif:
        return None
    names = list(dict.fromkeys(name for f in found for name in f.payload.vif))
    at = {f.part: f.payload.vif for f in found}
    size = {name: _size(first.vif.get(name, 1.0)) for name in names}
    heads = ("column", *(f"VIF in {p}" if len(parts) > 1 else "VIF" for p in parts))
    rows = [(code(name), *(_shown(at[p][name]) if name in at[p] else "" for p in parts)) for name in sorted(names, key=lambda n: -size[n])]
    blocks: list[Block] = [table("Variance inflation factors", heads, rows, heads[1:], brief=10)]
    blocks += [Words(f"Each of these is given exactly by the others: {', '.join(map(code, of))}.") for of in first.dependent]
    high = [name for name, v in first.vif.items() if _size(v) > HIGH]
    condition = "infinite" if found[0].number is None else exact(found[0].number)
    lead = f"{counted(len(high), 'column')} of {len(first.vif)} {'has' if len(high) == 1 else 'have'} a VIF above {HIGH:g}: the others say "
    lead += f"more than 90 % of it. The condition number is {condition} (above {HIGH_CONDITION:g} is high)."
    return Section("collinearity", "Collinear columns", tuple(blocks), lead=lead)


def _size(v: float | None) -> float:
    return math.inf if v is None else v


def _shown(v: float | None) -> str:
    return "∞" if v is None else exact(v)


COLLINEARITY = ReportSection(Collinearity, collinearity)
