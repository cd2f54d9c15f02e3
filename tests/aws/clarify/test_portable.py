"""Configurations with Tilth's additions, written for Clarify: what is carried over, and what is said of the rest."""

import json

import pytest

import tilth
from tilth.aws.clarify.config import AnalysisConfig
from tilth.aws.clarify.portable import LOST, for_clarify
from tilth.aws.clarify.shape import Tilth
from tilth.errors import RequestError

CONFIG = {
    "dataset_type": "text/csv",
    "dataset_uri": "s3://bucket/people.csv",
    "label": "approved",
    "label_values_or_threshold": ["yes"],
    "facet": [{"name_or_index": "sex", "value_or_threshold": ["F"]}],
    "methods": {"pre_training_bias": {"methods": "all"}},
}
NEUTRAL = {"missing_values", "seed", "max_combinations", "force_group", "show_private", "engine", "predictor", "modality", "text_column"}


def test_a_configuration_of_clarify_is_unchanged():
    made = for_clarify(CONFIG)
    assert (made.content, made.left_out) == (CONFIG, ())
    assert str(made) == json.dumps(CONFIG, indent=2) + "\n"  # the keys keep their order
    assert [note.partition(":")[0] for note in made.notes] == ["missing values"]


@pytest.mark.parametrize(
    ("own", "told"),
    [
        ({"verdicts": True, "engine": "spark", "seed": 7}, ["tilth.verdicts"]),
        ({"intersections": [["sex", "age"]], "types": {"age": "continuous"}}, ["tilth.intersections", "tilth.types"]),
        ({"missing_values": "clarify", "bootstrap": 0}, ["tilth.bootstrap"]),
    ],
)
def test_the_additions_are_left_out_and_named(own, told):
    made = for_clarify({**CONFIG, "tilth": own})
    assert made.content == CONFIG
    assert sorted(line.partition(":")[0] for line in made.left_out) == told
    assert len(made.items) == len(CONFIG) + len(own) + (0 if "missing_values" in own else 1)


def test_every_addition_is_named_or_of_no_use_to_clarify():
    assert {*LOST} | NEUTRAL == {*Tilth.model_fields}
    assert not {*LOST} & NEUTRAL


def test_values_that_clarify_rejects_are_rewritten_or_left_out():
    """Clarify's schema rejects true and false. smclarify 0.5 matches 1 and 0 with booleans; it reads the string "False" as true."""
    facets = [
        {"name_or_index": "sex", "value_or_threshold": [True]},
        {"name_or_index": "age", "value_or_threshold": ["(20, 40]"]},
        {"name_or_index": "@length_words"},
    ]
    made = for_clarify({**CONFIG, "facet": facets, "label_values_or_threshold": False, "group_variable": "@language"})
    assert made.content == {**CONFIG, "facet": [{"name_or_index": "sex", "value_or_threshold": [1]}], "label_values_or_threshold": [0]}
    lost = ["facet[1].value_or_threshold", "facet[2]", "group_variable"]
    assert [line.partition(":")[0] for line in made.left_out] == lost


def test_what_clarify_would_reject_in_the_rest_is_told():
    """Without the model of the key `tilth` there is none, and without the facets made of texts there is no facet."""
    methods = {**CONFIG["methods"], "shap": {"baseline": "rows.csv"}}
    texts = {"text_column": "body", "derived_facets": [{"feature": "length_words"}]}
    own = {"tilth": {"predictor": {"model": "model.skops"}, **texts}}
    made = for_clarify({**{k: v for k, v in CONFIG.items() if k != "facet"}, "methods": methods, **own})
    told = ["tilth.derived_facets", "facet", "predictor"]
    assert [line.partition(":")[0] for line in made.left_out] == told
    assert made.notes[0].startswith("methods.shap.baseline: Clarify reads from S3: upload 'rows.csv'")


def test_weights_are_kept_from_the_model():
    predictor = {"endpoint_name": "e"}
    methods = {"post_training_bias": {"methods": ["DI"]}}
    made = for_clarify({**CONFIG, "methods": methods, "predictor": predictor, "tilth": {"weights": "w", "predictor": {"model": "m.onnx"}}})
    assert made.content["excluded_columns"] == ["w"]
    assert AnalysisConfig.checked(made.content).predictor.endpoint_name == "e"


def test_bias_of_images_is_not_for_clarify():
    images = {k: v for k, v in CONFIG.items() if k != "methods"} | {"dataset_type": "application/x-image", "dataset_uri": "images"}
    with pytest.raises(RequestError, match="has nothing for Clarify") as error:
        for_clarify({**images, "methods": CONFIG["methods"]})
    assert "not of the content of texts and images" in error.value.mistakes[0].hint
    predictor = {"endpoint_name": "e", "label_headers": ["cat"]}
    shap = {"image_config": {"model_type": "IMAGE_CLASSIFICATION"}}
    made = for_clarify({**images, "methods": {**CONFIG["methods"], "shap": shap}, "predictor": predictor})
    assert list(made.content["methods"]) == ["shap"]


def test_mistakes_are_those_of_the_configuration():
    with pytest.raises(RequestError) as error:
        for_clarify({**CONFIG, "lable": "x", "facet": []})
    assert [m.message.partition(":")[0] for m in error.value.mistakes] == ["lable", "facet"]


def test_it_is_converted_and_saved(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({**CONFIG, "tilth": {"verdicts": True}}))
    made = tilth.convert(tmp_path / "config.json")
    made.save(tmp_path / "clarify.json")
    assert json.loads((tmp_path / "clarify.json").read_text()) == CONFIG
    with pytest.raises(RequestError, match=r"clarify\.yaml"):
        made.save(tmp_path / "clarify.yaml")
