"""Segments of the data: their conditions, and the metrics of each."""

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tests.aws.clarify.measured import measure_config
from tests.aws.clarify.test_analysis import CONFIG, RUNNING, data
from tests.engines import duckdb_session
from tilth.aws.clarify.analysis import analysis_json
from tilth.aws.clarify.config import AnalysisConfig
from tilth.errors import ColumnError


def test_all_metrics_are_repeated_for_each_segment_and_the_rest():
    """Ages 20 (100 rows, those of M) and 50 (F) with five unknown: the segments are intervals, the rest has what is in none."""
    table = RUNNING.append_column("age", pa.array([20, 50] * 75))
    config = CONFIG | {
        "segment_config": [{"name_or_index": "age", "segments": [["(0, 30]"]], "config_name": "ages", "display_aliases": ["young"]}]
    }
    report = measure_config(data(table), AnalysisConfig.of(config), duckdb_session())
    made = analysis_json(report)
    segments = made["pre_training_bias_metrics"]["segments"]
    assert [(s["config_name"], s["segment"]) for s in segments] == [("ages", "young"), ("ages", "__default__")]
    groups = [s["facets"]["sex"][0] for s in segments]
    assert [g["counts"]["n_a"] + g["counts"]["n_d"] for g in groups] == [75, 75]
    assert {m["name"]: m["value"] for m in groups[0]["metrics"]}["CI"] == pytest.approx(1 / 3)
    assert made["pre_training_bias_metrics"]["facets"]["sex"][0]["counts"]["n_d"] == 50
    assert "segments" not in analysis_json(report, strict=True)["pre_training_bias_metrics"]


@pytest.mark.parametrize(
    ("values", "segments", "rows"),
    [
        (["a", "b", None, "c"] * 5, [["a", "b"], ["c"]], [10, 5, 5]),
        ([1, 2, 3, None] * 5, [["1"], ["[2, 3]"]], [5, 10, 5]),
        ([True, False] * 10, [["True"]], [10, 10]),
        (["a", "b"] * 10, [["z"]], [0, 20]),
    ],
)
def test_a_row_is_in_one_segment(values, segments, rows):
    table = pa.table({"sex": ["M", "F"] * 10, "approved": ["yes", "no", "no", "yes"] * 5, "s": values})
    config = CONFIG | {"segment_config": [{"name_or_index": "s", "segments": segments}], "facet": [{"name_or_index": "sex"}]}
    report = measure_config(data(table), AnalysisConfig.of(config), duckdb_session())
    parts = {f.part for f in report.of("bias") if f.part}
    counted = {p: f.payload.counts for p in parts for f in report.of("bias", part=p)}
    assert sorted(c["n_a"] + c["n_d"] for c in counted.values()) == sorted(n for n in rows if n)


def test_numbers_are_read_as_in_the_whole_table():
    """40 of 48 ages in 4,800 rows is a value. Of the 48 rows of a segment alone, it would be a threshold, and the label's maximum 7."""
    n = 4_800
    table = pa.table(
        {
            "age": [20 + i % 48 for i in range(n)],
            "score": [i * 7 % 11 + i / n for i in range(n)],
            "s": ["few" if i < 48 else "many" for i in range(n)],
        }
    )
    config = CONFIG | {
        "label": "score",
        "label_values_or_threshold": [5],
        "segment_config": [{"name_or_index": "s", "segments": [["few"]]}],
    }
    for facet, value in ((40, "40"), ("(40, 60]", "(40, 60]")):
        asked = {**config, "facet": [{"name_or_index": "age", "value_or_threshold": [facet]}]}
        made = analysis_json(measure_config(data(table), AnalysisConfig.of(asked), duckdb_session()))["pre_training_bias_metrics"]
        sections = [made, *made["segments"]]
        assert [s["facets"]["age"][0]["value_or_threshold"] for s in sections] == [value] * 3
        assert len({s["label_value_or_threshold"] for s in sections}) == 1


def test_thresholds_keep_their_bound():
    table = pa.table({"age": [20.5 + i % 48 for i in range(480)], "approved": ["yes", "no"] * 240, "s": ["x"] * 240 + ["y"] * 240})
    table = table.filter(pc.or_(pc.equal(table["s"], "x"), pc.less(table["age"], 60)))
    config = CONFIG | {"segment_config": [{"name_or_index": "s", "segments": [["x"]]}]}
    config = config | {"facet": [{"name_or_index": "age", "value_or_threshold": [v]} for v in (30, 40)]}
    made = analysis_json(measure_config(data(table), AnalysisConfig.of(config), duckdb_session()))["pre_training_bias_metrics"]
    told = [[g["value_or_threshold"] for g in s["facets"]["age"]] for s in (made, *made["segments"])]
    assert told == [["(30.0, 67.5]", "(40.0, 67.5]"]] * 3


def test_a_column_that_there_is_not():
    config = CONFIG | {"segment_config": [{"name_or_index": 7, "segments": [["x"]]}, {"name_or_index": "ag", "segments": [["x"]]}]}
    with pytest.raises(ColumnError) as error:
        measure_config(data(), AnalysisConfig.of(config), duckdb_session())
    assert len(error.value.mistakes) == 2
