"""The data of a configuration: the same numbers, whatever the format that holds it."""

import json

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from tests.aws.clarify.measured import measure_config
from tests.engines import duckdb_session
from tests.measures.bias.tables import PREDICTED
from tilth.aws.clarify.analysis import analysis_json
from tilth.aws.clarify.config import AnalysisConfig
from tilth.aws.clarify.reading import read_data
from tilth.errors import RequestError, SourceError, TilthError
from tilth.formats import to_arrow

TABLE = PREDICTED.append_column("x", pa.array([float(i % 7) for i in range(150)]))
CONFIG = {
    "facet": [{"name_or_index": "facet", "value_or_threshold": ["d"]}],
    "label_values_or_threshold": ["yes"],
    "methods": {"pre_training_bias": {"methods": ["CI", "DPL"]}, "post_training_bias": {"methods": ["DPPL", "RD"]}},
    "tilth": {"bootstrap": 0},
}
ROWS = TABLE.select(["facet", "x", "label", "p"]).to_pylist()
JSON = {"headers": ["facet", "x", "label", "p"], "predicted_label": "out.p", "label": "y", "features": "features"}


def values(config, source):
    engine = duckdb_session()
    table, named = read_data(AnalysisConfig.of({**CONFIG, **config}), source and str(source), engine)
    made = analysis_json(measure_config(table, named, engine), strict=True)
    return {
        m["name"]: m["value"] for stage in ("pre", "post") for m in made[f"{stage}_training_bias_metrics"]["facets"]["facet"][0]["metrics"]
    }


EXPECTED = {"CI": pytest.approx(1 / 3), "DPL": pytest.approx(0.3), "DPPL": pytest.approx(0.3), "RD": pytest.approx(0.214286, abs=5e-7)}


def test_csv_and_parquet(tmp_path):
    named = {"label": "label", "predicted_label": "p"}
    pyarrow.csv.write_csv(TABLE, tmp_path / "t.csv")
    pq.write_table(TABLE, tmp_path / "t.parquet")
    assert values({"dataset_type": "text/csv", **named}, tmp_path / "t.csv") == EXPECTED
    assert values({"dataset_type": "application/x-parquet", "dataset_uri": str(tmp_path / "t.parquet"), **named}, None) == EXPECTED
    (tmp_path / "bare.csv").write_text("".join(f"{r['facet']},{r['x']},{r['label']},{r['p']}\n" for r in ROWS))
    by_index = {"dataset_type": "text/csv", "label": 2, "predicted_label": 3, "facet": [{"name_or_index": 0, "value_or_threshold": ["d"]}]}
    engine = duckdb_session()
    table, _ = read_data(AnalysisConfig.of({**CONFIG, **by_index}), str(tmp_path / "bare.csv"), engine)
    assert table.names == ("column_0", "column_1", "column_2", "column_3")


def test_json_lines(tmp_path):
    lines = [json.dumps({"features": [r["facet"], r["x"]], "y": r["label"], "out": {"p": r["p"]}}) for r in ROWS]
    (tmp_path / "t.jsonl").write_text("\n\n".join(lines) + "\n")
    assert values({"dataset_type": "application/jsonlines", **JSON}, tmp_path / "t.jsonl") == EXPECTED


def test_a_header_under_other_names_is_warned_of(tmp_path):
    (tmp_path / "t.csv").write_text("sex,age,y\nF,30,1\nM,40,0\n")
    config = {"dataset_type": "text/csv", "headers": ["s", "a", "label"], "label": "label", "facet": [{"name_or_index": "s"}]}
    config |= {"label_values_or_threshold": [1], "methods": {"pre_training_bias": {"methods": ["CI"]}}}
    engine = duckdb_session()
    with pytest.warns(UserWarning, match=r"the first row \(sex, age, y\) is read as data, because headers are other names"):
        as_data, _ = read_data(AnalysisConfig.of(config), str(tmp_path / "t.csv"), engine)
    stated, _ = read_data(AnalysisConfig.of({**config, "tilth": {"csv": {"header": True}}}), str(tmp_path / "t.csv"), engine)
    equal, _ = read_data(AnalysisConfig.of({**config, "headers": ["sex", "age", "y"], "label": "y"}), str(tmp_path / "t.csv"), engine)
    assert [to_arrow(t, engine).num_rows for t in (as_data, stated, equal)] == [3, 2, 2]


def test_files_of_json_lines_whose_types_differ(tmp_path):
    """A column of whole numbers in one file has fractions, nothing, or strings in the other."""
    for name, rows in (("a", [[30, 1, 7, True], [31, 2, 8, False]]), ("b", [[30.5, None, "x", 1]])):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps({"features": row}) + "\n" for row in rows))
    asked = {**CONFIG, "dataset_type": "application/jsonlines", "features": "features", "headers": ["a", "b", "c", "d"], "label": None}
    config = AnalysisConfig.of({k: v for k, v in asked.items() if v is not None} | {"methods": {"pre_training_bias": {"methods": ["CI"]}}})
    engine = duckdb_session()
    found = to_arrow(read_data(config, str(tmp_path), engine)[0], engine).to_pydict()
    assert found == {"a": [30, 31, 30.5], "b": [1, 2, None], "c": ["7", "8", "x"], "d": ["true", "false", "1"]}


