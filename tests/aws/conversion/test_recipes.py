"""Recipes of DataBrew become flows: case by case, run on a small table."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import tilth
from tests.cases import cases
from tests.steps.keys import NAME as KEY_NAME
from tilth.aws.conversion.databrew.actions import ACTIONS, REASONS
from tilth.errors import RequestError

CASES = cases(Path(__file__).with_name("recipes.yaml"))


GONE = {"removeSourceColumn": "true"}


def recipe_of(steps: list[list[Any]]) -> list[dict[str, Any]]:
    """A recipe as DataBrew writes it."""
    keys = ("Condition", "Value", "TargetColumn")
    return [
        {
            "Action": {"Operation": operation, "Parameters": parameters},
            **({"ConditionExpressions": [dict(zip(keys, c, strict=True)) for c in conditions[0]]} if conditions else {}),
        }
        for operation, parameters, *conditions in steps
    ]


def converted(steps: list[list[Any]], folder: Path) -> Any:
    path = folder / "recipe.json"
    path.write_text(json.dumps(recipe_of(steps)), "utf-8")
    return tilth.convert(path)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_a_recipe_makes_of_a_table_what_it_says(case: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TILTH_KEY", os.environ[KEY_NAME])
    conversion = converted(case["recipe"], tmp_path)
    left = conversion.left_out
    assert len(left) == len(case.get("left", [])), left
    assert [line[: len(begins)] for line, begins in zip(left, case.get("left", []), strict=True)] == case.get("left", [])
    assert [part for part in case.get("notes", []) if not any(part in note for note in conversion.notes)] == []
    tilth.run(conversion.flow, tmp_path / "out", pa.table(case["table"]))
    (file,) = (tmp_path / "out").rglob("*.parquet")
    result = pq.read_table(file)
    gives = {name: result[name].to_pylist() for name in case["gives"]}
    near = ("log2",)  # a quotient of logarithms
    assert {k: pytest.approx(v) if k in near else v for k, v in gives.items()} == case["gives"]
    assert set(case.get("gone", [])).isdisjoint(result.column_names)
    if any(operation.startswith("MOVE_") for operation, *_ in case["recipe"]):
        assert result.column_names == list(case["gives"])


@pytest.mark.parametrize(("parameters", "names"), [({}, ["id", "m", "m_key", "m_value"]), (GONE, ["id", "m_key", "m_value"])])
def test_pairs_of_a_map_are_rows(parameters: dict[str, str], names: list[str], tmp_path: Path) -> None:
    conversion = converted([["UNNEST_MAP", {"sourceColumn": "m", **parameters}]], tmp_path)
    table = pa.table({"id": [1], "m": pa.array([[("a", 1), ("b", 2)]], pa.map_(pa.string(), pa.int64()))})
    tilth.run(conversion.flow, tmp_path / "out", table)
    (file,) = (tmp_path / "out").rglob("*.parquet")
    result = pq.read_table(file)
    assert result.column_names == names
    assert sorted(zip(*(result[c].to_pylist() for c in names[-2:]), strict=True)) == [("a", 1), ("b", 2)]


def test_every_action_has_a_case() -> None:
    tried = {operation for case in CASES for operation, *_ in case["recipe"]}
    alike = {  # the same row of the table as one that has a case
        *("LOWER", "UPPER", "PROPER", "STRING_GREATER_THAN", "STRING_GREATER_THAN_EQUAL", "STRING_LESS_THAN_EQUAL"),
        *("MERGE_COLUMNS_AND_VALUES", "EXTRACT_BETWEEN_POSITIONS", "TO_BOOLEAN_COLUMN", "TO_DOUBLE_COLUMN", "TO_STRING_COLUMN"),
        *("REPLACE_WITH_CUSTOM", "REPLACE_WITH_MEDIAN", "REPLACE_WITH_MODE", "REPLACE_WITH_MOST_FREQUENT"),
        *("JOIN", "UNION", "UNNEST_MAP"),  # in tests of their own
    }
    assert set(ACTIONS) - tried == alike
    assert not set(ACTIONS) & set(REASONS)


@pytest.mark.parametrize(("how", "rows"), [("INNER", [(1, "Ann")]), ("LEFT", [(1, "Ann"), (2, None)]), ("LEFT_EXCLUDING", [(2,)])])
def test_another_table_is_joined(how: str, rows: list[tuple[Any, ...]], tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("id,name,since\n7,Ann,2020\n9,Bob,2021\n")
    columns = {"leftColumns": '["n", "person"]', "rightColumns": '["id", "name"]'}
    other = {"secondInputLocation": str(tmp_path / "people.csv"), "secondaryDatasetName": "the people"}
    given = {"joinKeys": '[{"key": "person", "value": "id"}]', "joinType": f"{how}_JOIN", **columns, **other}
    conversion = converted([["JOIN", given]], tmp_path)
    assert conversion.left_out == ()
    tilth.run(conversion.flow, tmp_path / "out", pa.table({"n": [1, 2], "person": [7, 8]}))
    (file,) = (tmp_path / "out").rglob("*.parquet")
    result = pq.read_table(file).drop_columns("person")
    assert sorted(tuple(row.values()) for row in result.to_pylist()) == rows


UNITED = {"secondaryDatasetNames": '["last"]', "targetColumnNames": '["a", "b"]'}
PLACE = '[{"S3InputDefinition": {"Bucket": "bucket", "Key": "last.csv"}}]'


@pytest.mark.parametrize(
    ("columns", "place", "left"),
    [
        ('[["a", "b"], ["a", null]]', PLACE, ()),
        (
            '[["a", "b"], ["a", "c"]]',
            PLACE,
            ("step 1, UNION: it puts columns of different names together: rename them, and write `concat`",),
        ),
        ('[["a", "b"], ["a"]]', PLACE, ("step 1, UNION: it does not say which columns belong together",)),
    ],
)
def test_the_rows_of_another_table_are_added(columns: str, place: str, left: tuple[str, ...], tmp_path: Path) -> None:
    conversion = converted([["UNION", {**UNITED, "datasetsColumns": columns, "secondaryInputs": place}]], tmp_path)
    assert conversion.left_out == left
    if not left:
        assert [str(step) for step in conversion.flow.parts["rows"]] == ["concat(table='last')"]
        assert 'tables: {last: "s3://bucket/last.csv"}' in str(conversion)


def test_rows_of_the_training_part_go_after_the_features(tmp_path: Path) -> None:
    conversion = converted([["FILL_WITH_AVERAGE", {"sourceColumn": "a"}], ["DELETE_DUPLICATE_ROWS", {}]], tmp_path)
    assert [str(s) for s in conversion.flow.parts["training"]] == ["dedupe()"]
    assert conversion.notes[1].startswith("step 2, DELETE_DUPLICATE_ROWS: after the features, on the training part only")
    tilth.run(conversion.flow, tmp_path / "out", pa.table({"a": [*map(float, range(20)), None] * 2}))
    train, test = (pq.read_table(tmp_path / "out" / part)["a"].to_pylist() for part in ("train", "test"))
    assert len(set(train)) == len(train)
    assert len(set(test)) * 2 == len(test)


def test_a_recipe_is_read_as_yaml_and_in_an_object(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "Name: mine\nSteps:\n  - RecipeAction:\n      Operation: UPPER_CASE\n      Parameters: {sourceColumn: city}\n"
    )
    conversion = tilth.convert(tmp_path / "a.yaml", data="cities.csv")
    assert conversion.left_out == ()
    assert (conversion.flow.reading.read, str(conversion.flow.parts["features"][0])) == (
        ("cities.csv",),
        "formula(column='city', expression='upper(city)')",
    )


def test_what_is_not_converted_stays_in_its_place_as_a_comment(tmp_path: Path) -> None:
    steps = [
        ["LOWER_CASE", {"sourceColumn": "a"}],
        ["NOW", {"targetColumn": "t\n- dedupe"}],
        ["LEN", {"sourceColumn": "a", "targetColumn": "n"}],
    ]
    lines = str(converted(steps, tmp_path)).splitlines()
    at = next(i for i, line in enumerate(lines) if "NOT CONVERTED" in line)
    assert lines[at] == "  # NOT CONVERTED step 2, NOW: it gives another result each time"
    assert lines[at + 1].startswith("  #   {targetColumn: ")
    assert "lower(a)" in lines[at - 1] and "length(a)" in lines[at + 3]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "not-convertible"),
        ("[1, 2]", "not-convertible"),
        ('{"Words": []}', "not-convertible"),
        ("just words", "not-convertible"),
        ("[{]", "invalid-json"),
        ("[" * 100 + "]" * 100, "too-large"),
        ("[" * 100_000 + "]" * 100_000, "too-large"),
        ("a: &a [*a]", "too-large"),
        ("[" + "{}," * 1_000 + "{}]", "too-large"),
        ("- !!python/object:os.system {}", "tag"),
    ],
    ids=["empty", "numbers", "mapping", "words", "broken", "deep", "deeper", "aliases", "long", "tags"],
)
def test_other_files_are_refused(text: str, code: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_text(text)
    with pytest.raises(RequestError) as refused:
        tilth.convert(tmp_path / "x")
    assert {m.code for m in refused.value.mistakes} == {code}


ODD: list[Any] = [
    {},
    {"Action": None},
    {"Action": {"Operation": 7}},
    {"Action": {"Operation": "LEN", "Parameters": []}},
    {"Action": {"Operation": "LEN", "Parameters": {"sourceColumn": {"a": [1]}}}},
    {"Action": {"Operation": "SORT", "Parameters": {"expressions": "[1]"}}},
    {"Action": {"Operation": "LEFT", "Parameters": {"sourceColumn": "a", "position": "1e999"}}},
    {"Action": {"Operation": "RENAME", "Parameters": {"sourceColumn": "a", "targetColumn": ""}}},
    {
        "Action": {"Operation": "REMOVE_VALUES", "Parameters": {}},
        "ConditionExpressions": [{"Condition": "IS", "Value": "[", "TargetColumn": "a"}],
    },
    {"Action": {"Operation": "REMOVE_VALUES", "Parameters": {}}, "ConditionExpressions": {"Condition": "IS"}},
    {"Action": {"Operation": "CATEGORICAL_MAPPING", "Parameters": {"sourceColumn": "a", "categoryMap": "{", "mapType": "TEXT"}}},
]


@pytest.mark.parametrize("step", ODD, ids=lambda step: str(step)[:60])
def test_an_odd_step_is_left_out_and_the_flow_loads(step: Any, tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text(json.dumps([step, {"Action": {"Operation": "LEN", "Parameters": {"sourceColumn": "a"}}}]))
    conversion = tilth.convert(tmp_path / "r.json")
    assert len(conversion.left_out) == 1
    assert len(conversion.flow.parts["features"]) == 1
