"""What may be wrong with data for a model: one table of flaws, each with when it is there, how severe it is, and what mends it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

from tilth.data import Kind, Roles, mask
from tilth.engine.operations.timeformats import TimeFormat
from tilth.engine.user_sql.writing import quoted_identifier, rule_string
from tilth.errors import joined
from tilth.measures.associations import ETA, Associations
from tilth.measures.balance import ClassBalance
from tilth.measures.insights.anomalies import Anomalies
from tilth.measures.insights.collinearity import Collinearity
from tilth.measures.insights.features import MOST_CLASSES, Feature, Target
from tilth.measures.insights.power import ONE_TO_ONE, PredictionPower
from tilth.measures.insights.quick_model import QuickModel
from tilth.measures.insights.remedies import NOTHING, Remedy, among, dropped, kept_where, of_data, rule, step
from tilth.measures.insights.repeated import Repeated
from tilth.measures.insights.strings import ISO, LOOKED_AT, day_formats, day_formats_of, private_values
from tilth.measures.profile import ColumnProfile
from tilth.measures.profile_section import hidden_missing
from tilth.measures.sampled import Values
from tilth.report import Finding, Payload
from tilth.report.blocks import counted, shown
from tilth.report.charts import number, percent

if TYPE_CHECKING:
    import numpy as np

Severity: TypeAlias = Literal["high", "medium", "low", "none"]
SEVERITIES: tuple[Severity, ...] = ("high", "medium", "low")
LONG = 40  # characters of a string on average from which it is a text
MOST_CHARACTERS = 20_000_000  # of texts that are compared
RARE = 10  # rows of a class
MOST_NAMED = 5  # values in a message
SPREADS = 5  # deviations of the clipped numbers from the median, beyond which a label is outlying
LIKELY = 5  # values of which one must be a day
SAME, EXACTLY = 0.98, 0.9999
DAMAGED = re.compile("[ÃÂ][\x80-\xbf]|â€")  # UTF-8 that was read as another encoding
GAP = 0.2  # of a score
ANOMALOUS = -0.1  # a score from which a row is worth a look


@dataclass(frozen=True)
class Insight(Payload):
    """A flaw of the data; the finding's name is its code, its columns are those concerned, its value is what was measured.

    `severity`: high (mend it first), medium (it affects the model), low (nice to mend). `line` is what mends it, `place` where in a flow
    file it goes: `data`, `roles` in it, `check`, `rows`, `features` or `training`; without a line no step does. One finding of the severity
    none says that a table was looked at and has no flaw.
    """

    KIND: ClassVar[str] = "insight"
    severity: Severity = "low"
    place: str = ""
    line: str = ""


@dataclass(frozen=True)
class Case:
    """Columns that may have a flaw: how much of it, the words for it, and what mends it there if that depends on the case."""

    columns: tuple[str, ...]
    value: float = 1.0
    words: Mapping[str, str] = field(default_factory=dict)
    remedy: Remedy | None = None


@dataclass(frozen=True)
class Seen:
    """All that was measured, for the conditions of the table. Powers are by column, `values` are those of the label in the sample, of so
    many rows if it is not all of them (`sampled`); `balance` are the label's classes in all rows, where they are few."""

    rows: int
    columns: Mapping[str, ColumnProfile]
    roles: Roles
    features: Mapping[str, Feature]
    powers: Mapping[str, Finding[PredictionPower]]
    associations: Associations | None = None
    repeated: Finding[Repeated] | None = None
    target: Target | None = None
    values: Values | None = None
    sampled: int | None = None
    balance: ClassBalance | None = None
    collinear: Collinearity | None = None
    model: QuickModel | None = None
    anomalies: Finding[Anomalies] | None = None

    @property
    def label(self) -> str:
        """The label's name."""
        return self.roles.label or ""

    @cached_property
    def others(self) -> Mapping[str, ColumnProfile]:
        """The columns that may be features."""
        leave = self.roles.not_features
        return {name: c for name, c in self.columns.items() if name not in leave}

    @cached_property
    def dates(self) -> Mapping[str, Sequence[str]]:
        """Columns of strings that are days or times, with the formats; the first few values decide whether it is worth a closer look."""
        texts = {name: f.names[:LOOKED_AT] for name, f in self.features.items() if f.names and name in self.others}
        likely = {name: of for name, of in texts.items() if any(day_formats_of(v) for v in of[:LIKELY])}
        found = {name: day_formats({v: day_formats_of(v) for v in of}) for name, of in likely.items()}
        return {name: formats for name, formats in found.items() if formats}

    @cached_property
    def numbers(self) -> np.ndarray | None:
        """The label's numbers in order, if it is to be predicted as one."""
        if self.target is None or self.target.is_class or self.values is None or not len(self.values.numbers):
            return None
        return self.values.numbers

    def said(self, name: str, value: Any) -> str:
        """A value of a column in a message, masked where it is private."""
        return shown(mask(value) if name in self.roles.private else value, 40)

    def counted(self, n: int) -> str:
        """A number of rows in words; where it is that of the sample, with its size."""
        return counted(n, "row") + (f" of a sample of {number(self.sampled)}" if self.sampled else "")

    def may_show(self, name: str) -> bool:
        """Whether a line may hold values of a column."""
        return name not in self.roles.private

    def power(self, name: str) -> float:
        """A column's power, 0 where it has none."""
        return (self.powers[name].number or 0.0) if name in self.powers else 0.0


