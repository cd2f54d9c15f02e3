"""reduce: drops uninformative numeric columns, or projects to the directions with the largest variance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Dataset, Roles, Schema, select
from tilth.engine.expressions import added, lit, mul, number, sub
from tilth.engine.operations.numbers import Finite
from tilth.errors import Mistake, RequestError, listed
from tilth.metrics.columns import Mean, RowCount, Variance
from tilth.steps.scale.moments import Products
from tilth.steps.step import Asking, Learned, Learning, Selector, Step, kept_private, reject_clashes

MOST_COLUMNS, MOST_TERMS = 2_000, 50_000  # that are read; of all components together
ROUNDING = 1e-10  # of a variance to the mean square: what a constant column may show
DIGITS = 12  # of a correlation that count: the rest depends on the order of the rows
THRESHOLDS = {"variance": 0.0, "correlation": 0.95}


@dataclass(frozen=True)
class Reduce(Step):
    """Reduces the number of numeric columns.

    | `with` | what happens to the columns |
    |---|---|
    | `variance` | a column stays if its variance in training is above the `threshold`: 0 drops constant ones |
    | `correlation` | a column is dropped if its absolute Pearson correlation with an earlier column that stays is above the `threshold` |
    | `pca` | principal components `pca1`, `pca2` …: (x − mean) · axis, for the axes with the largest variance of the training rows |
    | `svd` | the same without subtracting the mean, `svd1` …: x · axis, for the axes with the largest sum of squares; zeros stay zeros |

    An axis has length 1, and its largest component is positive. There are `n_components` axes, or as few as explain this share of the
    variance (`svd`: of the sum of squares), and never more than there are independent columns. Scale the columns first (`scale`); otherwise
    columns with large numbers dominate. `variance` and `correlation` ignore missing and infinite values, by pairs; `pca` and `svd` reject
    them in training, and give null for a later row that has one. Sums of products are learned batch by batch.

    Elsewhere: scikit-learn's VarianceThreshold, PCA (`explained` is `explained_variance_ratio_`) and TruncatedSVD with
    `algorithm='arpack'`; feature_engine's DropCorrelatedFeatures.

    Errors: a column that is not numeric; more than 2,000 columns; no column; a missing value, or one too large to be squared, in training;
    a new column whose name exists.

    >>> print(Reduce("numeric", n_components=3))
    reduce(columns='numeric', n_components=3)
    """

    name = "reduce"
    parts = frozenset({"features"})

    columns: Selector
    """The numbers: names, kinds (numeric …), roles, patterns with `*`; `!` in front excludes."""
    with_: Literal["variance", "correlation", "pca", "svd"] = "pca"
    """How to reduce the columns."""
    threshold: float | None = None
    """`variance`, `correlation`: the limit. Default: 0 for `variance`, 0.95 for `correlation`."""
    n_components: int | float = 0.95
    """`pca`, `svd`: the number of components; below 1, the share that they explain at least."""
    prefix: str = ""
    """`pca`, `svd`: the prefix of the names of the components. Default: `pca`, `svd`."""
    keep: bool = False
    """`pca`, `svd`: whether to keep the columns as well."""

    def mistakes(self) -> Iterator[Mistake]:
        if not self.makes and (self.n_components, self.prefix, self.keep) != (0.95, "", False):
            yield Mistake("reduce: `n_components`, `prefix` and `keep` are for `with: pca` and `with: svd`", code="bad-value")
        if self.makes and self.threshold is not None:
            yield Mistake("reduce: `threshold` is for `with: variance` and `with: correlation`", code="bad-value")
        if not 0 < self.n_components < np.inf or (self.n_components > 1 and self.n_components != int(self.n_components)):
            accepted = "a number of components, or a share between 0 and 1"
            yield Mistake(f"reduce: `n_components` is {self.n_components}", accepted=accepted, code="bad-value")
        if self.threshold is not None and not 0 <= self.threshold <= (1 if self.with_ == "correlation" else np.inf):
            accepted = "0 to 1" if self.with_ == "correlation" else "0 or more"
            yield Mistake(f"reduce: `threshold` is {self.threshold:g}", accepted=accepted, code="bad-value")

    @property
    def makes(self) -> bool:
        """Whether components are made, rather than columns dropped."""
        return self.with_ in ("pca", "svd")

    @property
    def adds_columns(self) -> bool:
        return self.makes

    @property
    def keeps_rows(self) -> bool:
        return True

    def touches(self, schema: Schema, roles: Roles) -> frozenset[str] | None:
        return frozenset(select(self.columns, schema, roles))

    def learning(self, schema: Schema, roles: Roles) -> Learning:
        chosen = self.chosen_numbers(self.columns, schema, roles)
        if len(chosen) > MOST_COLUMNS:
            raise RequestError(f"reduce: {len(chosen):,} columns are chosen", accepted=f"up to {MOST_COLUMNS:,}", code="too-many-columns")
        ways = {"variance": self._constant, "correlation": self._alike, "pca": self._components, "svd": self._components}
        state = yield from ways[self.with_](chosen)
        reject_clashes(self.name, schema, {chosen[0]: self._trees(schema, state)})
        return {"": state}

    def _constant(self, columns: Sequence[str]) -> Asking[Mapping[str, Any]]:
        asked = {c: Variance(c, 0, finite=True) for c in columns}
        found = yield list(asked.values())
        return {"drop": [c for c, metric in asked.items() if not (found[metric] or 0.0) > self._limit]}

    @property
    def _limit(self) -> float:
        return THRESHOLDS[self.with_] if self.threshold is None else self.threshold

    def _alike(self, columns: Sequence[str]) -> Asking[Mapping[str, Any]]:
        centres = yield from self._means(columns)
        (n, sums, squares, products), _ = yield from self._products(columns, centres)
        with np.errstate(divide="ignore", invalid="ignore"):
            variances = squares / n - (sums / n) ** 2
            variances = np.where(variances > ROUNDING * squares / n, variances, np.nan)
            found = (products / n - sums * sums.T / n**2) / np.sqrt(variances * variances.T)
        above = np.round(np.abs(found), DIGITS) > self._limit  # false where one is constant
        kept: list[int] = []
        for i in range(len(columns)):
            kept += [] if above[i, kept].any() else [i]
        return {"drop": [c for i, c in enumerate(columns) if i not in kept]}

    def _means(self, columns: Sequence[str]) -> Asking[list[float]]:
        asked = [Mean(c, finite=True) for c in columns]
        found = yield asked
        return [float(found[metric] or 0.0) for metric in asked]

    def _products(self, columns: Sequence[str], centres: Sequence[float]) -> Asking[tuple[np.ndarray, int]]:
        products, rows = Products(tuple(columns), tuple(centres)), RowCount()
        found = yield [products, rows]
        return found[products], found[rows]

    def _components(self, columns: Sequence[str]) -> Asking[Mapping[str, Any]]:
        centres = (yield from self._means(columns)) if self.with_ == "pca" else [0.0] * len(columns)
        (n, sums, _, products), rows = yield from self._products(columns, centres)
        self._reject("values that are missing or infinite", columns, rows > np.diag(n), "impute", "missing-values")
        self._reject("values that are too large to be squared", columns, ~np.isfinite(np.diag(products)), "scale", "too-large")
        totals = np.diag(sums)
        axes, sizes = _axes(products - np.outer(totals, totals) / max(rows, 1) if self.with_ == "pca" else products)
        if not sizes.size:
            message = f"reduce: in the training part {listed(columns, most=5)} do not differ from row to row"
            raise RequestError(message, hint="leave them out", code="constant")
        explained = sizes / sizes.sum()
        enough = 1 + int(np.searchsorted(explained.cumsum(), self.n_components, "right"))
        count = int(self.n_components) if self.n_components >= 1 else enough
        axes, explained = axes[:count], explained[:count]
        if axes.size > MOST_TERMS:
            message = f"reduce: {len(axes)} components of {len(columns):,} columns are too many to compute of each row"
            raise RequestError(message, accepted=f"up to {MOST_TERMS:,} products in all", hint="ask for fewer components", code="too-wide")
        return {"columns": list(columns), "centres": centres, "axes": axes.ravel().tolist(), "explained": explained.tolist()}

    def _reject(self, what: str, columns: Sequence[str], where: np.ndarray, mend: str, code: str) -> None:
        """Reject the columns, if any, that have what cannot be computed with."""
        if wrong := [c for c, is_wrong in zip(columns, where, strict=True) if is_wrong]:
            message = f"reduce: in the training part {listed(wrong, most=5)} have {what}"
            raise RequestError(message, hint=f"{mend} them first", code=code)

    def state(self, column: Column | None) -> Mapping[str, Any] | None:
        if not self.makes:
            return {"drop": list[str]}
        return {"columns": list[str], "centres": list[float], "axes": list[float], "explained": list[float]}

    def _trees(self, schema: Schema, state: Mapping[str, Any]) -> Mapping[str, Tree | None]:
        if not self.makes:
            return dict.fromkeys(state["drop"])
        columns = state["columns"]
        centred = [sub(number(schema[c]), lit(m)) if m else number(schema[c]) for c, m in zip(columns, state["centres"], strict=True)]
        axes = np.reshape(state["axes"], (-1, len(columns))).tolist()
        made = {
            f"{self.prefix or self.with_}{i}": Finite.of(added(*(mul(x, lit(w)) for x, w in zip(centred, axis, strict=True))))
            for i, axis in enumerate(axes, 1)
        }
        return ({} if self.keep else dict.fromkeys(columns)) | made

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        state = learned[""]
        trees = self._trees(schema, state)
        return kept_private(data.change(trees), trees, state.get("columns", ()))


def _axes(products: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The axes of a matrix of products, one in each row, and the sums of squares along them, the largest first; none of nothing."""
    sizes, axes = np.linalg.eigh(products)
    sizes, axes = sizes[::-1], axes.T[::-1]
    some = sizes > len(sizes) * 10 * np.finfo(float).eps * max(sizes[0], 0.0)
    axes = axes[some]
    largest = [int(np.argmax(np.abs(axis) > np.abs(axis).max() * (1 - 1e-9))) for axis in axes]  # the first, where several are
    signs = np.array([np.sign(axis[i]) for axis, i in zip(axes, largest, strict=True)])
    return axes * signs.reshape(-1, 1), sizes[some]
