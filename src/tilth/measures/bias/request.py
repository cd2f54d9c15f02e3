"""Bias requests: facets, label, prediction, group variable, and the confidence of intervals."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any, Literal, get_args

from tilth.data import Kind, Roles, Schema
from tilth.errors import ColumnError, Mistake, RequestError, listed, unknown
from tilth.measures.bias.axis import Reading, is_interval
from tilth.measures.bias.metrics import BIAS_METRICS, OF_NEGATIVES, of_stage
from tilth.measures.bias.values import Interval, Value
from tilth.metrics.images.boxes import compared
from tilth.shelf import Parameterized

EVERY = "all"  # in place of names: every metric that the columns permit, or every candidate column
SEVERAL = " & "  # between the columns, and the values, of an intersection
CANNOT_GROUP = frozenset({Kind.BINARY, Kind.LIST, Kind.STRUCT, Kind.MAP, Kind.OTHER})

NO_FACET = Mistake(
    "bias is measured against facets, and no column has that role",
    hint="add `facet: [sex, age]` to the roles, on the command line --facet sex, or leave `bias` out",
    code="no-facet",
)

_LOOKS_LIKE_INTERVAL = re.compile(r"\s*[(\[][^()\[\]]*,[^()\[\]]*[)\]]\s*")

MissingPolicy = Literal["exclude", "as_category", "clarify"]


@dataclass(frozen=True)
class Facet:
    """A column against which bias is measured, with the values of the group in question, d; all other rows are a.

    `values` are categories, or one number as an exclusive lower bound, or one interval such as `"(20, 40]"`. Without values, each value of
    the column is a group d; if a numeric column has more than a dozen values, it is first cut into `quantiles` parts of about equal size.
    `bands` are parts that were cut in another table, each a group d; `order` has the values that were found there.

    >>> Facet("age", ("(40, 65]",))
    Facet(column='age', values=('(40, 65]',), quantiles=0, bands=(), order=())
    """

    column: str
    values: tuple[Value, ...] = ()
    quantiles: int = 0
    bands: tuple[Interval, ...] = ()
    order: tuple[Any, ...] = ()


Groups = Mapping[str, tuple[tuple[Interval, ...], tuple[Any, ...]]]
"""Facet → the intervals that it was cut into, or its values."""


@dataclass(frozen=True, kw_only=True)
class BiasOptions(Parameterized):
    """The options of bias that do not depend on the columns."""

    metrics: tuple[str, ...] = ()
    """Names of bias metrics, such as DPL; by default those that the columns permit, except FT, which reads rows; `all` includes FT."""
    bootstrap: int = 1000
    """The number of draws for each interval; 0 gives intervals in closed form, for the metrics that have one."""
    confidence: float = 0.95
    """Confidence of the intervals."""
    seed: int = 0
    """Seed of the draws."""
    entropies: tuple[float, ...] = ()
    """Further orders α of generalized entropy, besides GE, which has order 2; order 1 is Theil's T."""
    missing: MissingPolicy = "exclude"
    """Rows without a value that a metric needs: `exclude` them; count a missing facet or group `as_category`; or as `clarify` does."""
    intersections: tuple[tuple[str, ...], ...] = ()
    """Combinations of columns, each measured as one facet."""
    strata: tuple[str, ...] = ()
    """Columns that may explain differences, which are measured within each of their values, too; `all`: each column with few values."""
    clusters: str = ""
    """A column that says which rows belong together, such as the patient of a visit: intervals draw rows with equal values together."""
    threshold: float | None = None
    """The score above which a prediction is favourable."""
    verdicts: bool = False
    """Whether each value is compared with the conventionally accepted range."""
    min_group_size: int = 30
    """The number of rows that a group must have for a verdict."""
    show_private: bool = False
    """Whether values of private columns are shown."""
    counts: bool = False
    """Whether the table of counts is a finding too, so that it can be saved and analysed again."""


