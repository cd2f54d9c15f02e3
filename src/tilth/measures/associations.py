"""The strength of associations between columns of numbers and categories, and of features with the label."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise
from typing import Any, ClassVar, Self, TypeAlias

import numpy as np
import pyarrow as pa

from tilth.data import Column, Kind, Roles, mask
from tilth.engine.arrow import as_numpy
from tilth.errors import joined
from tilth.measures.sampled import MOST_GROUPS, Rows, packs, quantiles_of, starts
from tilth.metrics.order import ranks
from tilth.report import Finding, Payload
from tilth.report.blocks import Advice, Block, Fold, Picture, Section, code, counted, exact, shown, table
from tilth.report.charts import bars, matrix, number, percent
from tilth.report.sections import ReportSection

MOST = 40  # most columns that are compared with each other
FEW = 50  # most values of a category
BLOCK = 200_000  # most multiplications per matrix product; with more, BLAS starts threads that spin after it is done
LARGEST = 100  # pairs kept, the strongest
WEAK, STRONG, SAME = 0.1, 0.5, 0.95  # least strength of a shown pair, of a strong one, and of nearly the same information
SAME_RANKS, ENOUGH = 0.9, 10  # for nearly the same information: least strength of ranks, which single values hardly affect, and least rows
QUARTERS = {"low": 0.0, "first": 0.25, "second": 0.5, "third": 0.75, "high": 1.0}
HALVES = {"low": 0.0, "second": 0.5, "high": 1.0}
FEATURES, GROUPS = 12, 5  # most features shown with the label, and groups of each
PAIRS = 12  # associations shown; weaker ones are folded
PEARSON, CRAMER, ETA = "Pearson's r", "Cramér's V", "correlation ratio"
Pair: TypeAlias = tuple[str, str, str, float]


@dataclass(frozen=True)
class Associations(Payload):
    """Pairs of columns with the measure of their association and its value, the strongest first, over the rows with both values.

    Pearson's r of numbers and times, −1 to 1; Cramér's V of categories, corrected for bias (Bergsma 2013), and the correlation ratio η of a
    category and a number, 0 to 1. `columns` are the compared columns; `alike` are pairs with nearly the same information, in ten rows or
    more and not because of a few extremes; `sampled` is the size of the sample, if it is one.
    """

    KIND: ClassVar[str] = "associations"
    VALUE: ClassVar[str] = "strongest association"
    columns: tuple[str, ...] = ()
    pairs: tuple[Pair, ...] = ()
    alike: tuple[tuple[str, str], ...] = ()
    sampled: int | None = None


@dataclass(frozen=True)
class FeatureAssociation(Payload):
    """A feature's association with the label: the `measure` of its strength, and `groups` of the feature's values with their rows and `of`.

    `of` is the share of one label, or the mean of a numeric one. Numbers are grouped by their quartiles; if half of them or more equal the
    smallest, these form a group, and the others are grouped by their median.
    """

    KIND: ClassVar[str] = "feature"
    VALUE: ClassVar[str] = "association with the label"
    measure: str = ""
    of: str = ""
    groups: tuple[tuple[str, int, float], ...] = ()


@dataclass(frozen=True)
class Vector:
    """A column as finite numbers (NaN if missing), or as codes of a category's values (−1 if missing)."""

    values: np.ndarray
    names: tuple[Any, ...] = ()
    is_time: bool = False

    @property
    def is_category(self) -> bool:
        """Whether the values are codes."""
        return bool(self.names)

    @property
    def there(self) -> np.ndarray:
        """Marks the rows with a value."""
        found: np.ndarray = self.values >= 0 if self.is_category else self.values == self.values
        return found


