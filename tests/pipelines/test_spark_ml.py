"""Saved pipelines of Spark ML as flows: the flow makes what Spark makes, and what is not converted is listed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import tilth
from tilth.errors import RequestError
from tilth.flow import Flow

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Stage = tuple[str, Mapping[str, Any], Mapping[str, Any]]
TABLE = pa.table(
    {
        "a": [1.0, 2.0, 4.0, 7.5, 2.0],
        "b": [3.0, None, 5.0, 1.0, 2.5],
        "n": pa.array([4, 5, 6, 7, 5], pa.int32()),
        "city": ["Ulm", "Bonn", "Ulm", "Koeln", "Bonn"],
        "text": ["A fair deal fair", "no deal", "", "fair Day", "the day, the deal"],
    }
)


@pytest.mark.spark
def test_a_flow_makes_what_spark_makes(spark: SparkSession, tmp_path: Path) -> None:
    from pyspark.ml import Pipeline
    from pyspark.ml import feature as f
    from pyspark.ml.functions import vector_to_array
    from pyspark.sql import functions

    place = tmp_path / "table.parquet"
    later = pa.concat_tables([TABLE, TABLE.set_column(3, "city", [["Trier", None, "Ulm", "Ulm", "Bonn"]])])
    later = later.set_column(0, "a", [[1.0, 2.0, 4.0, 7.5, 2.0, -9.0, 5.0, 100.0, 4.9, 2.1]])
    pq.write_table(later, place)
    data = spark.read.parquet(str(place))
    scaled = [
        f.StandardScaler(inputCol="all", outputCol="standard", withMean=True),
        f.StandardScaler(inputCol="all", outputCol="width"),
        f.MinMaxScaler(inputCol="all", outputCol="minmax", min=-1.0, max=2.0),
        f.MaxAbsScaler(inputCol="all", outputCol="maxabs"),
        f.RobustScaler(inputCol="all", outputCol="robust", withCentering=True),
        f.Normalizer(inputCol="all", outputCol="norm"),
        f.PCA(k=2, inputCol="all", outputCol="pca"),
        f.VarianceThresholdSelector(featuresCol="all", outputCol="some"),
    ]
    stages = [
        f.Imputer(inputCols=["a", "b"], outputCols=["a_full", "b_full"], strategy="median"),
        f.StringIndexer(inputCol="city", outputCol="place", handleInvalid="keep"),
        f.OneHotEncoder(inputCols=["place"], outputCols=["is"]),
        f.OneHotEncoder(inputCols=["place"], outputCols=["kept"], handleInvalid="keep", dropLast=False),
        f.VectorAssembler(inputCols=["a_full", "b_full", "is", "n"], outputCol="all"),
        *scaled,
        f.Bucketizer(splits=[-float("inf"), 2.0, 5.0, float("inf")], inputCol="a", outputCol="bucket"),
        f.Bucketizer(splits=[0.0, 2.0, 5.0], inputCol="b", outputCol="kept_bucket", handleInvalid="keep"),
        f.QuantileDiscretizer(numBuckets=3, inputCol="n", outputCol="third"),
        f.Binarizer(threshold=2.0, inputCol="a", outputCol="more"),
        f.SQLTransformer(statement="SELECT *, a * 2 + n AS sum FROM __THIS__"),
        f.RegexTokenizer(inputCol="text", outputCol="words", pattern="\\w\\w+", gaps=False),
        f.StopWordsRemover(inputCol="words", outputCol="left", stopWords=["the"]),
        f.NGram(n=2, inputCol="left", outputCol="pairs"),
        f.CountVectorizer(inputCol="pairs", outputCol="of_pairs"),
        f.CountVectorizer(inputCol="left", outputCol="counts"),
        f.IDF(inputCol="counts", outputCol="tfidf"),
    ]
    model = Pipeline(stages=stages).fit(data.limit(5).coalesce(1))
    made = tilth.convert(model)
    assert made.left_out == ()
    theirs = model.transform(data)
    vectors = ["kept", *(s.getOutputCol() for s in scaled), "of_pairs", "tfidf"]
    numbers = ["bucket", "kept_bucket", "third", "more", "sum"]
    rows = theirs.select(*(vector_to_array(v).alias(v) for v in vectors), *(functions.col(n).cast("double") for n in numbers)).collect()
    mine = tilth.write(tilth.apply(made.flow, later)).to_pydict()
    for row, i in zip(rows, range(len(later)), strict=True):
        expected = {f"{v}_{k}": x for v in vectors for k, x in enumerate(row[v])} | {n: row[n] for n in numbers}
        assert expected.keys() == mine.keys() == set(made.columns)
        for name, x in expected.items():
            given = mine[name][i]
            assert given is x or np.isclose(float(given), x, rtol=1e-12, atol=1e-12), (name, i)  # the same, None too
    model.stages[0].write().save(str(tmp_path / "imputer"))
    assert tilth.convert(tmp_path / "imputer").flow.row({"a": None, "b": 1.0}) == {"a_full": 2.0, "b_full": 1.0}
    assert Flow.parse(str(made)).parts == made.flow.parts


def saved(folder: Path, *stages: Stage) -> Path:
    """A pipeline as Spark saves it: the forms are those of Spark 4.3."""

    def write(place: Path, kind: str, parameters: Mapping[str, Any], learned: Mapping[str, Any]) -> None:
        (place / "metadata").mkdir(parents=True)
        described = {"class": f"org.apache.spark.ml.{kind}", "paramMap": parameters, "defaultParamMap": {}}
        (place / "metadata" / "part-00000-x.txt").write_text(json.dumps(described) + "\n")
        if learned:
            (place / "data").mkdir()
            pq.write_table(pa.Table.from_pylist([dict(learned)]), place / "data" / "part-00000.parquet")

    width = len(str(len(stages)))
    write(folder, "PipelineModel", {"stageUids": [f"s{i}" for i in range(len(stages))]}, {})
    for i, (kind, parameters, learned) in enumerate(stages):
        write(folder / "stages" / f"{i:0{width}}_s{i}", kind, parameters, learned)
    return folder


def dense(*values: float) -> dict[str, Any]:
    return {"type": 1, "size": None, "indices": None, "values": list(values)}


IMPUTER: Stage = ("feature.ImputerModel", {"inputCols": ["a"], "outputCols": ["f"], "missingValue": "NaN", "strategy": "mean"}, {"a": 2.0})
WORDS: Stage = (
    "feature.RegexTokenizer",
    {"inputCol": "t", "outputCol": "w", "pattern": r"\b\w\w+\b", "gaps": False, "minTokenLength": 1, "toLowercase": True},
    {},
)
COUNTS: Stage = (
    "feature.CountVectorizerModel",
    {"inputCol": "w", "outputCol": "c", "binary": False, "minTF": 1.0},
    {"vocabulary": ["deal", "fair"]},
)


def test_a_saved_pipeline_is_read_without_spark_and_saved_as_a_flow(tmp_path: Path) -> None:
    scaler = {"inputCol": "v", "outputCol": "s", "withMean": False, "withStd": True}
    sparse = {"type": 0, "size": 3, "indices": [0], "values": [4.0]}
    place = saved(
        tmp_path / "p",
        IMPUTER,
        WORDS,
        COUNTS,
        ("feature.VectorAssembler", {"inputCols": ["f", "c"], "outputCol": "v", "handleInvalid": "keep"}, {}),
        ("feature.StandardScalerModel", scaler, {"std": dense(0.5, 2.0, 0.0), "mean": sparse}),
        ("classification.LogisticRegressionModel", {"featuresCol": "s", "predictionCol": "prediction"}, {}),
    )
    made = tilth.convert(place)
    (left,) = made.left_out
    assert left.startswith("stage 6, LogisticRegressionModel: it is a model, not a stage that prepares; train one on what the flow makes")
    made.save(tmp_path / "f.tilth")
    flow = Flow.load(tmp_path / "f.tilth")
    assert flow.row({"a": None, "t": "A fair deal, a FAIR day"}) == {"s_0": 4.0, "s_1": 0.5, "s_2": 0.0}  # the last one was constant
    anew = tilth.fit(Flow.parse(str(made)), pa.table({"a": [1.0, 3.0], "t": ["fair deal", "fair"]}))
    assert {"s_0", "s_c_deal"} <= set(anew.get_feature_names_out())
    assert "keep the originals" in made.notes[-1]


LEFT: dict[str, tuple[Stage, str]] = {
    "words": (("feature.Tokenizer", {"inputCol": "t", "outputCol": "x"}, {}), "use RegexTokenizer"),
    "hashes": (("feature.HashingTF", {"inputCol": "w", "outputCol": "x"}, {}), "use CountVectorizer"),
    "unknown": (("feature.DCT", {"inputCol": "v", "outputCol": "x"}, {}), "no step does the same"),
    "of others": (("com.example.Mine", {"inputCol": "v", "outputCol": "x"}, {}), "it is a model"),
    "sql": (("feature.SQLTransformer", {"statement": "SELECT a FROM __THIS__ WHERE a > 1"}, {}), "it is not `SELECT *"),
    "sql-taken": (("feature.SQLTransformer", {"statement": "SELECT *, a + 1 AS f FROM __THIS__"}, {}), "'f', which is there already"),
    "gaps": (("feature.RegexTokenizer", {**WORDS[1], "outputCol": "x", "gaps": True}, {}), "gaps=False"),
    "missing": (("feature.ImputerModel", {**IMPUTER[1], "outputCols": ["x"], "missingValue": -1.0}, {"a": 1.0}), "missing is -1.0 to it"),
    "norm": (("feature.Normalizer", {"inputCol": "f", "outputCol": "x", "p": 3.0}, {}), "none of 1, 2 and infinity"),
    "blank": (
        (
            "feature.StringIndexerModel",
            {"inputCol": "k", "outputCol": "x", "handleInvalid": "error", "stringOrderType": "frequencyDesc"},
            {"labelsArray": [["a", " "]]},
        ),
        "a blank string is one of its labels",
    ),
}


@pytest.mark.parametrize("name", LEFT)
def test_what_is_not_converted_is_listed_and_so_is_what_reads_it(tmp_path: Path, name: str) -> None:
    stage, reason = LEFT[name]
    reader: Stage = ("feature.Binarizer", {"inputCol": "x", "outputCol": "y", "threshold": 0.5}, {})
    made = tilth.convert(saved(tmp_path / "p", IMPUTER, stage, reader))
    assert reason in made.left_out[0]
    assert "x" not in made.flow.need_learned().schema or name.startswith("sql")
    if not name.startswith("sql"):
        assert "reads 'x', of a stage that was not converted" in made.left_out[1]


def test_what_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="nothing of the pipeline can be converted: stage 1, DCT"):
        tilth.convert(saved(tmp_path / "p", LEFT["unknown"][0]))
    (tmp_path / "q" / "metadata").mkdir(parents=True)
    (tmp_path / "q" / "metadata" / "part-00000").write_text("{}")
    with pytest.raises(RequestError, match=r"not a pipeline that Spark ML has saved[\s\S]*model.save"):
        tilth.convert(tmp_path / "q")
