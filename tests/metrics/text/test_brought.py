"""Features of texts by files that the user brings."""

from __future__ import annotations

import onnx
import pyarrow as pa
import pytest
from onnx import TensorProto, helper

import tilth
from tilth.errors import RequestError, TilthError
from tilth.metrics.text.brought import OutsideWords, TextModel, WordScores

SCORES = {"you fool": 0.75, "see you": 0.125}
TEXTS = pa.array(["see you", None, "you fool", "else"])


def model(path, outputs=("score",)):
    """A model that knows the answer to two texts: a label, a score, or both."""
    values = {"label": {"values_strings": ["rude", "kind"]}, "score": {"values_floats": list(SCORES.values())}}
    defaults = {"label": {"default_string": "none"}, "score": {"default_float": 0.0}}
    types = {"label": TensorProto.STRING, "score": TensorProto.FLOAT}
    nodes = [
        helper.make_node("LabelEncoder", ["text"], [o], domain="ai.onnx.ml", keys_strings=list(SCORES), **values[o], **defaults[o])
        for o in outputs
    ]
    shape = [None, 1]
    graph = helper.make_graph(
        nodes,
        "texts",
        [helper.make_tensor_value_info("text", TensorProto.STRING, shape)],
        [helper.make_tensor_value_info(o, types[o], shape) for o in outputs],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 2)], ir_version=9)
    onnx.save(made, path)
    return str(path)


def test_words_outside_a_list(tmp_path):
    file = tmp_path / "words.txt"
    file.write_text("# a list\nthe 900\nCat\t7\n\nstraße\n", "utf-8")
    share = OutsideWords.of(str(file))
    assert share(pa.array(["The cat", "STRASSE the xyzzy", "?", None])).to_pylist() == [0.0, 0.3333, None, None]


def test_scores_of_words(tmp_path):
    file = tmp_path / "scores.txt"
    file.write_text("# AFINN has such lines\nAwful\t-3\ngood 3 0.5\nstraße 1e-1\n", "utf-8")
    score = WordScores.of(str(file))
    assert score(pa.array(["good GOOD awful", "STRASSE", "?", "", None])).to_pylist() == [1.0, 0.1, None, None, None]
    table = pa.table({"body": ["good", "awful", "so"] * 20, "y": [1, 0, 1] * 20})
    report = tilth.measure(tilth.read(table, roles={"facet": f"body@sentiment:{file}", "label": "y", "positive": 1}), "bias", bootstrap=0)
    assert {f.group.partition("=")[2]: f.value for f in report.of("bias") if f.name == "DPL"} == {"-3.0": 1, "3.0": -1}
    file.write_text("good\n")
    with pytest.raises(RequestError, match=r"has the line 'good'"):
        WordScores.of(str(file))


def test_a_model_of_texts_gives_scores_and_labels(tmp_path):
    file = model(tmp_path / "m.onnx", ("label", "score"))
    assert TextModel.of(file)(TEXTS).to_pylist() == [0.125, None, 0.75, 0.0]
    assert TextModel.of(file, labels=True)(TEXTS).to_pylist() == ["kind", None, "rude", "none"]
    assert TextModel.of(file)(TEXTS.slice(1, 1)).to_pylist() == [None]


@pytest.mark.spark
def test_spark_asks_the_model_too(tmp_path, spark):
    from tilth.engine.spark import Spark

    data = pa.table({"body": ["see you", "you fool", "else"] * 12, "y": [0, 1, 1] * 12})
    facets = [f"body@toxicity:{model(tmp_path / 'm.onnx')}", "body@language"]
    numbers = [
        [(f.name, f.group, f.value) for f in tilth.measure(tilth.read(data, roles=roles), "bias", bootstrap=0, engine=engine).of("bias")]
        for roles in [{"facet": facets, "label": "y", "positive": 1}]
        for engine in ("duckdb", Spark(spark))
    ]
    assert numbers[0] == numbers[1]


def test_what_is_not_such_a_file_is_refused(tmp_path):
    (empty := tmp_path / "empty.txt").write_text("# nothing\n")
    (latin := tmp_path / "latin.txt").write_bytes("straße".encode("latin-1"))
    for file, says in ((empty, "is empty"), (latin, "not UTF-8"), (tmp_path / "no.txt", "there is no list of words")):
        with pytest.raises(TilthError, match=says):
            OutsideWords.of(str(file))
    numbers = helper.make_tensor_value_info("text", TensorProto.FLOAT, [1])
    same = helper.make_graph(
        [helper.make_node("Identity", ["text"], ["y"])], "g", [numbers], [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])]
    )
    onnx.save(helper.make_model(same, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), str(tmp_path / "f.onnx"))
    for file, says in ((str(empty), "not an ONNX model"), (str(tmp_path / "f.onnx"), "inputs are text tensor")):
        with pytest.raises(TilthError, match=says):
            TextModel.of(file)
