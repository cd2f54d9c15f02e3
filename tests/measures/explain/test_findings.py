"""Findings of the units of texts, and which texts are shown."""

from __future__ import annotations

import numpy as np
import pytest

from tests.measures.explain.words import explained
from tilth.measures.explain.findings import SHOWN
from tilth.measures.explain.section import ShapText, ShapUnit


def test_a_unit_has_the_aggregate_of_its_occurrences():
    report, local = explained(["good good film", "not good"], [0.0, 0.0], (("", 0.0),))
    good = next(f for f in report.of(ShapUnit) if f.payload.text == "good")
    values = [u.values[0] for units in local.units["t"] for u in units if u.text == "good"]
    assert (good.payload.occurrences, good.payload.mean) == (3, pytest.approx(np.mean(values)))
    assert good.value == pytest.approx(np.abs(values).mean())


def test_the_texts_that_raise_and_lower_most_are_shown():
    texts = [" ".join(["good"] * i + ["bad"] * (10 - i)) for i in range(10)]
    report, _ = explained(texts, [0.0] * 10, (("", 0.0),), samples=30)
    values = sorted((5.0 * i - 30 for i in range(10)), reverse=True)  # i · 2 − (10 − i) · 3
    assert [f.value for f in report.of(ShapText)] == pytest.approx([*values[:SHOWN], *values[::-1][:SHOWN]])