@dataclass(frozen=True)
class Flaw:
    """A row of the table. It is there in the cases whose value is above `over`; `says` has places for the case's words.

    `together`: whether all its columns are one finding. For a column, the first row of a code that holds counts.
    """

    code: str
    severity: Severity
    cases: Callable[[Seen], Iterable[Case]]
    says: str
    remedy: Callable[[Seen, Case], Remedy]
    over: float = 0.0
    together: bool = False


def drop(seen: Seen, case: Case) -> Remedy:
    """The step that leaves the columns out."""
    return dropped(case.columns)


def own(seen: Seen, case: Case) -> Remedy:
    """The remedy that the case brings along."""
    return case.remedy or NOTHING


def none(seen: Seen, case: Case) -> Remedy:
    """No step mends it."""
    return NOTHING


# ── the label given away ──


def _maps(seen: Seen) -> Iterator[Case]:
    for name, f in seen.powers.items():
        if f.payload.maps:
            one = "corresponds one to one with" if f.payload.maps == ONE_TO_ONE else "has values that each occur with one value of"
            yield Case((name,), f.number or 0.0, {"maps": one})


def _powers(seen: Seen) -> Iterator[Case]:
    for name, f in seen.powers.items():
        if not f.payload.maps and not _is_id(seen, name):
            yield Case((name,), f.number or 0.0, {"score": f"{f.payload.score} {number(f.payload.scored)}"})


def _missing_powers(seen: Seen) -> Iterator[Case]:
    yield from (Case((name,), f.payload.missing_power or 0.0) for name, f in seen.powers.items())


def _ids(seen: Seen) -> Iterator[Case]:
    yield from (Case((name,), f.number or 0.0) for name, f in seen.powers.items() if _is_id(seen, name))


def _is_id(seen: Seen, name: str) -> bool:
    """Whether a column is one that identifies rows, or numbers them."""
    c = seen.columns[name]
    return name in seen.roles.id or (c.kind in ("string", "integer") and _unique(c))


def _unique(c: ColumnProfile) -> bool:
    return bool(c.distinct_exact) and c.distinct == c.valid == c.rows > RARE


def _names(seen: Seen) -> Iterator[Case]:
    """Columns that have a word of the label's name in theirs."""
    words = _words(seen.label)
    for name in seen.others if words else ():
        common = sorted(words & _words(name))
        if common:
            yield Case((name,), words={"word": common[0]})


