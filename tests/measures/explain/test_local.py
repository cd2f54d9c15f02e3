"""Shapley values of single rows as lines of JSON, in the shape of SageMaker Clarify."""

from __future__ import annotations

import json

import pytest

from tests.measures.explain.words import explained
from tilth.errors import RequestError
from tilth.measures.explain.local import save_local


def test_texts_are_written_with_the_places_of_their_units(tmp_path):
    _, local = explained(["good good film", "not good"], [0.0, 0.0], (("", 0.0),))
    save_local(local, tmp_path / "v.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "v.jsonl").read_text("utf-8").splitlines()]
    line = next(line for line in lines if line["join_source_value"] == 1)
    assert [(e["feature_name"], e["data_type"]) for e in line["explanations"]] == [("t", "free_text"), ("n", "numerical")]
    described = [a["description"] for a in line["explanations"][0]["attributions"]]
    assert described == [{"partial_text": "not", "start_idx": 0}, {"partial_text": "good", "start_idx": 4}]
    assert line["explanations"][1]["attributions"] == [{"attribution": [0.0]}]
    with pytest.raises(RequestError, match="written as JSON Lines"):
        save_local(local, tmp_path / "v.csv")
