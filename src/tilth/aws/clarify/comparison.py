"""Two result files side by side: which metric or explanation differs, by how much, and what may be the reason."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar

from tilth.errors import RequestError, joined
from tilth.measures.bias import BIAS_METRICS
from tilth.metrics.drift import MOST_REORDERED, is_farther, ndcg
from tilth.report import Facts, Finding, Report
from tilth.report.blocks import Points, Section, code, counted, table, value_with_interval
from tilth.report.finding import Payload
from tilth.report.sections import ReportSection
from tilth.store.local import text_of

Key = tuple[str, str, str]
Metric = Mapping[str, Any] | None
Pair = tuple[Key, str, Metric, Metric]

STAGES = ("pre_training", "post_training")
EXPLAINED = "explanations"
SHAP, PDP = "SHAP values of", "mean predictions by"
EXPECTED = "expected_value"
SAME = {"rel_tol": 1e-9, "abs_tol": 1e-12}
ROUNDED = 1e-3  # relative: as much as three significant digits
SHORT = 8  # a value with at most this many significant digits looks rounded
FEW_ROWS = 40  # up to this many rows, smclarify reads a label value of 0 or 1 as a threshold
DISTANCES = tuple(name for name, m in BIAS_METRICS.items() if m.distance)
SIGNED = tuple(name for name, m in BIAS_METRICS.items() if m.range[0] == -m.range[1])
WITH_MISSING = "Clarify counts a missing facet as the other side, and a missing label or prediction as a rejection"


@dataclass(frozen=True)
class Difference(Payload):
    """A metric of a group, or a number of an explanation, that two result files do not agree on; the finding's value is the second less
    the first, its message the reason.

    `first` and `second` are numbers, the reason why there is none, or null where a file lacks it. `drift` is `bias` or `attribution` if the
    first file is a baseline from which the second has drifted.
    """

    KIND: ClassVar[str] = "difference"
    VALUE: ClassVar[str] = "the second less the first"
    stage: str = ""
    first: float | str | None = None
    second: float | str | None = None
    drift: str = ""


@dataclass(frozen=True)
class Result:
    """A result file: (stage, facet, facet value) → metric → its entry; the labels, and facts of the run.

    For explanations the keys are the explained label, and the score or feature.
    """

    metrics: Mapping[tuple[str, str, str], Mapping[str, Mapping[str, Any]]]
    labels: Mapping[str, tuple[Any, Any]]
    run: Mapping[str, Any]

    @property
    def is_ours(self) -> bool:
        """Whether it was written by this program, not by Clarify."""
        return bool(self.run)


def load(path: str | Path) -> Result:
    """A result file. Errors: `RequestError` for one that is not."""
    text, metrics, labels = text_of(path, "result file"), dict[Key, dict[str, Any]](), {}
    try:
        held = json.loads(text)
        for stage in STAGES:
            section = held.get(f"{stage}_bias_metrics") or {}
            labels[stage] = (section.get("label"), section.get("label_value_or_threshold"))
            for facet, groups in (section.get("facets") or {}).items():
                for group in groups:
                    rows = {"counts": group["counts"]} if "counts" in group else {}
                    metrics[stage, facet, str(group["value_or_threshold"])] = {m["name"]: {**rows, **m} for m in group["metrics"]}
        metrics |= _explained(held.get(EXPLAINED) or {})
        for metric in chain.from_iterable(of.values() for of in metrics.values()):
            _value(metric)  # a value that is not a number is an error here
        if not metrics and "version" not in held:
            raise KeyError("pre_training_bias_metrics")
        return Result(metrics, labels, held.get("run") or {})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        why = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        accepted = "an analysis.json of SageMaker Clarify, or of tilth measure --config"
        raise RequestError(f"{str(path)!r} is not a result file: {why}", accepted=accepted, code="bad-result") from error


def _explained(explanations: Mapping[str, Any]) -> Iterator[tuple[Key, dict[str, Any]]]:
    """The global SHAP values of each score, and its mean predictions for each value of a feature."""
    for score, of in (explanations.get("kernel_shap") or {}).items():
        values = {EXPECTED: of.get(EXPECTED), **(of.get("global_shap_values") or {})}
        yield (EXPLAINED, SHAP, str(score)), {name: {"value": v} for name, v in values.items()}
    for of in explanations.get("pdp") or ():
        curves = of.get("model_predictions") or ()
        scores = of.get("label_headers") or [f"label{i}" for i in range(len(curves))]
        predicted = zip(scores, curves, strict=True) if curves else ()
        values = {f"{score} at {at}": v for score, curve in predicted for at, v in zip(of["feature_values"], curve, strict=True)}
        yield (EXPLAINED, PDP, str(of["feature_name"])), {name: {"value": v} for name, v in values.items()}


def compare(a: str | Path, b: str | Path, drift: bool = False) -> Report:
    """Every number that two result files do not agree on, with the reason where one can be seen. `Facts.more` counts the equal ones.

    With `drift`, the first file is a baseline, and only numbers are listed that have drifted from it.

    Errors: `RequestError` for a file that is not a result file.
    """
    first, second = load(a), load(b)
    pairs = [*_pairs(first, second)]
    found = [f for pair in pairs if (f := _difference(*pair, first, second)) is not None]
    more = {"equal": len(pairs) - len(found), "different": len(found), "drifted": sum(bool(f.payload.drift) for f in found)}
    return Report("compare", tuple(f for f in found if f.payload.drift or not drift), Facts(f"{a}, {b}", more=more))


def _pairs(first: Result, second: Result) -> Iterator[Pair]:
    """Each metric of each group in both; thresholds are the same group up to other maxima."""
    left = dict(second.metrics)
    for key, metrics in first.metrics.items():
        same = key if key in left else next((k for k in left if k not in first.metrics and _same_threshold(k, key)), None)
        others = left.pop(same) if same is not None else {}
        yield from ((key, name, metrics.get(name), others.get(name)) for name in dict.fromkeys((*metrics, *others)))
    yield from ((key, name, None, metric) for key, metrics in left.items() for name, metric in metrics.items())


def _same_threshold(a: Key, b: Key) -> bool:
    """Whether two groups are intervals of the same facet with the same lower bound: `(40, 89]` and `(40.0, 90.0]`."""
    (low, _, top), (other, _, other_top) = (k[2].partition(",") for k in (a, b))
    try:
        return a[:2] == b[:2] and top.endswith("]") and other_top.endswith("]") and float(low.lstrip("([")) == float(other.lstrip("(["))
    except ValueError:
        return False


def _difference(key: Key, name: str, a: Metric, b: Metric, first: Result, second: Result) -> Finding[Difference] | None:
    x, y = _value(a), _value(b)
    if a is not None and b is not None and (x == y or (x is not None and y is not None and math.isclose(x, y, **SAME))):
        return None
    stage, facet, group = key
    one, other = (m if m is None else v if v is not None else str(m.get("error") or "no value") for m, v in ((a, x), (b, y)))
    delta = y - x if x is not None and y is not None and math.isfinite(x) and math.isfinite(y) else None
    words = "; ".join(_reasons(key, name, a, b, first, second)) or "no reason can be seen in the files"
    whose = f"{facet} {group}" if stage == EXPLAINED else f"{facet}={group}"
    drift, _ = _drift(key, name, a, b, first, second)
    return Finding(name, (facet,), delta, message=words, group=whose, payload=Difference(stage, one, other, drift))


def _value(metric: Metric) -> float | None:
    value = None if metric is None else metric.get("value")
    return None if value is None else float(value)  # "Infinity" too


def _reasons(key: Key, name: str, a: Metric, b: Metric, first: Result, second: Result) -> Iterator[str]:
    """Possible reasons why a metric differs, the surest first."""
    if a is None or b is None:
        yield f"only the {'second' if a is None else 'first'} file has it"
        return
    x, y = _value(a), _value(b)
    labels = [r.labels.get(key[0], (None, None)) for r in (first, second)]
    if labels[0] != labels[1]:
        yield "the label or its favourable values differ: " + " and ".join(f"{label}={value}" for label, value in labels)
    if x is not None and y is not None and _is_rounded(x, y):
        yield "rounding: they agree in all digits that the shorter one has"
        return
    if key[0] == EXPLAINED:
        if words := _drift(key, name, a, b, first, second)[1]:
            yield words
        yield from _of_models(key[1], first.run, second.run)
        return
    yield from _of_computation(key, name, a, b, first, second)
    yield from _of_data(a, b, first, second)
    if words := _drift(key, name, a, b, first, second)[1]:
        yield words


def _of_computation(key: Key, name: str, a: Mapping[str, Any], b: Mapping[str, Any], first: Result, second: Result) -> Iterator[str]:
    """Whether the same data would give both values."""
    yield from _of_clarify(name, a, b, first, second)
    x, y, same = _value(a), _value(b), first.labels.get(key[0]) == second.labels.get(key[0])
    if x is not None and y is not None and name in SIGNED and math.isclose(x, -y, **SAME) and same:
        yield "the same size with the other sign: the sides, or favourable and other labels, changed places"


def _drift(key: Key, name: str, a: Metric, b: Metric, first: Result, second: Result) -> tuple[str, str]:
    """The kind of drift from the first file, if it is a baseline, or an empty string; and what is said of it.

    Values of different labels, and values that the same data would give, do not drift.
    """
    x, y = _value(a), _value(b)
    if a is None or b is None or x is None or y is None or first.labels.get(key[0]) != second.labels.get(key[0]):
        return "", ""
    if key[0] == EXPLAINED:
        return _of_order(key, first, second) if name != EXPECTED else ("", "")
    metric, low, high = BIAS_METRICS.get(name), b.get("ci_low"), b.get("ci_high")
    if metric is None or low is None or high is None or any(_of_computation(key, name, a, b, first, second)):
        return "", ""
    if is_farther(float(low), float(high), x, metric.neutral):
        return "bias", f"bias drift: the whole interval of the second is farther from {metric.neutral:g} than the first"
    farther = f"the second is farther from {metric.neutral:g}, perhaps by chance: no bias drift"
    return "", farther if is_farther(y, y, x, metric.neutral) else ""


def _of_order(key: Key, first: Result, second: Result) -> tuple[str, str]:
    """Whether features have another order of importance, if the first file is the baseline."""
    before, after = (dict(_importance(r.metrics.get(key, {}))) for r in (first, second))
    order = ndcg(before, after) if key[1] == SHAP else None
    if order is None or order >= 1:
        return "", ""
    drift = "attribution" if order < MOST_REORDERED else ""
    said = f"{'' if drift else 'no '}attribution drift; the limit is {MOST_REORDERED}"
    return drift, f"the features have another order, with nDCG {order:.3g} by the values of the first ({said})"


def _importance(values: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, float]]:
    """The global SHAP value of each feature."""
    yield from ((f, value) for f, m in values.items() if f != EXPECTED and (value := _value(m)) is not None)


def _of_models(what: str, first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[str]:
    """What differs between two runs of an explanation, and what such numbers depend on."""
    for fact, words in (("model", "the models differ"), ("seed", "the seeds differ"), ("fingerprint", "the data changed")):
        if None not in (a := first.get(fact), b := second.get(fact)) and a != b:
            yield words if fact == "fingerprint" else f"{words}: {a} and {b}"
    sampled = "the background, the number of samples and the seed" if what == SHAP else "the rows that are sampled"
    yield f"such numbers depend on the model, {sampled}"


def _is_rounded(x: float, y: float) -> bool:
    """Whether the number with fewer digits is the other one, rounded."""
    if not (math.isfinite(x) and math.isfinite(y)) or not math.isclose(x, y, rel_tol=ROUNDED, abs_tol=1e-6):
        return False
    short, long = sorted((x, y), key=lambda v: len(repr(v)))
    text = repr(short)
    digits = len(text.partition("e")[0].lstrip("-").replace(".", "").lstrip("0"))
    places = len(text.partition(".")[2]) if "e" not in text else 0
    return digits <= SHORT and places > 0 and abs(long - short) <= 0.51 * 10**-places


def _of_clarify(name: str, a: Mapping[str, Any], b: Mapping[str, Any], first: Result, second: Result) -> Iterator[str]:
    """Known deviations of smclarify, if one file is Clarify's and the other is ours."""
    if first.is_ours == second.is_ours:
        return
    ours, theirs = (a, b) if first.is_ours else (b, a)
    notes, value = " ".join(ours.get("notes") or ()), _value(theirs)
    if name in DISTANCES and ("support mismatch" in notes or "label has one value" in notes or value is None or value < 0):
        yield "Clarify leaves out label values that one side lacks, without adding the others up to 1"
    if ours.get("n_excluded"):
        yield f"{ours['n_excluded']:,} rows are excluded here; {WITH_MISSING}"
    if ours.get("status") == "error" and name in ("CDDL", "CDDPL") and value is not None:
        yield "a side is empty: Clarify gives a number where there is nothing to compare"
    rows = sum(ours.get("counts", {}).get(n, 0) for n in ("n_a", "n_d"))
    if 0 < rows <= FEW_ROWS and (value == 0 or value is None or name in SIGNED):
        yield f"of {rows} rows: up to {FEW_ROWS}, Clarify reads a label of 0 and 1 as numbers, so that no row is above the threshold 1"
    if name == "FT" and "sample" in notes:
        yield "neighbours were searched for in a sample here"
    if ours.get("status") == "degenerate":
        yield "the value is by convention only: " + (notes or "the denominator of a ratio is 0")