def _words(name: str) -> set[str]:
    """The words of a name, of four letters or more."""
    return {w.lower() for w in re.findall(r"[A-Z]?[a-z]{3,}|[A-Z]{4,}", name) if len(w) > 3} - {"label", "target", "class", "type", "name"}


def _later(seen: Seen) -> Iterator[Case]:
    """Times after the time of the row."""
    base = seen.features.get(seen.roles.time or "")
    if base is None or not seen.columns[base.name].kind.startswith(("date", "timestamp")):
        return
    for name, f in seen.features.items():
        if f is not base and f.column.kind is base.column.kind:
            known = ~(f.missing | base.missing)
            if known.any():
                yield Case((name,), float((f.x > base.x)[known].mean()), {"time": base.name})


def _gap(seen: Seen) -> Iterator[Case]:
    m = seen.model
    if m and m.best and m.without is not None:
        yield Case((m.best,), (m.validation.get(m.score) or 0.0) - m.without, {"score": m.score, "without": number(m.without)})


# ── rows ──


def _duplicates(seen: Seen) -> Iterator[Case]:
    f = seen.repeated
    if f is None:
        return
    key = [name for name in seen.columns if name not in f.payload.apart]
    but = f", but for {', '.join(f.payload.apart[:3])}" if f.payload.apart else ""
    words = {"rows": seen.counted(f.payload.repeated), "but": but}
    yield Case((), f.number or 0.0, words, step("rows", "dedupe", {"on": key} if f.payload.apart else {}))


def _near_duplicates(seen: Seen) -> Iterator[Case]:
    """Columns of text, and the share of their different texts that are nearly another one."""
    from tilth.metrics.near_duplicates import LIKE, text_groups

    likely = [*seen.roles.text, *(case.columns[0] for case in _varied_long(seen) if case.value > 0.5)]
    for name in likely:
        texts = seen.features[name].names if name in seen.features else ()
        if not texts or sum(map(len, texts)) > MOST_CHARACTERS:
            continue
        near = len(texts) - len(set(text_groups(texts).tolist()))
        words = {"texts": f"{number(near)} of {number(len(texts))} different texts"}
        yield Case((name,), near / len(texts), words, step("rows", "dedupe", {"on": name, "near": LIKE}))


def _anomalous(seen: Seen) -> Iterator[Case]:
    """Columns of numbers that are far out in one of the most anomalous rows."""
    f = seen.anomalies
    if f is None:
        return
    rows = [rare for score, rare in zip(f.payload.scores, f.payload.rare, strict=True) if score < ANOMALOUS]
    often = [name for rare in rows for name, share in rare if share < 0.01]
    far = dict.fromkeys(n for n in often if seen.columns[n].far_outliers and n != seen.label)
    if far:
        words = {"score": number(min(f.payload.scores))}
        yield Case(tuple(far), len(often), words, step("features", "outliers", {"columns": list(far), "with": "iqr", "times": 3}))


# ── the label ──


def _label(seen: Seen) -> ColumnProfile | None:
    return seen.columns.get(seen.label)


def _no_label(seen: Seen) -> Iterator[Case]:
    c = _label(seen)
    if c and c.rows and c.lacking:
        words = {"rows": counted(c.lacking, "row")}
        yield Case((seen.label,), c.lacking / c.rows, words, kept_where(f"{quoted_identifier(seen.label)} is not null"))


def _one_label(seen: Seen) -> Iterator[Case]:
    c = _label(seen)
    if c and c.rows and (c.distinct or 0) < 2:
        said = "no value" if not c.distinct else f"one value only, {seen.said(seen.label, c.top[0][0])}" if c.top else "one value only"
        yield Case((seen.label,), words={"values": said}, remedy=rule(f"DistinctValuesCount {rule_string(seen.label)} > 1"))


def _few_rows(seen: Seen) -> Iterator[Case]:
    t = seen.target
    if t is not None and not t.can_be_learned and (_label(seen) or ColumnProfile()).distinct != 1:
        yield Case((seen.label,), words={"rows": seen.counted(len(t.y))}, remedy=rule("RowCount >= 20"))


