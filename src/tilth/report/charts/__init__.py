"""Small charts as SVG text, in the colours of their page; one file per chart, built from `draw` and `axes`.

Every chart is a pure function from data to one `<svg>` element, without dependencies, scripts or styles; the same data gives the same
text. Words are drawn in `currentColor` and shapes in the variables of `STYLE`, so a chart turns dark with its page. Nothing
is shown by colour alone: series also differ by pattern, line or mark, and every number is written out, in the picture or in its
description. `role="img"`, `<title>` and `<desc>` are for screen readers.

    bars         one number per name
    matrix       strengths between names
    stacked      shares of classes per part
    intervals    values with confidence intervals, a neutral line and accepted bands
    shares       one thin bar of valid, missing and invalid
    histogram    counts of equal bins, also small enough for a table cell; `sparkline` draws them as characters
    curve        a number over another one, with fainter curves behind it and shares of rows below it
    small        one line of a table: a share, or a number over time

Without data, the figure says “no data”. None and NaN are named, infinities run to the edge and end in an arrow. Names are escaped, and cut
to the available width by an estimate, with the full string in a `<title>`. Names beyond `MOST` are counted, not drawn. Put the result into
`<figure>` with a `<figcaption>`: the title is not drawn. If a page has the same chart twice, give each a `key`, because ids are made from
the content.
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