def test_a_json_document(tmp_path):
    document = {"rows": [{"f": r["facet"], "x": r["x"], "y": r["label"]} for r in ROWS], "predictions": [r["p"] for r in ROWS]}
    (tmp_path / "t.json").write_text(json.dumps(document))
    asked = {"dataset_type": "application/json", "features": "rows[*].[f, x]", "label": "rows[*].y", "predicted_label": "predictions"}
    assert values({**asked, "headers": JSON["headers"]}, tmp_path / "t.json") == EXPECTED
    bare = {**asked, "facet": [{"name_or_index": "column_0"}]}
    table, named = read_data(AnalysisConfig.of({**CONFIG, **bare}), str(tmp_path / "t.json"), duckdb_session())
    assert (table.names, named.label, named.predicted_label) == (
        ("column_0", "column_1", "label", "predicted_label"),
        "label",
        "predicted_label",
    )


def test_facets_and_predictions_of_their_own(tmp_path):
    """Row by row; then by an identifier, in another order and with rows that nobody matches."""
    table = TABLE.append_column("id", pa.array(range(150)))
    pyarrow.csv.write_csv(table.select(["x", "label"]), tmp_path / "t.csv")
    pyarrow.csv.write_csv(table.select(["p"]).rename_columns(["said"]), tmp_path / "p.csv")
    pyarrow.csv.write_csv(table.select(["facet"]), tmp_path / "f.csv")
    own = {"dataset_type": "text/csv", "label": "label", "predicted_label_dataset_uri": str(tmp_path / "p.csv")}
    own["facet_dataset_uri"] = str(tmp_path / "f.csv")
    own["facet"] = [{"name_or_index": 0, "value_or_threshold": ["d"]}]
    assert values(own, tmp_path / "t.csv") == EXPECTED
    pyarrow.csv.write_csv(table.select(["id", "x", "label"]), tmp_path / "t.csv")
    shuffled = table.select(["p", "id"]).take(list(range(149, -1, -1)))
    more = pa.concat_tables([shuffled, pa.table({"p": ["yes"], "id": [999]})])
    pyarrow.csv.write_csv(more, tmp_path / "p.csv")
    pyarrow.csv.write_csv(table.select(["id", "facet"]), tmp_path / "f.csv")
    by_id = {**own, "joinsource_name_or_index": "id", "predicted_label": "p", "facet": [{"name_or_index": 1, "value_or_threshold": ["d"]}]}
    assert values(by_id, tmp_path / "t.csv") == EXPECTED
    table, named = read_data(AnalysisConfig.of({**CONFIG, **by_id}), str(tmp_path / "t.csv"), duckdb_session())
    assert to_arrow(table, duckdb_session()).num_rows == 150 and str(table.source) == str(tmp_path / "t.csv")
    assert named.excluded_columns == ["facet"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"features": [1, 2], "y": 1', "not valid JSON"),
        ('{"features": 3, "y": 1}', "features: its path finds a number, not a list"),
        ('{"y": 1}', "its path finds nothing"),
        ('{"features": [1], "y": 1}', "the line has 1 features, and the first one 2"),
        ('{"features": [1, {}], "y": 1}', "value 1 is an object"),
    ],
)
def test_a_bad_line_has_its_number(tmp_path, line, said):
    (tmp_path / "t.jsonl").write_text('{"features": [1, 2], "y": 1, "out": {"p": 1}}\n' + line + "\n")
    with pytest.raises(SourceError, match=said) as error:
        values({"dataset_type": "application/jsonlines", **JSON}, tmp_path / "t.jsonl")
    assert error.value.mistakes[0].place.line == 2


@pytest.mark.parametrize(
    ("document", "config", "said"),
    [
        ({"f": [[1]], "y": [1, 2]}, {}, "not as long as each other: features 1, label 2"),
        ({"f": [[1]], "y": 1}, {}, "label: its path finds a number, not a list"),
        ({"f": [], "y": []}, {}, "no records"),
        ({"f": [[1]], "y": [1]}, {"headers": ["a"]}, "headers: 1 names for 1 features and 1 of label"),
        ({"f": [[1]], "y": [1]}, {"label": 0}, "label: found 0, and a place in JSON is a path"),
        ({"f": [[1]], "y": [1]}, {"features": "f[?a]"}, "is not a path"),
    ],
)
def test_a_bad_document_is_refused(tmp_path, document, config, said):
    (tmp_path / "t.json").write_text(json.dumps(document))
    asked = {
        "dataset_type": "application/json",
        "features": "f",
        "label": "y",
        "methods": {"pre_training_bias": {"methods": ["DPL"]}},
        **config,
    }
    with pytest.raises(TilthError, match=said):
        read_data(AnalysisConfig.of({**CONFIG, **asked}), str(tmp_path / "t.json"), duckdb_session())


@pytest.mark.parametrize(
    ("beside", "key", "said"),
    [
        ("p\nyes\n", None, "has 1 rows, and the data 2"),
        ("id,p\n1,yes\n1,no\n", "id", "'id' has a value in several rows"),
        ("label,p\nyes,no\nno,no\n", None, ""),
    ],
)
def test_tables_that_do_not_fit(tmp_path, beside, key, said):
    (tmp_path / "t.csv").write_text("id,facet,label\n1,a,yes\n2,d,no\n")
    (tmp_path / "p.csv").write_text(beside)
    own = {"dataset_type": "text/csv", "label": "label", "predicted_label": "p", "predicted_label_dataset_uri": str(tmp_path / "p.csv")}
    own |= {"joinsource_name_or_index": key} if key else {}
    if not said:  # only the prediction is taken
        table, _ = read_data(AnalysisConfig.of({**CONFIG, **own}), str(tmp_path / "t.csv"), duckdb_session())
        assert table.names == ("id", "facet", "label", "p")
        return
    with pytest.raises(RequestError, match=said):
        read_data(AnalysisConfig.of({**CONFIG, **own}), str(tmp_path / "t.csv"), duckdb_session())


def test_no_data_at_all():
    with pytest.raises(RequestError, match="there is no data"):
        values({"dataset_type": "text/csv", "label": "label", "predicted_label": "p"}, None)