def _rare_classes(seen: Seen) -> Iterator[Case]:
    counts = _classes(seen)
    rare = [v for v, n in counts.items() if n < RARE]
    if rare and len(counts) - len(rare) > 1:
        named = ", ".join(f"{seen.said(seen.label, v)} ({counts[v]})" for v in rare[:MOST_NAMED])
        line = kept_where(among(seen.label, rare, unless=True)) if seen.may_show(seen.label) else NOTHING
        yield Case((seen.label,), len(rare), {"classes": named, "many": counted(len(rare), "class", "classes")}, line)


def _classes(seen: Seen) -> dict[Any, int]:
    """The label's classes with their rows in the table, the most frequent first; blank strings are none.

    Of a sample they are as many as the balance of the label has counted; of more classes, or of private ones, about as many as their share
    of the sample says.
    """
    if seen.target is None or not seen.target.is_class or seen.values is None:
        return {}
    counts = seen.values.counts()
    if seen.sampled and seen.balance and seen.may_show(seen.label):
        known = {str(v): v for v in counts}
        whole = {name: n for name, n in seen.balance.counts.items() if not (seen.balance.missing and name == "null")}
        kind = int if seen.columns[seen.label].kind == "integer" else str  # of a class that no row of the sample has
        counts = {known[name] if name in known else kind(name): n for name, n in whole.items()}
    elif seen.sampled:
        counts = {v: round(n * seen.rows / seen.sampled) for v, n in counts.items()}
    counts = {v: n for v, n in counts.items() if not (isinstance(v, str) and not v.strip())}
    return dict(sorted(counts.items(), key=lambda p: (-p[1], str(p[0]))))


def _imbalance(seen: Seen) -> Iterator[Case]:
    counts = [n for n in _classes(seen).values() if n >= RARE]
    if len(counts) > 1:
        ratio = counts[0] / counts[-1]
        yield Case((seen.label,), ratio, {"ratio": number(round(ratio, 1))}, step("training", "balance", {"with": "weights"}))


def _many_classes(seen: Seen) -> Iterator[Case]:
    counts = _classes(seen)
    if len(counts) > 100 or (len(counts) > 2 and sum(counts.values()) < RARE * len(counts)):
        kept = list(counts)[: MOST_CLASSES - 1]
        line = kept_where(among(seen.label, kept)) if seen.may_show(seen.label) else NOTHING
        yield Case((seen.label,), len(counts), {"classes": number(len(counts)), "kept": counted(len(kept), "class", "classes")}, line)


def _mixed_label(seen: Seen) -> Iterator[Case]:
    """A label of strings some of which are numbers."""
    c, counts = _label(seen), _classes(seen)
    if c and c.kind == "string" and counts:
        numbers = [v for v in counts if re.fullmatch(r"\s*[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?\s*", v)]
        share = sum(counts[v] for v in numbers) / sum(counts.values())
        if 0.05 < share < 0.95:
            yield Case((seen.label,), share, {"share": percent(share)}, step("rows", "parse", {"columns": seen.label, "as": "number"}))


def _shape(seen: Seen) -> tuple[float, float]:
    """Skewness m₃ / σ³ and kurtosis m₄ / σ⁴ of the label; 0 of one that is not a number."""
    x = seen.numbers
    if x is None or x[0] == x[-1]:
        return 0.0, 0.0
    z = x / max(-x[0], x[-1])
    z = z - z.mean()
    m2 = float((z**2).mean())
    return (float((z**3).mean()) / m2**1.5, float((z**4).mean()) / m2**2) if m2 else (0.0, 0.0)


def _skewed(seen: Seen) -> Iterator[Case]:
    skewness, _ = _shape(seen)
    yield Case((seen.label,), abs(skewness), {"skewness": number(round(skewness, 2))}, _compressed(seen))


