"""Whether a draft says that rows are in an order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

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
        ({"x": np.cumsum(NOISE), "y": CLASSES}, "neighbours are alike in x: if it is that of time"),
        ({"x": NOISE + np.repeat([0, 1], 150), "y": CLASSES}, "neighbours are alike in x: if it is that of time"),  # two files, glued
        ({"x": NOISE, "y": CLASSES}, ""),
    ],
    ids=["label", "series", "blocks", "none"],
)
def test_the_order_of_rows_is_a_pitfall(columns: dict[str, np.ndarray], says: str, tmp_path: Path) -> None:
    text = drafted(tmp_path, **columns)
    assert says in text
    assert ("rows are ordered" in text or "rows are in an order" in text) == bool(says)
