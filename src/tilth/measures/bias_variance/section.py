"""The report section of the measure `bias_variance`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tilth.measures.bias_variance.curves import Point
from tilth.measures.bias_variance.diagnosis import UNCLEAR
from tilth.measures.bias_variance.payload import BiasVariance
from tilth.report import Finding
from tilth.report.blocks import Advice, Block, Picture, Points, Section, Words, code, counted, table, value_with_interval
from tilth.report.charts import bars, curve, number, percent
from tilth.report.sections import ReportSection

URGENCY = 40
SAMPLING = {
    "half": "half of the training rows, drawn without replacement",
    "bootstrap": "as many rows as there are to learn from, drawn with replacement, about 63 % of them distinct",
    "out_of_bag": "as many rows as there are, drawn with replacement; each row is judged by the models that have not drawn it",
}


def section(found: Sequence[Finding[BiasVariance]]) -> Section:
    """The diagnosis in words, the parts of the loss for all rows and each group, and the curves."""
    blocks: list[Block] = []
    for part in dict.fromkeys(f.part for f in found):
        blocks += _of_part([f for f in found if f.part == part], f" in {code(part)}" if part else "")
    first = found[0].payload
    has = "It is unclear whether the learner underfits or overfits" if first.diagnosis == UNCLEAR else f"The learner has {first.diagnosis}"
    tips = tuple(Advice(f"{has}: {tip}.", URGENCY) for tip in first.advice[:1])
    lead = f"{_capital(first.diagnosis)}: {percent(found[0].number or 0.0)} of the loss is variance."
    return Section("bias_variance", "Underfitting and overfitting", tuple(blocks), advice=tips, lead=lead)


def _of_part(found: Sequence[Finding[BiasVariance]], where: str) -> Iterator[Block]:
    whole, p = found[0], found[0].payload
    yield Words(f"{_capital(whole.message)}{where}.")
    if p.advice:
        yield Points(tuple(f"{tip}." for tip in p.advice))
    how = SAMPLING.get(p.sampling, p.sampling)
    yield Words(f"{counted(p.replicates, 'model')} {code(p.learner)} of {counted(p.train_rows, 'row')} each: {how}.")
    heads = ("", "rows", "loss", "bias", "variance", "share of variance", "diagnosis")
    rows = [
        (
            code(f.group or "all rows"),
            number(f.payload.test_rows),
            *(number(x) for x in (f.payload.mean_loss, f.payload.systematic, f.payload.random)),
            value_with_interval(f.value, f.low, f.high),
            f.payload.diagnosis,
        )
        for f in found
    ]
    yield table(f"Where the {p.loss} loss comes from{where}", heads, rows, numbers=heads[1:6], brief=12)
    if p.loss == "0-1":
        parts = (f"bias {number(p.bias)}", f"variance {number(p.unbiased_variance)}", f"variance that helps {number(p.biased_variance)}")
        yield Words(
            f"The parts above are those of Kohavi and Wolpert. After Domingos the loss{where} is {' + '.join(parts[:2])} − {parts[2]}."
        )
    yield from _curve(p.learning_curve, f"Learning curve{where}", f"{p.loss} loss by the number of rows learned from{where}")
    if p.varied:
        yield from _curve(p.validation_curve, f"Validation curve of {p.varied}{where}", f"{p.loss} loss by {code(p.varied)}{where}")


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _curve(points: Sequence[Point], title: str, caption: str) -> Iterator[Block]:
    """A curve, or bars if the values are not numbers, and its table."""
    if not points:
        return
    plain = title.replace("`", "")
    if all(isinstance(p.at, int | float) and not isinstance(p.at, bool) for p in points):
        lines = {"unseen rows": [p.unseen for p in points], "rows learned from": [p.train for p in points]}
        drawn = curve(plain, [p.at for p in points], lines, key=title)
    else:
        drawn = bars(plain, {str(p.at): p.unseen for p in points}, key=title)
    yield Picture(drawn, f"{caption}.")
    heads = ("", "unseen rows", "standard deviation", "rows learned from", "its standard deviation")
    rows = [(code(p.at), *(number(x) for x in (p.unseen, p.unseen_deviation, p.train, p.train_deviation))) for p in points]
    yield table(f"{caption}; means of the folds", heads, rows, heads[1:], brief=0)


BIAS_VARIANCE = ReportSection(BiasVariance, section)