def _tails(seen: Seen) -> Iterator[Case]:
    skewness, kurtosis = _shape(seen)
    if abs(skewness) <= 3:
        yield Case((seen.label,), kurtosis, {"kurtosis": number(round(kurtosis, 1))}, _compressed(seen))


def _compressed(seen: Seen) -> Remedy:
    """The label on a logarithmic scale."""
    y = quoted_identifier(seen.label)
    low = float(seen.numbers[0]) if seen.numbers is not None else 0.0
    logarithm = f"ln(1 + {y})" if low >= 0 else f"if({y} >= 0, ln(1 + {y}), -ln(1 - {y}))"
    return step("rows", "formula", {"column": seen.label, "expression": logarithm})


def _outlying(seen: Seen) -> Iterator[Case]:
    """Labels outside of the median ± 5 standard deviations of the labels clipped to the 5th and 95th percentile."""
    import numpy as np

    x = seen.numbers
    if x is None:
        return
    low, middle, high = np.quantile(x, [0.05, 0.5, 0.95])
    spread = float(np.clip(x, low, high).std()) * SPREADS
    outside = int((np.abs(x - middle) > spread).sum()) if spread else 0
    if outside:
        ends = (float(f"{middle - spread:.6g}"), float(f"{middle + spread:.6g}"))
        known = seen.may_show(seen.label)
        low_end, high_end = (_plain(x) for x in ends)
        within = f"<= {high_end}" if x[0] >= ends[0] else f">= {low_end}" if x[-1] <= ends[1] else f"between {low_end} and {high_end}"
        line = rule(f"ColumnValues {rule_string(seen.label)} {within}") if known else NOTHING
        words = {"rows": seen.counted(outside), "ends": f"{seen.said(seen.label, ends[0])} to {seen.said(seen.label, ends[1])}"}
        yield Case((seen.label,), outside / len(x), words, line)


def _plain(x: float) -> str:
    """A number in a rule, which has no exponents."""
    return f"{x:f}".rstrip("0").rstrip(".")


def _frequent_label(seen: Seen) -> Iterator[Case]:
    """A number that is the label of many rows, and of twice as many as the next one."""
    if seen.numbers is None or seen.values is None:
        return
    counts = sorted(((n, v) for v, n in seen.values.counts(2).items() if v), reverse=True)[:2]
    if counts and counts[0][0] >= 2 * (counts[1][0] if len(counts) > 1 else 1):
        n, value = counts[0]
        share = n / len(seen.numbers)
        line = kept_where(f"{quoted_identifier(seen.label)} <> {value}") if seen.may_show(seen.label) else NOTHING
        yield Case((seen.label,), share, {"share": percent(share), "value": seen.said(seen.label, value)}, line)


# ── the features ──


def _gaps(seen: Seen) -> Iterator[Case]:
    for name, c in seen.others.items():
        if c.valid and c.rows:
            tells = name in seen.powers and (seen.powers[name].payload.missing_power or 0.0) > 0.05
            line = step("features", "flag", {"columns": name, "with": "missing"}) if tells else dropped([name])
            said = "; a missing value says something about the label, so keep that information" if tells else ""
            yield Case((name,), c.missing / c.rows, {"share": percent(c.missing / c.rows), "tells": said}, line)


def _hidden(seen: Seen) -> Iterator[Case]:
    found = {name: [v for v, _ in hidden_missing(c)] for name, c in seen.columns.items() if name not in seen.roles.private}
    found = {name: values for name, values in found.items() if values}
    values = list(dict.fromkeys(v.strip() for of in found.values() for v in of))
    if found:
        yield Case(tuple(found), len(found), {"values": ", ".join(map(shown, values))}, of_data("data", "nulls", values))


def _infinite(seen: Seen) -> Iterator[Case]:
    for name, c in seen.others.items():
        if c.invalid:
            line = step("features", "null_if", {"columns": name, "above": 1e308, "below": -1e308})
            yield Case((name,), c.invalid, {"rows": counted(c.invalid, "row")}, line)


