"""Steps that read later rows beside a split by time."""

import pytest

from tilth.errors import RequestError
from tilth.flow import Flow

SPLIT_BY_TIME = """
data: {roles: {time: t}}
rows:
  - STEP
split: {train: 0.8, test: 0.2, by: time}
"""


@pytest.mark.parametrize(
    "step",
    [
        "resample: {every: 1h, fill: linear}",
        "resample: {every: 1h, fill: nearest}",
        "window: {columns: x, with: lead}",
        "window: {columns: x, with: mean, window: 3, center: true}",
    ],
)
def test_what_reads_later_rows_is_refused_where_the_split_is_by_time(step):
    text = SPLIT_BY_TIME.replace("STEP", step)
    with pytest.raises(RequestError, match=r"<flow>:4.*reads later rows, and the split is by time") as refused:
        Flow.parse(text)
    assert "`causal: false`" in str(refused.value)
    assert Flow.parse(text.replace("}\nsplit", ", causal: false}\nsplit"))
    assert Flow.parse(text.replace(", by: time", ""))
