"""Flows of Data Wrangler become flows: case by case, run on a small table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import tilth
from tests.cases import cases
from tilth.aws.conversion.data_wrangler.operators import OPERATORS
from tilth.aws.conversion.data_wrangler.transform import snake

CASES = cases(Path(__file__).with_name("flows.yaml"))


def flow_of(nodes: list[list[Any]]) -> dict[str, Any]:
    """A flow as Data Wrangler writes it: the nodes in an order other than that of their inputs, with what was chosen before."""
    source = {"node_id": "0", "type": "SOURCE", "operator": "sagemaker.s3_source_0.1", "parameters": {}, "inputs": []}
    listed = [source, *(_node(n, *node) for n, node in enumerate(nodes, 1))]
    view = {"node_id": "view", "type": "VISUALIZATION", "operator": "sagemaker.visualizations.describe_0.1"}
    return {"metadata": {"version": 1}, "nodes": [{**view, "inputs": [{"name": "df", "node_id": "1"}]}, *reversed(listed)]}


def _node(n: int, operator: str, label: str, parameters: dict[str, Any], learned: dict[str, Any] | None = None) -> dict[str, Any]:
    lingering = {"input_column": "lingers", "code": "lingers"}
    chosen = {"operator": label, f"{snake(label)}_parameters": parameters, "other_parameters": lingering} if label else parameters
    return {
        "node_id": str(n),
        "type": "TRANSFORM",
        "operator": f"sagemaker.spark.{operator}_0.1",
        "parameters": chosen,
        "trained_parameters": learned or {f"{snake(label)}_parameters": {"_hash": "8", "model": "c$@}Hb"}},
        "inputs": [{"name": "df", "node_id": str(n - 1), "output_name": "default"}],
        "outputs": [{"name": "default"}],
    }


def converted(given: Any, folder: Path) -> Any:
    (folder / "x.flow").write_text(json.dumps(given), "utf-8")
    return tilth.convert(folder / "x.flow")


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_a_flow_makes_of_a_table_what_it_says(case: dict[str, Any], tmp_path: Path) -> None:
    conversion = converted(flow_of(case["nodes"]), tmp_path)
    left = conversion.left_out
    assert len(left) == len(case.get("left", [])), left
    assert [line[: len(begins)] for line, begins in zip(left, case.get("left", []), strict=True)] == case.get("left", [])
    assert [part for part in case.get("notes", []) if not any(part in note for note in conversion.notes)] == []
    assert "lingers" not in str(conversion)
    tilth.run(conversion.flow, tmp_path / "out", pa.table(case["table"]))
    (file,) = (tmp_path / "out").rglob("*.parquet")
    result = pq.read_table(file)
    assert {name: result[name].to_pylist() for name in case["gives"]} == case["gives"]
    assert set(case.get("gone", [])).isdisjoint(result.column_names)


def test_a_split_and_what_balances_behind_it(tmp_path: Path) -> None:
    splits = [{"name": "Train", "percentage": 0.8}, {"name": "Test", "percentage": 0.2}]
    nodes = [
        ["split", "Randomized split", {"splits": splits, "error": 0.0001, "seed": "7"}],
        ["balance_data", "Random oversample", {"target_column": "bad", "ratio": 1}],
        ["handle_missing", "Drop missing", {"dimension": "Drop Rows", "drop_rows_parameters": {"input_column": "a"}}],
    ]
    conversion = converted(flow_of(nodes), tmp_path)
    parts = {part: [str(s) for s in steps] for part, steps in conversion.flow.parts.items()}
    assert conversion.left_out == ()
    assert parts["split"] == ["split(shares={'train': 0.8, 'test': 0.2}, seed=7)"]
    assert parts["training"] == ["balance(with='over', label='bad')", "filter(where='a IS NOT NULL')"]


HALVES = [{"name": "train", "percentage": 50}, {"name": "test", "percentage": 50}]
OF_ALL_ROWS = [
    ("split", "Ordered split", {"splits": HALVES, "input_column": "n"}, {"by": "ordered", "columns": "n"}),
    ("split", "Split by key", {"splits": HALVES, "key_columns": ["k", "m"]}, {"by": "group", "columns": ("k", "m")}),
    ("split", "Stratified split", {"splits": HALVES, "input_column": "k"}, {"by": "stratified", "columns": "k"}),
    ("balance_data", "Random undersample", {"target_column": "bad", "ratio": "0.5"}, {"with_": "under", "ratio": 0.5, "label": "bad"}),
    ("balance_data", "SMOTE", {"target_column": "bad", "num_neighbors": "3"}, {"with_": "smote", "neighbours": 3, "label": "bad"}),
    ("manage_rows", "Shuffle", {"seed": 4}, {"seed": 4}),
    ("sampling", "", {"sampling_method": "sample_by_count", "random_parameters": {"sample_size": "9"}}, {"n": 9}),
    ("sampling", "", {"sampling_method": "sample_by_ratio", "sample_ratio": 0.5, "seed": "3"}, {"fraction": 0.5, "seed": 3}),
    ("sampling", "", {"sampling_method": "stratified", "sample_ratio": 0.5, "stratify_column": "k"}, {"fraction": 0.5, "stratify": "k"}),
]


@pytest.mark.parametrize(("operator", "label", "parameters", "fields"), OF_ALL_ROWS)
def test_a_transform_of_all_rows_is_a_step(
    operator: str, label: str, parameters: dict[str, Any], fields: dict[str, Any], tmp_path: Path
) -> None:
    conversion = converted(flow_of([[operator, label, parameters]]), tmp_path)
    assert conversion.left_out == ()
    name = {"split": "split", "balance_data": "balance", "manage_rows": "shuffle", "sampling": "sample"}[operator]
    (step,) = (s for steps in conversion.flow.parts.values() for s in steps if s.name == name)
    assert {field: getattr(step, field) for field in fields} == fields


def test_every_transform_has_a_case() -> None:
    tried = {node[1] for case in CASES for node in case["nodes"]} | {label for _, label, *_ in OF_ALL_ROWS}
    alike = {"Randomized split", "Random oversample"}  # in the test above
    alike |= {"Lower", "Title case", "Replace rare", "SQL (PySpark SQL)", "Filter"}  # other names of what has a case
    assert {label for _, label in OPERATORS} - tried == alike


def test_a_branch_that_is_not_followed_is_listed(tmp_path: Path) -> None:
    given = flow_of([["format_string", "Upper", {"input_column": c}] for c in "abc"])
    branch = _node(9, "format_string", "Lower", {"input_column": "z"}) | {"inputs": [{"name": "df", "node_id": "1"}]}
    conversion = converted({"nodes": [branch, *given["nodes"]]}, tmp_path)
    assert [line.partition(":")[0] for line in conversion.left_out] == ["node 4, format_string (Lower)"]
    assert len(conversion.flow.parts["features"]) == 3


def test_the_place_that_a_source_reads_is_the_data(tmp_path: Path) -> None:
    given = flow_of([["format_string", "Upper", {"input_column": "a"}]])
    given["nodes"][-1]["parameters"] = {"dataset_definition": {"s3ExecutionContext": {"s3Uri": "s3://bucket/loans.csv"}}}
    assert converted(given, tmp_path).flow.reading.read == ("s3://bucket/loans.csv",)


@pytest.mark.parametrize(
    ("how", "names", "part"),
    [
        ("leftouter", ["Ann", None, "Bob"], "features"),
        ("inner", ["Ann", "Bob"], "rows"),
        ("leftsemi", None, "rows"),
        ("left_anti", None, "rows"),
    ],
)
def test_a_table_that_is_read_as_it_is_is_joined(how: str, names: list[str | None] | None, part: str, tmp_path: Path) -> None:
    def source(name: str, text: str) -> dict[str, Any]:
        (tmp_path / f"{name}.csv").write_text(text)
        return {"dataset_definition": {"s3ExecutionContext": {"s3Uri": str(tmp_path / f"{name}.csv")}}}

    nodes = [
        ["join_tables", "", {"left_column": "person", "right_column": "id", "join_type": how}],
        ["manage_rows", "Sort", {"input_column": "n"}],
    ]
    given = flow_of(nodes)
    given["nodes"][-1]["parameters"] = source("orders", "n,person\n1,7\n2,8\n3,9\n")
    other = {"node_id": "right", "type": "SOURCE", "operator": "sagemaker.s3_source_0.1", "inputs": []}
    other["parameters"] = source("people", "id,name\n7,Ann\n9,Bob\n")
    joining = next(n for n in given["nodes"] if n["node_id"] == "1")
    joining["inputs"].append({"name": "right", "node_id": "types"})
    types = _node(0, "infer_and_cast_type", "", {}, {"schema": {"id": "long", "name": "string"}})
    types |= {"node_id": "types", "inputs": [{"name": "df", "node_id": "right"}]}
    conversion = converted({"nodes": [other, types, *given["nodes"]]}, tmp_path)
    assert conversion.left_out == ()
    assert [s.name for s in conversion.flow.parts[part]][:1] == ["join"]
    tilth.run(conversion.flow, tmp_path / "out")
    (file,) = (tmp_path / "out").rglob("*.parquet")
    result = pq.read_table(file)
    if names is None:
        assert result["n"].to_pylist() == ([1, 3] if how == "leftsemi" else [2])
    else:
        assert result["name"].to_pylist() == names


def test_keys_of_one_name_are_called_as_there_after_a_join(tmp_path: Path) -> None:
    join = ["join_tables", "", {"left_column": "id", "right_column": "id", "join_type": "inner"}]
    drop = ["manage_columns", "Drop column", {"column_to_drop": "id_1"}]
    given = flow_of([join, drop, ["manage_columns", "Rename column", {"input_column": "id_0", "new_name": "key"}]])
    (tmp_path / "people.csv").write_text("id,name\n7,Ann\n9,Bob\n")
    source = {"dataset_definition": {"s3ExecutionContext": {"s3Uri": str(tmp_path / "people.csv")}}}
    given["nodes"].append({"node_id": "right", "type": "SOURCE", "operator": "sagemaker.s3_source_0.1", "parameters": source})
    next(n for n in given["nodes"] if n["node_id"] == "1")["inputs"].append({"name": "right", "node_id": "right"})
    conversion = converted(given, tmp_path)
    assert conversion.left_out == ()
    tilth.run(conversion.flow, tmp_path / "out", pa.table({"id": [7, 8, 9]}))
    (file,) = (tmp_path / "out").rglob("*.parquet")
    assert pq.read_table(file).to_pydict() == {"name": ["Ann", "Bob"], "key": [7, 9]}


def test_rows_are_not_dropped_by_a_column_before_it_is_joined(tmp_path: Path) -> None:
    join = ["join_tables", "", {"left_column": "person", "right_column": "id", "join_type": "left"}]
    given = flow_of([join, ["handle_missing", "Drop missing", {"drop_rows_parameters": {"input_column": "name"}}]])
    source = {"dataset_definition": {"s3ExecutionContext": {"s3Uri": "s3://bucket/people.csv"}}}
    given["nodes"].append({"node_id": "right", "type": "SOURCE", "operator": "sagemaker.s3_source_0.1", "parameters": source})
    joining = next(n for n in given["nodes"] if n["node_id"] == "1")
    joining["inputs"].append({"name": "right", "node_id": "right"})
    parts = converted(given, tmp_path).flow.parts
    assert {part: [s.name for s in steps] for part, steps in parts.items() if part != "split"} == {
        "features": ["join", "formula"],
        "training": ["filter"],
    }


def test_rows_are_not_dropped_by_a_part_of_a_day_before_it_is_made(tmp_path: Path) -> None:
    parts = ["time_series", "Featurize date/time", {"input_column": "day", "year": True}]
    given = flow_of([parts, ["manage_rows", "Filter", {"column": "day_year", "condition": ">", "value": "2020"}]])
    made = converted(given, tmp_path).flow.parts
    assert [s.name for part in ("features", "training") for s in made[part]] == ["featurize", "filter"]


@pytest.mark.parametrize(
    ("operator", "label", "block", "key"),
    [
        ("custom_pandas", "", "", "code"),
        ("custom_code", "Python (PySpark)", "pyspark_parameters", "code"),
        ("custom_code", "Python (Pandas)", "pandas_parameters", "code"),
        ("custom_code", "Python (User-Defined Function)", "udf_parameters", "pandas_code"),
    ],
)
def test_code_stays_readable_in_a_comment_and_out_of_the_flow(operator: str, label: str, block: str, key: str, tmp_path: Path) -> None:
    code = {key: "if True:\n    df = 1\nfeatures: [dedupe]"}
    given = flow_of([[operator, "", {"operator": label, block: code, "name": "mine"} if block else code]])
    text = str(converted(given, tmp_path))
    assert "  #   if True:\n  #       df = 1\n  #   features: [dedupe]\n" in text
    assert [line for line in text.splitlines() if line and not line.lstrip().startswith("#")] == ["features: []"]


@pytest.mark.parametrize(
    "change",
    [
        {"inputs": [{"node_id": "1"}]},
        {"inputs": "1"},
        {"parameters": [1]},
        {"operator": 7},
        {"trained_parameters": "x"},
        {"inputs": [{"node_id": "nowhere"}]},
    ],
    ids=str,
)
def test_an_odd_node_stops_nothing(change: dict[str, Any], tmp_path: Path) -> None:
    given = flow_of([["format_string", "Upper", {"input_column": "a"}]])
    conversion = converted({"nodes": [n | change if n["node_id"] == "1" else n for n in given["nodes"]]}, tmp_path)
    assert len(conversion.items) == 1
