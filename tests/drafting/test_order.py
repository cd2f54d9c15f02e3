"""Whether a draft says that rows are in an order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import tilth
from tilth.drafting import init

RNG = np.random.default_rng(4)
NOISE = RNG.normal(size=300).round(3)
CLASSES = np.array(["no", "yes"])[(RNG.random(300) < 0.4).astype(int)]


def drafted(folder: Path, **columns: np.ndarray) -> str:
    rows = [",".join(columns), *(",".join(map(str, row)) for row in zip(*columns.values(), strict=True))]
    (folder / "t.csv").write_text("\n".join(rows) + "\n")
    return str(init(folder / "t.csv"))


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"x": NOISE, "y": np.sort(CLASSES)}, "rows are ordered by y: add the step `shuffle` to `training`"),
        ({"x": np.cumsum(NOISE), "y": CLASSES}, "neighbours are alike in x. If it is that of time"),
        ({"x": NOISE + np.repeat([0, 1], 150), "y": CLASSES}, "neighbours are alike in x. If it is that of time"),  # two files, glued
        (
            {"x": np.cumsum(NOISE), "y": np.sort(CLASSES)},
            "rows are ordered by y, and within its values neighbours are alike in x. If it is that of time",
        ),
        ({"x": NOISE, "y": CLASSES}, ""),
    ],
    ids=["label", "series", "blocks", "label and series", "none"],
)
def test_the_order_of_rows_is_a_pitfall(columns: dict[str, np.ndarray], says: str, tmp_path: Path) -> None:
    text = drafted(tmp_path, **columns)
    assert says in text
    assert ("rows are ordered" in text or "rows are in an order" in text) == bool(says)


GROUPS = np.repeat(np.arange(75), 4)
DAYS = np.datetime64("2024-01-01") + np.minimum(np.arange(300) // 5, 30)  # the last 145 rows are of one day


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"patient": GROUPS, "x": RNG.normal(size=75)[GROUPS] + NOISE / 9, "y": CLASSES}, "rows of the same patient stand together"),
        ({"day": DAYS, "x": np.cumsum(NOISE), "y": CLASSES}, "rows are in order of day, which leaves none for testing"),
    ],
    ids=["group", "time"],
)
def test_a_draft_judges_the_order_as_its_flow_does(columns: dict[str, np.ndarray], says: str, tmp_path: Path) -> None:
    text = drafted(tmp_path, **columns)
    assert says in text
    assert tilth.run(tilth.Flow.parse(text), data=tmp_path / "t.csv").findings
