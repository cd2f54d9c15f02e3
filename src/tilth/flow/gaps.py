"""Checks that the gap of a split by time is as long as window steps read back or ahead."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import timedelta

from sqlglot import exp

from tilth.data import Dataset
from tilth.engine.expressions import col
from tilth.engine.operations.times import Micros
from tilth.engine.session import Session
from tilth.engine.statistics import Statistic, count_of
from tilth.flow.flow import Flow
from tilth.flow.split_checks import GAPS, SplitCheck, split_line
from tilth.metrics.keys import DistinctKeys
from tilth.metrics.metric import Question, measured
from tilth.report import Finding
from tilth.report.blocks import counted
from tilth.steps.fitting import label
from tilth.steps.rows.split import UNITS, Span, Split
from tilth.steps.time.window import Window


def gap_findings(flow: Flow, columns: Sequence[str], data: Dataset, engine: Session) -> Iterator[Finding[SplitCheck]]:
    """Report the window with the longest reach, if that exceeds the gap of a split by time, with the line to write.

    A reach in rows is converted to time by the mean distance between consecutive times of the table.
    """
    split = flow.split
    if split is None or split.by != "time" or not engine.answers_are_real:
        return
    windows = [step for _, step in flow.steps("rows") if isinstance(step, Window) and step.order in ((), *columns, tuple(columns))]
    reaching = [(span, step, i == 1) for step in windows for i, span in enumerate(step.reach) if span is not None]
    if not reaching:
        return
    x = Micros.of(col(columns[0]))
    first, last, rows = Statistic(exp.Min(this=x)), Statistic(exp.Max(this=x.copy())), count_of(x.copy())
    times = DistinctKeys(tuple(columns))
    asked: list[Question] = [first, last, rows, times]
    found = measured(data, asked, engine)
    if found[times] < 2:
        return
    whole = timedelta(microseconds=int(found[last] - found[first]))
    step_of_rows, step_of_times = whole / (found[rows] - 1), whole / (found[times] - 1)
    gap = Span.of(split.gap) or Span()
    kept = gap.duration if gap.rows is None else gap.rows * step_of_rows
    span, window, ahead = max(reaching, key=lambda r: _length(r[0], step_of_times))
    longest = _length(span, step_of_times)
    if longest <= kept * (1 + 1e-9):
        return
    by_rows = span.rows is not None and found[rows] == found[times]
    wanted = f"{span.rows} {'row' if span.rows == 1 else 'rows'}" if by_rows else _words(longest)
    reads = counted(span.rows, "row") if span.rows is not None else _words(span.duration)
    what = "training rows hold values of rows that are tested" if ahead else "rows that are tested are made of rows that were trained on"
    gap_words = f"is {split.gap}" if split.gap else "is missing"
    message = f"{label(window)} reads {reads} {'ahead' if ahead else 'back'}, and the gap between the parts {gap_words}: {what}."
    remedy = split_line(split, _by(split), gap=wanted)
    yield Finding(GAPS, tuple(columns), message=message, payload=SplitCheck(columns=tuple(columns), remedy=remedy))


def _length(span: Span, step: timedelta) -> timedelta:
    return span.duration if span.rows is None else span.rows * step


def _by(split: Split) -> str:
    columns = (split.columns,) if isinstance(split.columns, str) else split.columns
    return f"{split.by}({', '.join(columns)})" if columns else split.by


def _words(length: timedelta) -> str:
    """A duration in the words of a flow file, rounded up to whole units.

    >>> _words(timedelta(hours=24)), _words(timedelta(hours=36, seconds=5)), _words(timedelta(minutes=90))
    ('1 day', '37 hours', '90 minutes')
    """
    for unit in ("day", "hour", "minute"):
        n = length.total_seconds() / UNITS[unit]
        if n >= 10 or (n >= 1 and abs(n - round(n)) < 1e-6):
            break
    else:
        unit, n = "second", length.total_seconds()
    return counted(math.ceil(n - 1e-6), unit).replace(",", "")
