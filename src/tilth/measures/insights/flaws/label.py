"""Flaws of the label."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from tilth.engine.user_sql.writing import quoted_identifier, rule_string
from tilth.measures.insights.features import MOST_CLASSES
from tilth.measures.insights.flaws.seen import RARE, Case, Seen
from tilth.measures.insights.remedies import NOTHING, Remedy, among, kept_where, rule, step
from tilth.measures.profile import ColumnProfile
from tilth.report.blocks import counted
from tilth.report.charts import number, percent

MOST_NAMED = 5  # most values in a message
SPREADS = 5  # a label this many standard deviations of the clipped labels from the median is outlying


def label_of(seen: Seen) -> ColumnProfile | None:
    """The label's profile."""
    return seen.columns.get(seen.label)


def no_label(seen: Seen) -> Iterator[Case]:
    """Rows without a label."""
    c = label_of(seen)
    if c and c.rows and c.lacking:
        words = {"rows": counted(c.lacking, "row")}
        yield Case((seen.label,), c.lacking / c.rows, words, kept_where(f"{quoted_identifier(seen.label)} is not null"))


def one_label(seen: Seen) -> Iterator[Case]:
    """A label with a single value, or without values."""
    c = label_of(seen)
    if c and c.rows and (c.distinct or 0) < 2:
        said = "no value" if not c.distinct else f"one value only, {seen.said(seen.label, c.top[0][0])}" if c.top else "one value only"
        yield Case((seen.label,), words={"values": said}, remedy=rule(f"DistinctValuesCount {rule_string(seen.label)} > 1"))


def few_rows(seen: Seen) -> Iterator[Case]:
    """Too few labelled rows for a model."""
    t = seen.target
    if t is not None and not t.can_be_learned and (label_of(seen) or ColumnProfile()).distinct != 1:
        yield Case((seen.label,), words={"rows": seen.counted(len(t.y))}, remedy=rule("RowCount >= 20"))


def rare_classes(seen: Seen) -> Iterator[Case]:
    """Classes with too few rows for a model."""
    counts = classes_of(seen)
    rare = [v for v, n in counts.items() if n < RARE]
    if rare and len(counts) - len(rare) > 1:
        named = ", ".join(f"{seen.said(seen.label, v)} ({counts[v]})" for v in rare[:MOST_NAMED])
        line = kept_where(among(seen.label, rare, unless=True)) if seen.may_show(seen.label) else NOTHING
        yield Case((seen.label,), len(rare), {"classes": named, "many": counted(len(rare), "class", "classes")}, line)


def classes_of(seen: Seen) -> dict[Any, int]:
    """The label's classes with their rows in the table, the most frequent first; blank strings are not classes.

    With a sample, the rows come from the balance of the label if it has counted them and the label is not private; else they are estimated
    from the shares in the sample.
    """
    if seen.target is None or not seen.target.is_class or seen.values is None:
        return {}
    counts = seen.values.counts()
    if seen.sampled and seen.balance and seen.may_show(seen.label):
        known = {str(v): v for v in counts}
        whole = {name: n for name, n in seen.balance.counts.items() if not (seen.balance.missing and name == "null")}
        kind = int if seen.columns[seen.label].kind == "integer" else str  # for classes that the sample lacks
        counts = {known[name] if name in known else kind(name): n for name, n in whole.items()}
    elif seen.sampled:
        counts = {v: round(n * seen.rows / seen.sampled) for v, n in counts.items()}
    counts = {v: n for v, n in counts.items() if not (isinstance(v, str) and not v.strip())}
    return dict(sorted(counts.items(), key=lambda p: (-p[1], str(p[0]))))


def imbalance(seen: Seen) -> Iterator[Case]:
    """The ratio of the largest class to the smallest that is not rare."""
    counts = [n for n in classes_of(seen).values() if n >= RARE]
    if len(counts) > 1:
        ratio = counts[0] / counts[-1]
        yield Case((seen.label,), ratio, {"ratio": number(round(ratio, 1))}, step("training", "balance", {"with": "weights"}))


def many_classes(seen: Seen) -> Iterator[Case]:
    """Too many classes for the rows."""
    counts = classes_of(seen)
    if len(counts) > 100 or (len(counts) > 2 and sum(counts.values()) < RARE * len(counts)):
        kept = list(counts)[: MOST_CLASSES - 1]
        line = kept_where(among(seen.label, kept)) if seen.may_show(seen.label) else NOTHING
        yield Case((seen.label,), len(counts), {"classes": number(len(counts)), "kept": counted(len(kept), "class", "classes")}, line)


def mixed_label(seen: Seen) -> Iterator[Case]:
    """A label of strings, some of which are numbers."""
    c, counts = label_of(seen), classes_of(seen)
    if c and c.kind == "string" and counts:
        numbers = [v for v in counts if re.fullmatch(r"\s*[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?\s*", v)]
        share = sum(counts[v] for v in numbers) / sum(counts.values())
        if 0.05 < share < 0.95:
            yield Case((seen.label,), share, {"share": percent(share)}, step("rows", "parse", {"columns": seen.label, "as": "number"}))


def shape_of(seen: Seen) -> tuple[float, float]:
    """Skewness m₃ / σ³ and kurtosis m₄ / σ⁴ of the label; 0 if it is not a number."""
    x = seen.numbers
    if x is None or x[0] == x[-1]:
        return 0.0, 0.0
    z = x / max(-x[0], x[-1])
    z = z - z.mean()
    m2 = float((z**2).mean())
    return (float((z**3).mean()) / m2**1.5, float((z**4).mean()) / m2**2) if m2 else (0.0, 0.0)


def skewed(seen: Seen) -> Iterator[Case]:
    """The label's skewness."""
    skewness, _ = shape_of(seen)
    yield Case((seen.label,), abs(skewness), {"skewness": number(round(skewness, 2))}, compressed(seen))


def tails(seen: Seen) -> Iterator[Case]:
    """The label's kurtosis, unless it is skewed."""
    skewness, kurtosis = shape_of(seen)
    if abs(skewness) <= 3:
        yield Case((seen.label,), kurtosis, {"kurtosis": number(round(kurtosis, 1))}, compressed(seen))


def compressed(seen: Seen) -> Remedy:
    """The step that puts the label on a logarithmic scale."""
    y = quoted_identifier(seen.label)
    low = float(seen.numbers[0]) if seen.numbers is not None else 0.0
    logarithm = f"ln(1 + {y})" if low >= 0 else f"if({y} >= 0, ln(1 + {y}), -ln(1 - {y}))"
    return step("rows", "formula", {"column": seen.label, "expression": logarithm})


def outlying(seen: Seen) -> Iterator[Case]:
    """Labels outside the median ± 5 standard deviations; the deviation is computed after clipping to the 5th and 95th percentile."""
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
    """A number for a rule, without exponent."""
    return f"{x:f}".rstrip("0").rstrip(".")


def frequent_label(seen: Seen) -> Iterator[Case]:
    """A number that is the label of many rows, at least twice as many as the second most frequent number."""
    if seen.numbers is None or seen.values is None:
        return
    counts = sorted(((n, v) for v, n in seen.values.counts(2).items() if v), reverse=True)[:2]
    if counts and counts[0][0] >= 2 * (counts[1][0] if len(counts) > 1 else 1):
        n, value = counts[0]
        share = n / len(seen.numbers)
        line = kept_where(f"{quoted_identifier(seen.label)} <> {value}") if seen.may_show(seen.label) else NOTHING
        yield Case((seen.label,), share, {"share": percent(share), "value": seen.said(seen.label, value)}, line)
