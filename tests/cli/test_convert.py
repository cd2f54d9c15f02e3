"""tilth convert."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.processes import Completed
from tests.pipelines.test_spark_ml import IMPUTER, LEFT, saved

Tilth = Callable[..., Completed]


def action(operation: str, **parameters: str) -> dict[str, object]:
    return {"Action": {"Operation": operation, "Parameters": parameters}}


def test_a_recipe_is_converted_and_run(tilth: Tilth, tmp_path: Path) -> None:
    (tmp_path / "recipe.json").write_text(json.dumps([action("FILL_WITH_AVERAGE", sourceColumn="age")]))
    (tmp_path / "people.csv").write_text("age\n1\n\n3\n")
    done = tilth("convert", "recipe.json", "--data", "people.csv", "-o", "flow.yaml")
    assert (done.code, done.out) == (0, "")
    assert done.err.startswith("written: flow.yaml\n1 action, 0 not converted\ndiffers: step 1, FILL_WITH_AVERAGE: learned from")
    assert tilth("run", "flow.yaml", "-o", "out").code == 0


def test_what_is_left_out_is_listed_and_told_by_the_exit_code(tilth: Tilth, tmp_path: Path) -> None:
    (tmp_path / "recipe.json").write_text(json.dumps([action("LEN", sourceColumn="a"), action("NOW", targetColumn="now")]))
    done = tilth("convert", "recipe.json", "-o", "-")
    assert done.code == 1
    assert "# NOT CONVERTED step 2, NOW" in done.out
    assert done.err == "2 actions, 1 not converted\nnot converted: step 2, NOW: it gives another result each time\n"


def test_files_are_not_overwritten(tilth: Tilth, tmp_path: Path) -> None:
    (tmp_path / "recipe.json").write_text(json.dumps([action("LEN", sourceColumn="a")]))
    assert tilth("convert", "recipe.json", "-o", "recipe.json", "--force").code == 2
    assert [tilth("convert", "recipe.json", "-o", "flow.yaml", *force).code for force in ([], [], ["--force"])] == [0, 2, 0]


def test_a_fitted_pipeline_becomes_a_fitted_flow(tilth: Tilth, tmp_path: Path) -> None:
    io, preprocessing = pytest.importorskip("skops.io"), pytest.importorskip("sklearn.preprocessing")
    io.dump(preprocessing.StandardScaler().fit([[1.0], [3.0]]), tmp_path / "scaler.skops")
    assert "--columns" in tilth("convert", "scaler.skops", "-o", "flow.tilth").err
    done = tilth("convert", "scaler.skops", "--columns", "age", "-o", "flow.tilth")
    assert (done.code, done.err) == (0, "written: flow.tilth\n2 steps, 0 not converted\n")
    (tmp_path / "people.csv").write_text("age\n2\n4\n")
    assert tilth("apply", "flow.tilth", "people.csv", "-o", "out.csv").code == 0
    assert (tmp_path / "out.csv").read_text().split() == ["age", "0.0", "2.0"]
    (tmp_path / "recipe.json").write_text(json.dumps([action("LEN", sourceColumn="a")]))
    assert "learned nothing" in tilth("convert", "recipe.json", "-o", "recipe.tilth").err


def test_a_folder_of_spark_ml_becomes_a_fitted_flow(tilth: Tilth, tmp_path: Path) -> None:
    saved(tmp_path / "model", IMPUTER, LEFT["unknown"][0])
    done = tilth("convert", "model", "-o", "flow.tilth")
    assert (done.code, done.err) == (
        1,
        "written: flow.tilth\n2 steps, 1 not converted\nnot converted: stage 2, DCT: no step does the same\n",
    )


def test_a_suite_becomes_rules_and_what_is_left_out_is_listed(tilth: Tilth, tmp_path: Path) -> None:
    names = ("expect_column_values_to_not_be_null", "expect_column_values_to_be_increasing")
    suite = {"expectations": [{"type": name, "kwargs": {"column": "age"}} for name in names]}
    (tmp_path / "suite.json").write_text(json.dumps(suite))
    done = tilth("convert", "suite.json", "-o", "rules.dqdl")
    left = "expectation 2, expect_column_values_to_be_increasing of age: rows have no order"
    assert (done.code, done.err) == (1, f"written: rules.dqdl\n2 expectations, 1 not converted\nnot converted: {left}\n")
    assert f"# Not converted: {left}\n" in (tmp_path / "rules.dqdl").read_text()
    (tmp_path / "people.csv").write_text("age\n2\n4\n")
    assert tilth("check", "people.csv", "rules.dqdl").code == 0
    assert "NAME.dqdl" in tilth("convert", "suite.json", "-o", "rules.yaml").err


def test_a_configuration_is_written_for_clarify(tilth: Tilth, tmp_path: Path) -> None:
    methods = {"pre_training_bias": {"methods": ["CI"]}}
    given = {"dataset_type": "text/csv", "facet": [{"name_or_index": "sex"}], "methods": methods}
    (tmp_path / "config.json").write_text(json.dumps({**given, "tilth": {"bootstrap": 0}}))
    done = tilth("convert", "config.json", "-o", "clarify.json")
    assert (done.code, json.loads((tmp_path / "clarify.json").read_text())) == (1, given)
    assert "not converted: tilth.bootstrap: Clarify has no intervals or verdicts\n" in done.err