def _empty(seen: Seen) -> Iterator[Case]:
    yield from (Case((name,)) for name, c in seen.others.items() if c.rows and not c.valid)


def _constant(seen: Seen) -> Iterator[Case]:
    yield from (Case((name,)) for name, c in seen.others.items() if c.valid and c.distinct == 1 and c.rows > 1)


def _nearly(seen: Seen) -> Iterator[Case]:
    for name, c in seen.others.items():
        if c.top and (c.distinct or 0) > 1 and c.valid:
            yield Case((name,), c.top[0][1] / c.valid)


def _long(c: ColumnProfile) -> bool:
    return c.lengths.get("mean", 0) > LONG


def _keys(seen: Seen) -> Iterator[Case]:
    others = ((name, c) for name, c in seen.others.items() if name not in seen.dates and c.kind in ("string", "integer"))
    yield from (Case((name,)) for name, c in others if _unique(c) and not _long(c))


def _varied(seen: Seen) -> Iterator[Case]:
    """Strings of which most differ, and that are not ids."""
    for name, c in seen.others.items():
        if c.kind == "string" and c.distinct and c.valid > RARE and (not _unique(c) or _long(c)) and name not in seen.dates:
            yield Case((name,), c.distinct / c.valid, {"distinct": number(c.distinct)})


def _varied_long(seen: Seen) -> Iterator[Case]:
    yield from (case for case in _varied(seen) if _long(seen.columns[case.columns[0]]))


def _same(seen: Seen) -> Iterator[Case]:
    """The column of less power, of two with the same information."""
    gone = set[str]()
    for a, b, measure, value in seen.associations.pairs if seen.associations else ():
        same = abs(value) > (EXACTLY if measure == ETA else SAME)  # a number may be a function of a category, and not the other way round
        if same and {a, b} <= seen.others.keys() and not gone & {a, b}:
            weaker, other = (a, b) if seen.power(a) < seen.power(b) else (b, a)
            gone.add(weaker)
            yield Case((weaker,), abs(value), {"other": other, "measure": measure, "value": number(value)})


def _inflated(seen: Seen) -> Iterator[Case]:
    """Columns of numbers that the others give: those that have to go until no factor is large."""
    for name, v in seen.collinear.redundant if seen.collinear else ():
        said = "is given exactly" if v is None else f"is nearly given (variance inflation factor {number(v)})"
        yield Case((name,), math.inf if v is None else v, {"says": said})


def _weak(seen: Seen) -> Iterator[Case]:
    """Columns without power; of a time a part of it may have some."""
    powers = ((name, f) for name, f in seen.powers.items() if name in seen.others)
    yield from (Case((name,), 1 - (f.number or 0.0)) for name, f in powers if not seen.features[name].column.kind.temporal)


def _damaged(seen: Seen) -> Iterator[Case]:
    """Strings in which UTF-8 was read as another encoding."""
    for name, f in seen.features.items():
        n = sum(DAMAGED.search(v) is not None for v in f.names)
        if n and name in seen.columns:
            yield Case((name,), n, {"values": counted(n, "value")})


def _personal(seen: Seen) -> Iterator[Case]:
    """Strings that look like addresses, phone or account numbers, in columns that are not private."""
    kinds = {name: what for name, f in seen.features.items() if name in seen.others and (what := private_values(f.names[:LOOKED_AT]))}
    if kinds:
        line = of_data("roles", "private", [*seen.roles.private, *kinds])
        yield Case(tuple(kinds), len(kinds), {"what": joined(dict.fromkeys(kinds.values()))}, line)


def _dates(seen: Seen) -> Iterator[Case]:
    """Strings that are days or times in one or two formats."""
    for name, formats in seen.dates.items():
        kind = max((TimeFormat.parse(f).kind for f in formats), key=list(Kind).index)
        how = {} if all(ISO.fullmatch(f) for f in formats) else {"format": list(formats) if len(formats) > 1 else formats[0]}
        line = step("features", "parse", {"columns": name, "as": kind.value, **how})
        yield Case((name,), len(formats), {"formats": " or ".join(formats), "kind": "times" if kind is not Kind.DATE else "days"}, line)