def _of_data(a: Mapping[str, Any], b: Mapping[str, Any], first: Result, second: Result) -> Iterator[str]:
    """Whether the data are the same, and whether chance is enough."""
    counts = [dict(m.get("counts") or {}) for m in (a, b)]
    if all(counts) and counts[0] != counts[1]:
        yield "the rows differ: " + " and ".join(f"a {c.get('n_a', 0):,}, d {c.get('n_d', 0):,}" for c in counts)
    prints = [r.run.get("fingerprint") for r in (first, second)]
    if all(prints) and prints[0] != prints[1] and counts[0] == counts[1]:
        yield "the data changed, and as many rows are on each side"
    ends = list[tuple[bool, str]]()
    for m, other, which in ((a, _value(b), "first"), (b, _value(a), "second")):
        low, high = m.get("ci_low"), m.get("ci_high")
        if low is not None and high is not None and other is not None:
            inside = float(low) <= other <= float(high)
            ends.append((inside, f"the interval of the {which} ({float(low):.4g} to {float(high):.4g})"))
    if ends:
        inside, words = max(ends, key=lambda end: end[0])  # one is enough: the interval of few rows is wide
        yield f"the other value is inside {words}: chance may be the reason" if inside else f"the other value is outside {words}"


def section(found: Sequence[Finding[Difference]]) -> Section:
    """A line for each difference, and the reasons: each once, with the metrics that it is about."""
    heads = ("group", "metric", "first", "second", "difference")
    rows = [(code(f.group), f.name, _shown(f.payload.first), _shown(f.payload.second), _shown(f.value)) for f in found]
    about: dict[str, dict[str, list[str]]] = {}
    for f in found:
        about.setdefault(f.message, {}).setdefault(f.group, []).append(f.name)
    words = [f"{joined(f'{joined(names)} of {code(g)}' for g, names in of.items())}: {why}." for why, of in about.items()]
    lead = f"{counted(len(rows), 'number')} with two values."
    return Section("differences", "Differences", (table("What differs", heads, rows, numbers=heads[2:]), Points(tuple(words))), lead=lead)


def _shown(x: Any) -> str:
    return "–" if x is None else x if isinstance(x, str) else value_with_interval(x)


DIFFERENCES = ReportSection(Difference, section)
