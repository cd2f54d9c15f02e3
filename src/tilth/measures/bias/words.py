"""Bias in words: what a metric says of a group, for one table or for several parts of the data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tilth.measures.bias.metrics import BiasMetric, Wording
from tilth.report.charts import number, percent


@dataclass(frozen=True)
class Told:
    """A metric's value in one part: the group `d`, what it is compared with, `a`, and the favourable outcome, `y`, as they are to be
    written; the interval; the group's share of the rows; and the rates of both sides that are compared."""

    d: str
    a: str
    y: str
    value: float
    part: str = ""
    low: float | None = None
    high: float | None = None
    share: float | None = None
    rates: tuple[float, float] | None = None

    @property
    def where(self) -> str:
        """The part, if there are several."""
        return f" in {self.part}" if self.part else ""


def sentences(metric: BiasMetric, found: Sequence[Told]) -> list[str]:
    """What one metric says of a group: a sentence for all parts, or two where their directions disagree; none for a distance.

    >>> from tilth.measures.bias.metrics import BIAS_METRICS
    >>> sentences(BIAS_METRICS["DPL"], [Told("sex=f", "the others", "hired=yes", 0.143, low=0.13, high=0.15)])
    ['sex=f gets hired=yes less often than the others: by 14.3 percentage points (13 to 15).']
    >>> sentences(BIAS_METRICS["DI"], [Told("sex=f", "sex=m", "hired=yes", 0.5)])
    ['sex=f is predicted hired=yes less often than sex=m: 0.5 times as often.']
    """
    words = metric.wording
    if words is None or not found:
        return []
    if words.unit == "share":
        return [f"{_filled(words.sentence, found[0])} {_shares(found)}."]
    made = []
    for word, there in zip(words.words, _by_side(found, metric.neutral), strict=True):
        neutral = word == words.words[2]
        sentence = _filled(words.sentence, there[0], word, "as" if neutral else "than") if there else ""
        where = there[0].where if there and len(found) > 1 else ""
        made += [f"{sentence}{where if neutral else ': ' + _sizes(there, metric, words)}."] if there else []
    rated = [t for t in found if t.rates is not None]
    return made + ([_rates(words.rates, rated)] if words.rates and rated else [])


def _filled(template: str, t: Told, word: str = "", than: str = "") -> str:
    return template.format(d=t.d, a=t.a, y=t.y, word=word, than=than)


def _by_side(found: Sequence[Told], neutral: float) -> tuple[list[Told], list[Told], list[Told]]:
    """The values above, below and at the neutral one."""
    above, below = [t for t in found if t.value > neutral], [t for t in found if t.value < neutral]
    return above, below, [t for t in found if t.value == neutral]


def _sizes(found: Sequence[Told], metric: BiasMetric, words: Wording) -> str:
    """The sizes of the differences with their intervals; the unit after the first."""
    points = words.unit == "points"
    shown: Callable[[float], str] = (lambda x: number(round(abs(x) * 100, 1))) if points else (lambda x: number(round(x, 3)))
    unit = " percentage points" if points else " times as often"
    sizes = [f"{shown(t.value)}{unit if k == 0 else ''}{t.where}{_interval(t, metric.neutral, shown)}" for k, t in enumerate(found)]
    return f"{'by ' if points else ''}{listed_with_and(sizes)}"


def _interval(t: Told, neutral: float, shown: Callable[[float], str]) -> str:
    """The interval, seen from its own side."""
    if t.low is None or t.high is None or t.low != t.low or t.high != t.high:
        return ""
    if t.low <= neutral <= t.high:
        return " (perhaps by chance)"
    low, high = sorted((abs(t.low), abs(t.high)))
    return f" ({shown(low)} to {shown(high)})"


def _shares(found: Sequence[Told]) -> str:
    """The group's share of the rows: counted, or from class imbalance, which is (others − group) / all."""
    shares = ((1 - t.value) / 2 if t.share is None else t.share for t in found)
    return listed_with_and(f"{percent(s)}{t.where}" for s, t in zip(shares, found, strict=True)).replace("%", "% of the rows", 1)


def _rates(template: str, found: Sequence[Told]) -> str:
    own = listed_with_and(f"{percent(t.rates[1])}{t.where}" for t in found if t.rates)
    others = listed_with_and(percent(t.rates[0]) for t in found if t.rates)
    return f"{_filled(template, found[0])}: {own}; {found[0].a}: {others}."


def listed_with_and(words: Iterable[str]) -> str:
    """Words with commas between, and `and` before the last.

    >>> listed_with_and(["a", "b", "c"])
    'a, b and c'
    """
    words = list(words)
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
