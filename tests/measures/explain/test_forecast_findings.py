"""The findings of asymmetric_shap: their section, and the values of single items as a file."""

from __future__ import annotations

import json

import tilth
from tests.measures.explain.shops import DATA, rise
from tilth.measures.explain.forecast_findings import FORECASTS, ForecastValues, save_items
from tilth.measures.explain.forecasts import AsymmetricShap
from tilth.report.blocks import Picture, Table, plain
from tilth.report.html import to_html


def test_the_findings_are_means_over_items():
    report = tilth.measure(DATA, AsymmetricShap(rise))
    (found,) = report.of("asymmetric_shap")
    assert (found.subject, found.payload.steps, found.payload.means) == (("sold",), (-2, -1, 0), (0.0, 5.5, 22.0))
    assert (found.value, found.payload.mean, found.payload.items, found.payload.horizon) == (27.5, 27.5, 2, 1)
    section = FORECASTS.section([found])
    assert [type(b) for b in section.blocks[1:]] == [Picture, Table] and plain(section.lead).startswith("sold moves the forecasts most")
    assert "What moves the forecasts" in to_html(report)


def test_the_values_of_items_are_written_in_the_shape_of_clarify(tmp_path):
    (found,) = tilth.measure(DATA, AsymmetricShap(rise, local=True)).of(ForecastValues)
    save_items(found.payload, tmp_path / "out.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    told = [
        {"timestamp": "2024-01-01", "scores": [0.0]},
        {"timestamp": "2024-01-02", "scores": [10.0]},
        {"timestamp": "2024-01-03", "scores": [40.0]},
    ]
    assert {"item_id": "a", "offset": [0.0], "explanations": told} in lines and len(lines) == 2
