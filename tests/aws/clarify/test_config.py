"""Clarify's configuration is checked as a whole, and its result file has Clarify's shape."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.aws.clarify.config import AnalysisConfig
from tilth.data import Column, Kind, Schema
from tilth.errors import ColumnError, Gap, RequestError, TilthError
from tilth.measures.bias import Facet

GOOD = {
    "version": "1.0",
    "dataset_type": "text/csv",
    "headers": ["sex", "age", "region", "approved"],
    "label": "approved",
    "label_values_or_threshold": ["yes"],
    "facet": [{"name_or_index": "sex", "value_or_threshold": ["F"]}, {"name_or_index": 1, "value_or_threshold": [40]}],
    "group_variable": "region",
    "methods": {"pre_training_bias": {"methods": "all"}, "report": {"name": "report", "title": "Bias"}},
}


def changed(path="", value=None, **more):
    """The good configuration with one part put in, or (without a value) taken out."""
    made = json.loads(json.dumps(GOOD)) | more
    at = made
    *front, last = path.split(".") if path else [""]
    for key in front:
        at = at.setdefault(key, {})
    if last and value is None:
        at.pop(last, None)
    elif last:
        at[last] = value
    return made


SCHEMA = Schema(tuple(Column(n, Kind.STRING) for n in GOOD["headers"]))


MODEL = {"predictor": {"model": "http://localhost:8080"}}
ENDPOINT = {"endpoint_name": "e", "content_type": "text/csv"}


def mistakes(config):
    with pytest.raises(RequestError) as error:
        AnalysisConfig.of(config)
    return error.value.mistakes


def test_contradictions_are_said_together_with_values_that_are_wrong():
    config = changed("methods.shap", {"baseline": [[1, 2, 3]], "num_clusters": 3}, predictor=ENDPOINT, version="2")
    config["facet"][0]["value"] = ["F"]
    said = [m.message for m in mistakes(config)]
    assert len(said) == 3 and "methods.shap: baseline and num_clusters exclude each other" in said


def test_what_follows_from_a_wrong_value_is_not_said_too():
    config = changed("facet", [{"name": "sex"}], label=["approved"], methods={"pre_training_bias": {"methods": ["FOO"]}})
    assert {m.message.partition(":")[0] for m in mistakes(config)} == {
        "facet[0].name_or_index",
        "facet[0].name",
        "label",
        "methods.pre_training_bias.methods[0]",
    }


def test_a_good_configuration_is_read():
    config = AnalysisConfig.of(GOOD)
    assert config.metrics == ("CI", "DPL", "KL", "JS", "LP", "TVD", "KS", "CDDL")
    assert config.reading == {"format": "csv", "names": GOOD["headers"]}
    asked = config.request(SCHEMA)
    assert asked.facets == (Facet("sex", ("F",)), Facet("age", (40,)))
    assert (asked.label, asked.positive, asked.group) == ("approved", ("yes",), "region")


def test_a_single_value_means_a_list_of_one():
    assert AnalysisConfig.of(changed("label_values_or_threshold", 1)).request(SCHEMA).positive == (1,)
    assert AnalysisConfig.of(changed("label_values_or_threshold", [True])).request(SCHEMA).positive == (True,)


def test_settings_that_clarify_does_not_have():
    same = {"types": {"age": "continuous"}, "confidence": 0.9, "bootstrap": 100, "seed": 7, "min_group_size": 5, "verdicts": True}
    same |= {"max_combinations": 9}
    tilth = same | {
        "missing_values": "as_category",
        "bands": {"DPL": [-0.2, 0.2]},
        "intersections": [["sex", 1]],
        "weights": "age",
        "strata": ["all"],
    }
    asked = AnalysisConfig.of(changed("tilth", tilth)).request(SCHEMA)
    assert {k: getattr(asked, k) for k in same} == same
    assert (asked.missing, asked.weight, asked.bands) == ("as_category", "age", {"DPL": (-0.2, 0.2)})
    assert (asked.intersections, asked.strata) == ((("sex", "age"),), ("all",))


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (changed("version", "2.0"), 'version: found "2.0"'),
        (changed("dataset_type"), "dataset_type: this is needed"),
        (changed("dataset_type", "text/tsv"), 'dataset_type: found "text/tsv"'),
        (changed("methods"), "methods: this is needed"),
        (changed(methods={}), "methods: one method or more is needed"),
        (changed("methods.pre_training_bias.methods", ["CI", "DLP"]), 'methods.pre_training_bias.methods[1]: found "DLP"'),
        (changed("methods.pre_training_bias.methods"), "methods.pre_training_bias.methods: this is needed"),
        (changed("methods.pre_training_bia", {"methods": "all"}), "methods.pre_training_bia: this key is not known"),
        (changed("lable", "approved"), "lable: this key is not known"),
        (changed("label"), "label: this is needed by methods.pre_training_bias"),
        (changed("label_values_or_threshold"), "label_values_or_threshold: this is needed"),
        (changed("facet", []), "facet: this is needed"),
        (changed("facet", [{"value_or_threshold": ["F"]}]), "facet[0].name_or_index: this is needed"),
        (changed("facet", {"name_or_index": "sex"}), "facet: found"),
        (changed("facet", [{"name_or_index": "sex"}, {"name_or_index": 0}]), "facet[1]: 'sex' is given twice"),
        (changed("facet", [{"name_or_index": "approved"}]), "facet[0]: the label 'approved' cannot be a facet"),
        (changed("facet", [{"name_or_index": 2}]), "facet[0]: 'region' is the group variable"),
        (changed("headers", ["a", "a"]), "headers: a is given twice"),
        (changed("probability_threshold", 1.5), "probability_threshold: found 1.5"),
        (changed("label", True), "label: found true"),
        (changed("methods.post_training_bias", {"methods": "all"}), "methods.post_training_bias: predictions are needed"),
        (changed("methods.shap", {}), "predictor: this is needed by methods.shap"),
        (changed("methods.shap", {"baseline": [[0]], "num_clusters": 2}), "methods.shap: baseline and num_clusters exclude each other"),
        (changed("methods.shap", {"agg_method": "mean"}), 'methods.shap.agg_method: found "mean"'),
        (changed("methods.shap", {"text_config": {"granularity": "token", "language": "klingon"}}), "methods.shap.text_config.language is"),
        (changed("methods.shap", {"text_config": {"granularity": "word", "language": "en"}}), "methods.shap.text_config.granularity"),
        (changed("methods.pdp", {"grid_resolution": 10}), "methods.pdp.features: this is needed without methods.shap"),
        (changed("predictor", {"model_name": "m"}), "predictor: no model is given"),
        (changed("predictor", {"endpoint_name": "e", "endpoint_name_prefix": "p"}), "endpoint_name and endpoint_name_prefix exclude"),
        (changed("predictor", {"endpoint_name": "e", "content_type": "application/jsonlines"}), "with exactly one $features"),
        (changed("predictor", {"endpoint_name": "e", "content_type": "image/png"}), 'predictor.content_type: found "image/png"'),
        (changed("predictor", {"endpoint_name": "e", "endpoint_name_prefix": "-p-"}), "predictor.endpoint_name_prefix: found"),
        (changed("predictor", ENDPOINT | {"label": "y"}), 'predictor.label: found "y"'),
        (changed("predictor", ENDPOINT | {"accept_type": "application/json", "probability": 1}), "predictor.probability: found 1"),
        (changed("predictor", ENDPOINT | {"accept_type": "application/json", "label": "a["}), "predictor.label: 'a[' is not a path"),
        (changed("tilth", {"predictor": {"retries": -1}}), "tilth.predictor.retries: found -1"),
        (changed("tilth", {"predictor": {"modle": "x"}}), "tilth.predictor.modle: this key is not known"),
        (changed("methods.report.name", "../report"), 'methods.report.name: found "../report"'),
        (changed("dataset_type", "application/x-parquet", facet_dataset_uri="f.csv"), "separate datasets are for text/csv only"),
        (changed("dataset_type", "application/jsonlines"), "features: this is needed for application/jsonlines"),
        (changed("methods.asymmetric_shapley_value", {"granularity": "fine_grained"}), "num_samples: needed for granularity fine_grained"),
        (changed("segment_config", [{"name_or_index": 0, "segments": [["F"]], "display_aliases": ["a", "b", "c"]}]), "1 or 2 strings"),
        (changed("tilth", {"missing_values": "drop"}), 'tilth.missing_values: found "drop"'),
        (changed("tilth", {"bands": {"XX": [0, 1]}}), "tilth.bands.XX: this key is not known"),
        ([], "the whole: found []"),
    ],
)
def test_each_mistake_has_its_key_path(config, said):
    assert any(said in str(m) for m in mistakes(config)), [str(m) for m in mistakes(config)]


def test_all_mistakes_are_reported_at_once_with_the_nearest_word():
    config = changed("dataset_type", "text/cvs", lable="x")
    config["methods"] = {"pre_trainin_bias": {}}
    found = mistakes(config)
    assert len(found) == 3
    assert {m.hint for m in found} == {"did you mean 'text/csv'?", "did you mean 'label'?", "did you mean 'pre_training_bias'?"}


def test_null_is_not_a_value():
    assert [str(m).splitlines()[0] for m in mistakes(GOOD | {"label": None, "facet": [{"name_or_index": None}]})] == [
        "facet[0].name_or_index: found null [bad-value]",
        "label: found null [bad-value]",
    ] or len(mistakes(GOOD | {"label": None})) == 1


def test_a_value_of_several_shapes_is_one_mistake_with_all_that_is_accepted():
    (mistake,) = mistakes(changed("label", 1.5))
    assert (mistake.message, mistake.accepted) == ("label: found 1.5", "a string or an integer")


def test_it_has_a_json_schema():
    schema = AnalysisConfig.model_json_schema()
    assert schema["required"] == ["dataset_type", "methods"]
    assert schema["additionalProperties"] is False
    assert "text/csv" in schema["properties"]["dataset_type"]["enum"]


def test_indices_beyond_the_columns_are_named_all_at_once():
    config = AnalysisConfig.of(changed("label", 9, group_variable=-8))
    with pytest.raises(ColumnError) as error:
        config.request(SCHEMA)
    assert [m.message for m in error.value.mistakes] == ["label: there is no column 9", "group_variable: there is no column -8"]


def test_a_column_that_no_model_makes_is_not_offered():
    with pytest.raises(ColumnError) as error:
        AnalysisConfig.of(changed("facet", [{"name_or_index": "sexx"}])).reject_unknown(SCHEMA)
    assert error.value.mistakes[0].accepted == "sex, age, region, approved"


def test_what_is_not_computed_is_named():
    config = changed(methods=GOOD["methods"] | {"post_training_bias": {"methods": "all"}}, predicted_label="p")
    config["segment_config"] = [{"name_or_index": "age", "segments": [["(0, 40]"]]}]
    config["tilth"] = {"bootstrp": 10, "skin_tone": True}
    said = AnalysisConfig.of(config).left_out
    assert [s.split(":")[0].split(" ")[0] for s in said] == ["tilth.bootstrp", "tilth.skin_tone"]
    assert "did you mean 'bootstrap'?" in said[0]


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (
            changed(methods={"shap": {}}, predictor={"endpoint_name": "e"}),
            "predictor.endpoint_name: models at SageMaker are not asked; .* --model",
        ),
    ],
)
def test_what_is_not_supported_at_all_is_a_gap(config, said):
    with pytest.raises(Gap, match=said):
        AnalysisConfig.of(config)


@pytest.mark.parametrize("text", ["", "{", "[1", b"\xff\xfe", pytest.param("[" * 100_000, id="deep")])
def test_a_file_that_is_not_json(tmp_path, text):
    path = tmp_path / "analysis_config.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(RequestError):
        AnalysisConfig.load(path)


def test_a_missing_file(tmp_path):
    with pytest.raises(RequestError, match="there is no configuration"):
        AnalysisConfig.load(tmp_path / "none.json")


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3)
                    | st.dictionaries(st.sampled_from([*GOOD, "tilth", "predictor", "x"]), inner, max_size=3), max_leaves=8)  # fmt: skip


@pytest.mark.slow
@given(st.dictionaries(st.sampled_from([*GOOD, "tilth", "predictor", "segment_config", "time_series_data_config", "x"]), JSON, max_size=4))
def test_any_json_gives_errors_of_tilth_only(parts):
    try:
        config = AnalysisConfig.of(GOOD | parts)
        config.request(SCHEMA)
    except TilthError as error:
        assert all(m.message for m in error.mistakes)