@dataclass(frozen=True)
class BiasRequest(BiasOptions):
    """What bias to measure, and how.

    `positive` are the favourable values of label and prediction: values, or one number as an exclusive lower bound. `prediction` is a
    column of predicted labels, or, with `threshold`, of scores: those above it are favourable. `group` forms the strata of CDDL. `types`
    state how columns are read, and override `axis.reading`. `bands` replace the accepted range of a metric. `weight` is a column: sums of
    it replace counts. `features` are the columns by which the flip test compares rows; `folder` is that of images among them. `frequency`
    is a column of a saved table of counts, with the number of rows that a cell stands for. With `positive_must_occur`, a favourable value
    that no row has is an error, else a warning. With `positive_is_value`, a favourable number that is one of the label's two values is
    that value, as the role means it; otherwise it is a lower bound for floats, as Clarify reads it.

    Errors: `RequestError` with every mistake at once.

    >>> BiasRequest((Facet("sex"),), label="income", positive=(">50K",), prediction="predicted").metrics[-3:]
    ('TE', 'CDDPL', 'GE')
    """

    facets: tuple[Facet, ...]
    label: str | None = None
    positive: tuple[Value, ...] = ()
    group: str | None = None
    types: Mapping[str, Reading] = field(default_factory=dict, hash=False)
    bands: Mapping[str, tuple[float, float]] = field(default_factory=dict, hash=False)
    max_combinations: int = 200
    weight: str | None = None
    force_group: bool = False
    prediction: str | None = None
    positive_must_occur: bool = False
    positive_is_value: bool = False
    features: tuple[str, ...] = ()
    frequency: str | None = None
    folder: str = ""

    def __post_init__(self) -> None:
        if self.metrics in ((), (EVERY,)):
            post = of_stage("post_training") if self.prediction is not None else ()
            known = [m for m in post if self.label is not None or "label" not in BIAS_METRICS[m].requires]
            known = [m for m in known if not (self.of_detections and m in OF_NEGATIVES)]
            object.__setattr__(self, "metrics", (*of_stage("pre_training"), *(m for m in known if m != "FT" or self.metrics)))
        mistakes = [*self._columns_wrong(), *self._values_wrong()]
        RequestError.reject(mistakes)

    @classmethod
    def of_roles(cls, roles: Roles, schema: Schema | None = None, **given: Any) -> BiasRequest:
        """The request from roles: every facet, label, prediction and favourable value, the first group; numeric facets in quarters.

        Without label and prediction only class imbalance is measured; for a boolean label true is favourable. Errors: `RequestError` if no
        column is a facet, or no favourable value is given.
        """
        if not roles.facet:
            raise RequestError(NO_FACET)
        outcome = roles.label or roles.prediction
        boolean = outcome is not None and schema is not None and outcome in schema and schema[outcome].kind is Kind.BOOLEAN
        positive = roles.positive or ((True,) if boolean else ())
        if outcome is not None and not positive:
            hint = "add roles: {positive: VALUE}, on the command line --positive VALUE: values, or a number above which it is favourable"
            raise RequestError(_no_positive(outcome, hint))
        there = {"label": roles.label, "prediction": roles.prediction, "stratum": roles.group}
        every = given.get("metrics") == (EVERY,)
        known = tuple(n for n, m in BIAS_METRICS.items() if all(there[a] for a in m.requires) and (n != "FT" or every))
        known = tuple(n for n in known if not (compared(roles.label, roles.prediction) and n in OF_NEGATIVES))
        given = {k: v for k, v in given.items() if not (k == "metrics" and every)}
        defaults: dict[str, Any] = {"label": roles.label, "prediction": roles.prediction, "positive": positive, "weight": roles.weight}
        defaults |= {"group": roles.group[0] if roles.group else None, "metrics": known, "positive_must_occur": True}
        defaults["positive_is_value"] = True
        defaults["features"] = () if schema is None else features_of(roles.features(schema), roles, schema)
        return cls(tuple(Facet(c, quantiles=4) for c in roles.facet), **{**defaults, **given})

    def cut_as(self, groups: Groups) -> BiasRequest:
        """The request for a part of a table that was measured before: facets without values get the groups of that table."""

        def cut(f: Facet) -> Facet:
            bands, order = groups.get(f.column, ((), ()))
            return f if f.values else replace(f, bands=bands, order=order)

        return replace(self, facets=tuple(map(cut, self.facets)), positive_must_occur=self.positive_must_occur and not groups)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is read, once."""
        crossed = (c for columns in self.intersections for c in columns)
        asked = (*(f.column for f in self.facets), *crossed, self.label, self.prediction, self.group, self.weight, self.frequency)
        return tuple(dict.fromkeys(c for c in (*asked, self.clusters or None) if c is not None))

    @property
    def of_detections(self) -> bool:
        """Whether rows are objects in images that are compared with detections."""
        return compared(self.label, self.prediction)

    @property
    def method(self) -> str:
        """The method that draws intervals."""
        return "cluster bootstrap" if self.clusters else "bootstrap"

    def check(self, schema: Schema) -> None:
        """Reject columns that are missing or cannot be grouped by, all at once."""
        wrong = unknown((c for c in self.columns if c not in schema), schema.names, "bias: there is no column {}", "unknown-column")
        for c in (schema[name] for name in self.columns if name in schema):
            if c.name == self.weight and not c.kind.numeric:
                wrong.append(Mistake(f"bias: the weight {c.name!r} is {c.kind}", accepted="a numeric column", code="wrong-kind"))
            if c.kind in CANNOT_GROUP:
                accepted = "strings, numbers, booleans, dates and times"
                wrong.append(Mistake(f"bias: column {c.name!r} is {c.kind}", accepted=accepted, code="wrong-kind"))
            values = [f.values for f in self.facets if f.column == c.name] + ([self.positive] if c.name == self.label else [])
            if not c.kind.numeric and c.kind is not Kind.STRING:
                wrong += [
                    Mistake(f"bias: column {c.name!r} is {c.kind}, and {v[0]!r} is an interval of numbers", code="wrong-kind")
                    for v in values
                    if is_interval(v)
                ]
        ColumnError.reject(wrong)

    # ── mistakes ──

    def _columns_wrong(self) -> Iterator[Mistake]:
        if not self.facets and not self.intersections:
            yield Mistake("bias is measured against facets, and none is given", code="no-facet")
        for f, n in Counter(self.facets).items():
            if n > 1:
                yield Mistake(f"facet {f.column!r} is given twice with the same values", code="same-facet")
        facets = (("facet", column) for column in dict.fromkeys(f.column for f in self.facets))
        parts = (("label", self.label), ("prediction", self.prediction), *facets, ("group", self.group))
        for (one, column), (other, same) in combinations(parts, 2):
            if column is not None and column == same:
                yield Mistake(f"column {column!r} cannot be both {one} and {other}", code=f"{one}-is-{other}")
        for columns in self.intersections:
            if len(set(columns)) < 2:
                message = f"intersection {SEVERAL.join(columns)!r}: two columns or more are needed"
                yield Mistake(message, code="bad-intersection")

    def _values_wrong(self) -> Iterator[Mistake]:
        yield from unknown((*self.metrics, *self.bands), BIAS_METRICS, "there is no bias metric {}", "unknown-metric")
        for axis, column, hint in (
            ("label", self.label, "CI needs none"),
            ("prediction", self.prediction, "give the column that holds predicted labels"),
        ):
            needing = [m for m in self.metrics if m in BIAS_METRICS and axis in BIAS_METRICS[m].requires]
            if needing and column is None:
                yield Mistake(f"{listed(needing)} need a {axis}", hint=hint, code=f"no-{axis}")
            elif needing and column is not None and not self.positive:
                yield _no_positive(column)
        for what, values in (*((f"facet {f.column!r}", f.values) for f in self.facets), (f"label {self.label!r}", self.positive)):
            if _is_bad_interval(values):
                message = f"{what}: {values[0]!r} is not an interval: an interval needs two numbers, the smaller one first"
                yield Mistake(message, code="bad-interval")
        if not 0 < self.confidence < 1:
            yield Mistake(f"confidence is {self.confidence}", accepted="a share between 0 and 1", code="bad-value")
        for what in ("bootstrap", "min_group_size", "max_combinations"):
            if getattr(self, what) < 0:
                yield Mistake(f"{what} is {getattr(self, what)}", accepted="0 or more", code="bad-value")
        if self.entropies and "GE" not in self.metrics:
            yield Mistake("entropies: generalized entropy needs a label and a prediction", hint="or leave it out", code="no-prediction")
        if len({*self.entropies}) < len(self.entropies) or 2 in self.entropies or not all(map(math.isfinite, self.entropies)):
            found = listed(f"{alpha:g}" for alpha in self.entropies)
            yield Mistake(f"entropies: found {found}", accepted="different numbers; the entropy of order 2 is GE", code="bad-value")
        yield from unknown((self.missing,), get_args(MissingPolicy), "missing values: {} is not known", "unknown-value")
        if self.clusters and not self.bootstrap:
            yield Mistake("clusters: bootstrap is 0, and there are no closed forms for clusters", accepted="1000", code="bad-value")
        if self.clusters and self.counts:
            yield Mistake("clusters: the table of counts does not hold them", hint="save the counts without clusters", code="bad-value")
        for column, kind in self.types.items():
            yield from unknown((kind,), get_args(Reading), f"the type of {column!r} is {{}}", "unknown-value")


def features_of(known: Sequence[str], roles: Roles, schema: Schema) -> tuple[str, ...]:
    """The columns by which the flip test compares rows: the known features, and texts; images only, if there are any.

    A column of vectors replaces texts and images.
    """
    others = tuple(c for c in known if c not in (*roles.text, *roles.image))
    if any(schema[c].is_vector for c in others if c in schema):
        return others
    media = tuple(c for c in roles.image or roles.text if c in schema and schema[c].kind is Kind.STRING)
    return media if roles.image else (*others, *media)


def _no_positive(column: str, hint: str = "") -> Mistake:
    return Mistake(f"no favourable value is given for {column!r}", hint=hint, code="no-positive")


def _is_bad_interval(values: Sequence[Value]) -> bool:
    """Whether a value looks like an interval but is not a valid one."""
    if len(values) != 1 or not isinstance(values[0], str) or not _LOOKS_LIKE_INTERVAL.fullmatch(values[0]):
        return False
    found = Interval.parsed(values[0])
    return found is None or found.low >= found.high