def associations(columns: Sequence[Column], drawn: Rows, roles: Roles) -> list[Finding]:
    """One finding with the strongest pairs, and one for each feature with the label. Empty for fewer than two columns."""
    first = [c for c in columns if c.name == roles.label]
    usable = [*first, *(c for c in columns if c.name != roles.label and c.name not in roles.id)]
    vectors: dict[str, Vector] = {}
    for c in usable:
        may_be = len(vectors) < MOST and (c.kind is not Kind.STRING or drawn.values(c.name).distinct <= FEW)
        vector = vector_of(c, drawn) if may_be else None
        vectors |= {c.name: vector} if vector is not None else {}
    pairs = pairs_of(vectors)
    if not pairs:
        return []
    kept = sorted(pairs, key=lambda p: -abs(p[3]))[:LARGEST]
    alike = tuple((a, b) for a, b, _, value in kept if abs(value) >= SAME and _gives(vectors[a], vectors[b]))
    payload = Associations(tuple(vectors), tuple(kept), alike, None if drawn.all_there else len(drawn.table))
    of_all: list[Finding] = [Finding("associations", tuple(vectors), abs(kept[0][3]), payload=payload)]
    return of_all + (_of_label(roles.label, pairs, vectors, roles) if roles.label in vectors else [])


def vector_of(c: Column, drawn: Rows) -> Vector | None:
    """A column as numbers or codes; None for a single value, for more than 50 strings, and for other kinds."""
    if c.kind.numeric or c.kind in (Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMP_TZ):
        whole = {Kind.DATE: pa.int32(), Kind.TIMESTAMP: pa.int64(), Kind.TIMESTAMP_TZ: pa.int64()}.get(c.kind)
        column = drawn.table[c.name]
        x = as_numpy((column if whole is None else column.cast(whole)).cast(pa.float64(), safe=False))
        finite = np.isfinite(x)
        x = x if finite.all() else np.where(finite, x, np.nan)
        return Vector(x, is_time=whole is not None) if np.fmin.reduce(x, initial=np.inf) < np.fmax.reduce(x, initial=-np.inf) else None
    values = drawn.values(c.name)
    if c.kind not in (Kind.STRING, Kind.BOOLEAN) or values.codes is None or not 1 < values.distinct <= FEW:
        return None
    return Vector(values.codes.astype(int), tuple(values.counts()))


def pairs_of(vectors: Mapping[str, Vector]) -> list[Pair]:
    """Each pair of columns with its association, rounded to six digits, so that the order of rows has no effect."""
    standard = {name: standardized(v.values) for name, v in vectors.items() if not v.is_category}
    at = {name: i for i, name in enumerate(standard)}
    numbers = Numbers.of(list(standard.values())) if standard else None
    pearson = numbers.correlations() if numbers else np.empty((0, 0))
    ratios = numbers.correlation_ratios({name: v.values for name, v in vectors.items() if v.is_category}) if numbers else {}
    found = []
    for a, b in combinations(vectors, 2):
        if a in at and b in at:
            measure, value = PEARSON, pearson[at[a], at[b]]
        elif a in at or b in at:
            number, category = (a, b) if a in at else (b, a)
            measure, value = ETA, ratios[category][at[number]]
        else:
            measure, value = CRAMER, cramers_v(vectors[a].values, vectors[b].values)
        if value == value:
            found.append((a, b, measure, round(float(value), 6)))
    return found


def _gives(a: Vector, b: Vector) -> bool:
    """Whether two columns are strongly associated in enough rows, and by their ranks, too."""
    there = a.there & b.there
    if there.sum() < ENOUGH:
        return False
    ranked = [v if v.is_category else replace(v, values=ranks(v.values)) for v in (replace(v, values=v.values[there]) for v in (a, b))]
    return (a.is_category and b.is_category) or any(
        abs(value) >= SAME_RANKS for *_, value in pairs_of(dict(zip("ab", ranked, strict=True)))
    )


def cramers_v(a: np.ndarray, b: np.ndarray) -> float:
    """Cramér's V of two columns of codes, corrected for bias (Bergsma 2013), 0 to 1; NaN if a column has a single value.

    φ̃² = max(0, φ² − (r − 1)(k − 1)/(n − 1)); V = √(φ̃² / min(r̃ − 1, k̃ − 1)) with r̃ = r − (r − 1)²/(n − 1), k̃ likewise.
    """
    counts = _crossed(a, b)
    n, (r, k) = int(counts.sum()), counts.shape
    if min(r, k) < 2 or n < 2:
        return float("nan")
    expected = counts.sum(1, keepdims=True) * counts.sum(0, keepdims=True) / n
    phi2 = float(((counts - expected) ** 2 / expected).sum()) / n
    less = max(0.0, phi2 - (r - 1) * (k - 1) / (n - 1))
    smaller = min(r - (r - 1) ** 2 / (n - 1), k - (k - 1) ** 2 / (n - 1)) - 1
    return min(1.0, float(np.sqrt(less / smaller))) if smaller > 0 else float("nan")