# ── the model ──


def _poor(seen: Seen) -> Iterator[Case]:
    m = seen.model
    if m and m.score and (score := m.validation.get(m.score)) is not None:
        yield Case((m.label,), (0.55 if m.score == "AUC" else 0.05) - score, {"score": f"{m.score} {number(score)}"})


def _overfit(seen: Seen) -> Iterator[Case]:
    m = seen.model
    if m and m.score and m.train.get(m.score) is not None and m.validation.get(m.score) is not None:
        train, validation = m.train[m.score] or 0.0, m.validation[m.score] or 0.0
        yield Case((m.label,), train - validation, {"score": m.score, "train": number(train), "validation": number(validation)})


FLAWS: Sequence[Flaw] = (
    # code, severity, cases, what is said, what mends it, threshold
    Flaw("label-copy", "high", _maps, "{maps} the label: it is the outcome in other words", drop, over=-1),
    Flaw("target-leakage", "high", _powers, "predicts the label nearly alone, {score}: is it known when the model is asked?", drop, 0.95),
    Flaw("target-leakage", "medium", _powers, "predicts the label by itself, {score}: is it known when the model is asked?", drop, 0.8),
    Flaw("missing-tells", "high", _missing_powers, "is missing by the label: it may be filled in after the outcome", drop, 0.5),
    Flaw("after-the-row", "high", _later, "is later than {time} in some rows: it is not known at that time", drop, 0.01),
    Flaw("id-tells", "high", _ids, "identifies rows and yet predicts the label: rows may be numbered by outcome", drop, 0.3),
    Flaw("importance-gap", "medium", _gap, "carries the model: without it the {score} is {without}", drop, GAP),
    Flaw("name-of-label", "low", _names, "has a word of the label in its name, {word}: is it known when the model is asked?", drop),
    Flaw("label-missing", "high", _no_label, "{rows} lack the label", own),
    Flaw("label-constant", "high", _one_label, "the label has {values}: there is nothing to predict", own),
    Flaw("few-rows", "high", _few_rows, "{rows} with a label are too few to learn from: 20 are needed, and 5 of each of two classes", own),
    Flaw("duplicate-rows", "high", _duplicates, "{rows} equal an earlier one{but}: a split puts equal rows on both sides", own, 0.1),
    Flaw("duplicate-rows", "low", _duplicates, "{rows} equal an earlier one{but}: a split puts equal rows on both sides", own, 0.01),
    Flaw(
        "near-duplicates", "medium", _near_duplicates, "{texts} are nearly the same as another: a split puts them on both sides", own, 0.01
    ),
    Flaw("rare-class", "high", _rare_classes, "{many} with fewer than 10 rows: {classes}", own),
    Flaw(
        "imbalanced-classes",
        "high",
        _imbalance,
        "the largest class has {ratio} times as many rows as the smallest",
        own,
        100,
    ),
    Flaw(
        "imbalanced-classes",
        "medium",
        _imbalance,
        "the largest class has {ratio} times as many rows as the smallest",
        own,
        10,
    ),
    Flaw("many-classes", "high", _many_classes, "{classes} classes are too many for the rows; the line keeps {kept}", own),
    Flaw("mixed-label", "medium", _mixed_label, "{share} of the labels are numbers, the others are not", own),
    Flaw("skewed-label", "medium", _skewed, "the label is skewed ({skewness}): a few large errors decide", own, 3),
    Flaw("heavy-tails", "medium", _tails, "the label has heavy tails (kurtosis {kurtosis}, of a normal distribution 3)", own, 10),
    Flaw("label-outliers", "medium", _outlying, "{rows} have a label outside of {ends}", own),
    Flaw("frequent-label", "medium", _frequent_label, "{share} of the labels are {value}: a default, or a placeholder?", own, 0.05),
    Flaw("poor-model", "high", _poor, "a quick model hardly predicts it ({score}): other columns are needed", none),
    Flaw(
        "over-fit",
        "medium",
        _overfit,
        "the model's {score} is {train} on its own rows, {validation} on others: more rows, or fewer columns",
        none,
        GAP,
    ),
    Flaw("no-values", "medium", _empty, "has no values", drop, together=True),
    Flaw("constant", "medium", _constant, "has one value only", drop, together=True),
    Flaw("infinite", "medium", _infinite, "{rows} are infinite", own),
    Flaw("high-missing", "medium", _gaps, "{share} of the values are missing{tells}", own, 0.5),
    Flaw("disguised-missing", "medium", _hidden, "{values} may stand for a missing value", own),
    Flaw("personal-data", "medium", _personal, "look like personal data ({what}), which is masked and left out if it is private", own),
    Flaw("written-dates", "medium", _dates, "holds {kind} as strings, written {formats}", own),
    Flaw(
        "id-column",
        "medium",
        _keys,
        "has a different value in every row: it identifies rows and says nothing about new ones",
        lambda seen, case: of_data("roles", "id", [*seen.roles.id, *case.columns]),
        together=True,
    ),
    Flaw(
        "text-column",
        "medium",
        _varied_long,
        "is a text, not a category",
        lambda seen, case: of_data("roles", "text", [*seen.roles.text, *case.columns]),
        0.5,
        together=True,
    ),
    Flaw(
        "high-cardinality",
        "medium",
        lambda seen: (case for case in _varied(seen) if not _long(seen.columns[case.columns[0]])),
        "has {distinct} different values, too many for a category",
        lambda seen, case: step("features", "encode", {"columns": list(case.columns), "with": "hash"}),
        0.5,
    ),
    Flaw(
        "damaged-encoding",
        "medium",
        _damaged,
        "{values} look like UTF-8 that was read in another encoding",
        lambda seen, case: of_data("data", "encoding", "utf-8"),
    ),
    Flaw("collinear", "low", _same, "says the same as {other} ({measure} {value})", drop),
    Flaw("collinear", "low", _inflated, "{says} by the other numbers", drop),
    Flaw("near-constant", "low", _nearly, "has the same value in more than 99.9 % of the rows", drop, 0.999, together=True),
    Flaw("low-power", "low", _weak, "says nothing about the label by itself", drop, 0.995, together=True),
    Flaw("anomalies", "low", _anomalous, "is far out in rows that an isolation forest finds anomalous (score {score})", own),
)
"""Every flaw, in the order in which they are shown within a severity."""

