"""Flaws of rows: duplicates and anomalies."""

from __future__ import annotations

from collections.abc import Iterator

from tilth.measures.insights.flaws.columns import varied_long
from tilth.measures.insights.flaws.seen import Case, Seen
from tilth.measures.insights.remedies import step
from tilth.report.charts import number

MOST_CHARACTERS = 20_000_000  # columns with longer texts in total are not compared
ANOMALOUS = -0.1  # rows with a lower score are reported


def duplicates(seen: Seen) -> Iterator[Case]:
    """The share of rows that are duplicates of an earlier row."""
    f = seen.repeated
    if f is None:
        return
    key = [name for name in seen.columns if name not in f.payload.apart]
    but = f", but for {', '.join(f.payload.apart[:3])}" if f.payload.apart else ""
    repeats = "is a duplicate" if f.payload.repeated == 1 else "are duplicates"
    words = {"rows": f"{seen.counted(f.payload.repeated)} {repeats}", "but": but}
    yield Case((), f.number or 0.0, words, step("rows", "dedupe", {"on": key} if f.payload.apart else {}))


def near_duplicates(seen: Seen) -> Iterator[Case]:
    """Columns of text, by the share of their distinct texts that are nearly equal to another one."""
    from tilth.metrics.near_duplicates import LIKE, text_groups

    likely = [*seen.roles.text, *(case.columns[0] for case in varied_long(seen) if case.value > 0.5)]
    for name in likely:
        texts = seen.features[name].names if name in seen.features else ()
        if not texts or sum(map(len, texts)) > MOST_CHARACTERS:
            continue
        near = len(texts) - len(set(text_groups(texts).tolist()))
        words = {"texts": f"{number(near)} of {number(len(texts))} different texts"}
        yield Case((name,), near / len(texts), words, step("rows", "dedupe", {"on": name, "near": LIKE}))


def anomalous(seen: Seen) -> Iterator[Case]:
    """Columns of numbers with an extreme value in one of the most anomalous rows."""
    f = seen.anomalies
    if f is None:
        return
    rows = [rare for score, rare in zip(f.payload.scores, f.payload.rare, strict=True) if score < ANOMALOUS]
    often = [name for rare in rows for name, share in rare if share < 0.01]
    far = dict.fromkeys(n for n in often if seen.columns[n].far_outliers and n != seen.label)
    if far:
        words = {"score": number(min(f.payload.scores))}
        yield Case(tuple(far), len(often), words, step("features", "outliers", {"columns": list(far), "with": "iqr", "times": 3}))
