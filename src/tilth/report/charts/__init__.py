"""Small charts as SVG text, in the colours of their page; one file per chart, built from `draw` and `axes`.

Every chart is a pure function from data to one `<svg>` element: no dependency, no script, no style of its own, the same text for the same
data. Words are drawn in `currentColor` and shapes in the variables of `STYLE`, so a chart turns dark with its page. Nothing
is shown by colour alone: series also differ by pattern, line or mark, and every number is written out, in the picture or in its
description. `role="img"`, `<title>` and `<desc>` are for screen readers.

    bars         one number per name
    matrix       strengths between names
    stacked      shares of classes per part
    intervals    values with confidence intervals, a neutral line and bands that are accepted
    shares       one thin bar of valid, missing and invalid
    histogram    counts of equal bins, as small as a cell of a table; `sparkline` is the same as characters
    curve        a number over another one, with fainter curves behind it and shares of rows below
    small        one line of a table: a share, or a number over time

Nothing to draw gives a figure that says “no data”. None and NaN are named, infinities run to the edge and end in an arrow. Names are cut
to their room, by an estimate of their width, with the full string in a `<title>`; they are escaped. Beyond `MOST` names the rest is
counted, not drawn. Put the result into `<figure>` with a `<figcaption>`: the title is not drawn. Where one page holds
the same chart twice, give each a `key`: ids are made from the content.
"""

from tilth.report.charts.bars import bars
from tilth.report.charts.curve import curve
from tilth.report.charts.draw import MOST, STYLE
from tilth.report.charts.histogram import histogram, sparkline
from tilth.report.charts.intervals import Dot, intervals
from tilth.report.charts.letters import clean
from tilth.report.charts.matrix import matrix
from tilth.report.charts.numbers import number, percent, with_interval
from tilth.report.charts.shares import shares
from tilth.report.charts.small import part_of_whole, trend
from tilth.report.charts.stacked import stacked

__all__ = [
    "MOST",
    "STYLE",
    "Dot",
    "bars",
    "clean",
    "curve",
    "histogram",
    "intervals",
    "matrix",
    "number",
    "part_of_whole",
    "percent",
    "shares",
    "sparkline",
    "stacked",
    "trend",
    "with_interval",
]