NO_FLAW: Finding[Insight] = Finding("no-flaw", value=0, message="no flaw was found", payload=Insight("none"))
CODES = tuple(dict.fromkeys(flaw.code for flaw in FLAWS))


def insights(seen: Seen) -> list[Finding[Insight]]:
    """The flaws of the data, the most severe first."""
    found: list[Finding[Insight]] = []
    known = set[tuple[str, tuple[str, ...]]]()
    for flaw in FLAWS:
        cases = [c for c in flaw.cases(seen) if c.value > flaw.over and (flaw.code, c.columns) not in known]
        known |= {(flaw.code, c.columns) for c in cases}
        if flaw.together and cases:
            cases = [Case(tuple(name for c in cases for name in c.columns), len(cases), cases[0].words)]
        found += [_finding(flaw, case, seen) for case in cases]
    return sorted(found, key=lambda f: SEVERITIES.index(f.payload.severity))


def _finding(flaw: Flaw, case: Case, seen: Seen) -> Finding[Insight]:
    remedy = flaw.remedy(seen, case)
    payload = Insight(flaw.severity, remedy.place, remedy.line)
    value = round(case.value, 6) if math.isfinite(case.value) else None
    return Finding(flaw.code, case.columns, value, message=flaw.says.format(**case.words), payload=payload)