def _crossed(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The contingency table of the rows with both codes, without empty rows and columns."""
    wide = int(b.max(initial=0)) + 2
    places = (a + 1) * wide + b + 1  # the first row and column are for missing values
    counts = np.bincount(places, minlength=(int(a.max(initial=0)) + 2) * wide).reshape(-1, wide)[1:, 1:]
    found: np.ndarray = counts[counts.sum(1) > 0][:, counts.sum(0) > 0]
    return found


def standardized(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The standardised numbers, 0 for missing ones; and the mask of present numbers."""
    there = ~np.isnan(x)
    known = x if there.all() else x[there]
    most = max(-known.min(initial=0.0), known.max(initial=0.0))
    around = known / most if most else known  # avoids overflow of sums
    around = around - around.mean() if len(around) else around
    size = around.std() if len(around) else 0.0
    z = np.zeros(len(x))
    z[there] = around / size if size > 0 else 0.0
    return z, there


@dataclass(frozen=True)
class Numbers:
    """Columns of standardised numbers `z`; the distinct masks of present numbers, `there` (0 or 1); and `which` mask each column has."""

    z: np.ndarray
    there: np.ndarray
    which: list[int]

    @classmethod
    def of(cls, columns: Sequence[tuple[np.ndarray, np.ndarray]]) -> Self:
        """From the results of `standardized`."""
        places: dict[bytes, int] = {}
        which = [places.setdefault(there.tobytes(), len(places)) for _, there in columns]
        there = [columns[which.index(i)][1] for i in range(len(places))]
        return cls(np.array([z for z, _ in columns]), np.array(there, float), which)

    def correlations(self) -> np.ndarray:
        """Pearson's r of each pair of columns, over the rows with both numbers; NaN if undefined."""
        columns, rows = self.z.shape
        step = max(BLOCK // columns**2, 1)
        n, sums, squares, products = (np.zeros(()) for _ in range(4))
        for at in range(0, rows, step):
            z, there = self.z[:, at : at + step], self.there[:, at : at + step].T
            n, sums, squares, products = n + there.T @ there, sums + z @ there, squares + (z * z) @ there, products + z @ z.T
        n, sums, squares = n[np.ix_(self.which, self.which)], sums[:, self.which], squares[:, self.which]
        with np.errstate(divide="ignore", invalid="ignore"):
            spread = squares - sums * sums / n
            r = (products - sums * sums.T / n) / np.sqrt(spread * spread.T)
            return np.where(np.minimum(spread, spread.T) > 1e-9, np.clip(r, -1, 1), np.nan)

    def correlation_ratios(self, categories: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """η = √(Σ nᵢ(z̄ᵢ − z̄)² / Σ(z − z̄)²) of each column by the codes of each category, 0 to 1; NaN for one category or one value.

        Categories with few values are summed together, by combinations of their codes.
        """
        found, squares = {}, np.einsum("ij,ij->i", self.z, self.z)
        sizes = {name: int(codes.max(initial=0)) + 2 for name, codes in categories.items()}  # the first place is for missing values
        for pack in packs(sizes, MOST_GROUPS):
            shape = [sizes[name] for name in pack]
            places = np.ravel_multi_index([categories[name] + 1 for name in pack], shape)
            n, sums = (np.array([np.bincount(places, x, math.prod(shape)) for x in rows]) for rows in (self.there, self.z))
            for i, name in enumerate(pack):
                others = tuple(j + 1 for j in range(len(pack)) if j != i)
                counts, totals = (x.reshape(-1, *shape).sum(others)[:, 1:] for x in (n[self.which], sums))
                gone = self.z[:, categories[name] < 0]
                found[name] = _correlation_ratio(counts, totals, squares - np.einsum("ij,ij->i", gone, gone))
        return found


def _correlation_ratio(n: np.ndarray, sums: np.ndarray, squares: np.ndarray) -> np.ndarray:
    """η of columns, from the counts and sums of each category, and the total sums of squares."""
    with np.errstate(divide="ignore", invalid="ignore"):
        between = np.where(n > 0, sums**2 / n, 0.0).sum(1)
        around = sums.sum(1) ** 2 / n.sum(1)
        spread = squares - around
        eta = np.sqrt(np.clip((between - around) / spread, 0, 1))
    return np.where(((n > 0).sum(1) > 1) & (spread > 1e-9), eta, np.nan)


# ── the label ──


def _of_label(label: str | None, pairs: Sequence[Pair], vectors: Mapping[str, Vector], roles: Roles) -> list[Finding]:
    """The findings of features with the label, the most strongly associated first; the strongest have groups of values."""
    of = [(b if a == label else a, measure, value) for a, b, measure, value in pairs if label in (a, b)]
    target = vectors[label or ""]
    what, y = target_of(label or "", target, roles)
    found: list[Finding] = []
    for name, measure, value in sorted(of, key=lambda known: -abs(known[2])):
        groups = _groups(vectors[name], y, name in roles.private) if len(found) < FEATURES else ()
        found.append(Finding(name, (name, label or ""), value, payload=FeatureAssociation(measure, what, groups)))
    return found


def target_of(label: str, vector: Vector, roles: Roles) -> tuple[str, np.ndarray]:
    """The number to compare between groups: its description, and its value in each row, NaN if the label is missing."""
    if not vector.is_category:
        return f"mean {label}", vector.values
    counts = np.bincount(vector.values[vector.values >= 0], minlength=len(vector.names))
    rarest = min(range(len(counts)), key=lambda i: (counts[i], str(vector.names[i])))
    chosen = next((i for i, name in enumerate(vector.names) if name in roles.positive), rarest)
    value = vector.names[chosen]
    words = shown(mask(value) if label in roles.private else value, 40)
    return f"share of {words}", np.where(vector.values < 0, np.nan, vector.values == chosen)


def _groups(feature: Vector, y: np.ndarray, private: bool) -> tuple[tuple[str, int, float], ...]:
    """Groups of a feature's values, their rows, and the mean of y in them."""
    there = ~np.isnan(y) & feature.there
    x, y = feature.values[there], y[there]
    if feature.is_category:
        named = [shown(mask(name) if private else name, 40) for name in feature.names]
        rows, means = _means(x, y, len(named))
        order = sorted(range(len(named)), key=lambda i: (-rows[i], str(feature.names[i])))[:GROUPS]
        return tuple((named[i], rows[i], means[i]) for i in order if rows[i])
    in_order = np.sort(x)
    values = in_order[starts(in_order)]
    if len(values) <= GROUPS and not private and not feature.is_time:
        return tuple(zip(map("{:.15g}".format, values), *_means(np.searchsorted(values, x), y, len(values)), strict=True))
    hidden = private or feature.is_time
    apart = not hidden and len(values) > 1 and in_order[len(in_order) // 2] == values[0]  # such as 0 in counts of a rare word
    kept = in_order[in_order > values[0]] if apart else in_order
    edges = np.array(list(quantiles_of(kept, HALVES if apart else QUARTERS).values()))
    edges = edges[starts(edges)]
    places = np.clip(np.searchsorted(edges, x, "right") - 1, 0, len(edges) - 2)  # a group includes its lower edge, the last one both
    names = [f"quarter {i}" if hidden else f"{number(a)} to {number(b)}" for i, (a, b) in enumerate(pairwise(edges), 1)]
    if apart:
        places, names = np.where(x == values[0], 0, places + 1), [str(number(values[0])), *names]
    return tuple(group for group in zip(names, *_means(places, y, len(names)), strict=True) if group[1]) if names else ()


def _means(places: np.ndarray, y: np.ndarray, groups: int) -> tuple[list[int], list[float]]:
    """The rows of each group, and the mean of y to six digits, so that the order of rows has no effect; 0 without rows."""
    rows = np.bincount(places, minlength=groups)
    if (y == np.rint(y)).all() and abs(y).max(initial=0.0) * len(y) < 2**53:  # sums are exact
        sums = np.bincount(places, y, groups).tolist()
    else:
        sums = [math.fsum(y[places == i]) for i in range(groups)]
    return rows.tolist(), [float(f"{total / max(n, 1):.6g}") for total, n in zip(sums, rows.tolist(), strict=True)]


# ── the sections ──


def associated(found: Sequence[Finding[Associations]]) -> Section:
    """The strongest pairs of the first part."""
    payload = found[0].payload
    strong = [p for p in payload.pairs if abs(p[3]) >= STRONG]
    verb = "is" if len(strong) == 1 else "are"
    lead = f"{counted(len(strong), 'pair')} of {counted(len(payload.columns), 'column')} {verb} strongly associated, by {STRONG} or more."
    rows = [(code(a), code(b), exact(value), measure) for a, b, measure, value in payload.pairs if abs(value) >= WEAK]
    heads = ("column", "with", "strength", "measure")
    tables: list[Block] = [table("The strongest associations", heads, rows[:PAIRS], ["strength"], brief=10)] if rows else []
    if more := rows[PAIRS:]:
        title = f"{counted(len(more), 'weaker association')}"
        tables.append(Fold(title, (table(title, heads, more, ["strength"]),)))
    picture = matrix("Associations", payload.columns, {(a, b): value for a, b, _, value in payload.pairs})
    blocks: list[Block] = [Picture(picture, "Associations of columns, without their sign."), *tables]
    same = [f"{code(a)} and {code(b)}" for a, b in payload.alike if {a, b} <= _delivered({a, b}, found)]
    advice = [Advice(f"Nearly the same information: {', '.join(same[:3])}.", 30)] if same else []
    return Section("associations", "Associations", tuple(blocks), advice=tuple(advice), lead=lead)


def _delivered(columns: set[str], found: Sequence[Finding[Associations]]) -> set[str]:
    """The columns in the last part, or from which its columns were made; all columns if there is only one part."""
    last = found[-1].payload.columns
    if len(found) == 1 or len(last) >= MOST:
        return columns
    return {c for c in columns if any(name == c or name.startswith(f"{c}_") for name in last)}


def features(found: Sequence[Finding[FeatureAssociation]]) -> Section:
    """A chart of the strength of features, and a table of the label in groups of the strongest ones."""
    here = [f for f in found if f.part == found[0].part]
    label = ", ".join(here[0].subject[1:]) or "the label"
    title = f"Association of each feature with {label}"
    blocks: list[Block] = [Picture(bars(title, {f.name: abs(f.number or 0) for f in here}, whole=1), f"{title}, without its sign.")]
    rows = []
    for f in here[:FEATURES]:
        is_share = f.payload.of.startswith("share")
        said = ", ".join(f"{code(name, 40)}: {percent(y) if is_share else number(y)}" for name, _, y in f.payload.groups)
        rows.append((code(f.name), exact(f.number), f.payload.measure, said))
    heads = ("feature", "strength", "measure", f"{code(here[0].payload.of)} in groups of its values")
    blocks.append(table(f"{code(label)} beside the features", heads, rows, ["strength"], brief=10))
    used = {f.name for f in found if f.part == found[-1].part}  # preparation may have dropped it
    sure = [
        code(f.name) for f in here if abs(f.number or 0) >= SAME and f.name in used and sum(n for _, n, _ in f.payload.groups) >= ENOUGH
    ]
    gives = "nearly gives the label away: is it" if len(sure) == 1 else "nearly give the label away: are they"
    advice = [Advice(f"{joined(sure[:3])} {gives} known at prediction time?", 60)] if sure else []
    first, of = here[0], counted(len(here), "feature")
    says = "is most strongly associated with" if abs(first.number or 0) >= WEAK else "is most strongly, but weakly, associated with"
    lead = f"Of {of}, {code(first.name)} {says} {code(label)}: {exact(first.number)} ({first.payload.measure})."
    return Section("features", "The label and the features", tuple(blocks), advice=tuple(advice), lead=lead)


ASSOCIATIONS = ReportSection(Associations, associated)
FEATURE = ReportSection(FeatureAssociation, features)
