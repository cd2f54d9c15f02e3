"""Facets that are computed of texts."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest

import tilth
from tests.aws.clarify.measured import measure_config
from tests.engines import duckdb_session
from tests.measures.explain.images.pictures import saved
from tilth import Flow
from tilth.aws.clarify.analysis import analysed
from tilth.aws.clarify.config import AnalysisConfig
from tilth.aws.clarify.reading import read_data
from tilth.errors import ColumnError, RequestError
from tilth.measures.bias import BiasRequest, section
from tilth.measures.bias.content import with_content
from tilth.measures.bias.payload import BiasNumber

TEXTS = ["Win a prize at www.a.b now", "See you", "", None, "He is a nurse", "My sister is here", "Call us at www.c.d", "ok"] * 5
TABLE = pa.table({"body": TEXTS, "spam": [1, 0, 0, 0, 0, 0, 1, 1] * 5, "path": ["a.jpg"] * 40, "age": range(40)})
ROLES = {"label": "spam", "positive": 1}


def measured(facet, table=TABLE, **roles):
    return tilth.measure(tilth.read(table, roles={**ROLES, **roles, "facet": facet}), "bias", bootstrap=0)


def numbers(report, name):
    return {f.group: f.value for f in report.of("bias") if f.name == name and not f.payload.block}


def test_a_facet_names_a_column_and_what_is_computed_of_it():
    report = measured(["body@has_url", "body@gender_lean"])
    assert numbers(report, "CI")["body@has_url=1"] == (25 - 10) / 35  # a text that is null is left out
    assert numbers(report, "DPL")["body@has_url=1"] == 5 / 25 - 1
    assert set(numbers(report, "CI")) >= {"body@gender_lean=[-inf, -0.2)", "body@gender_lean=[0.2, inf]"}
    assert report.facts.scans[0].purpose == "features of texts"
    assert "whether body has a web address: 1 or 0" in str(section.bias(report.of(BiasNumber)))


def test_capitals_are_counted_among_letters():
    """In the step `featurize`, `upper_share` is the share of A–Z among all characters."""
    table = pa.table({"body": ["OK, 1234567", "no"] * 20, "y": [1, 0] * 20})
    assert set(numbers(measured("body@upper_share", table, label="y"), "CI")) == {"body@upper_share=0.0", "body@upper_share=1.0"}


@pytest.mark.parametrize("metrics", [("CI",), ("CI", "FT")])
def test_texts_are_held_for_the_flip_test_only(metrics):
    with duckdb_session() as engine:
        data = tilth.read(TABLE, roles={"text": "body", "facet": "@has_url", "prediction": "spam", "positive": 1}, engine=engine)
        held, _ = with_content(data, BiasRequest.of_roles(data.roles, engine.schema(data), metrics=metrics), engine)
        assert ("body" in held.names) == ("FT" in metrics)


def test_boilerplate_is_a_facet():
    """Each text is there five times; empty ones are no boilerplate, and the label of all of them is 0. Of the other 30, 15 are 1."""
    assert numbers(measured("@is_boilerplate", text="body"), "DPL") == {"@is_boilerplate=0": 0.5, "@is_boilerplate=1": -0.5}


def test_the_only_text_needs_no_name():
    assert numbers(measured("@has_url", text="body"), "DPL") == {f"@has_url={n}": d for n, d in ((0, 0.8), (1, -0.8))}


def test_the_group_may_be_computed_too():
    computed = numbers(measured("age", text="body", group="@has_url"), "CDDL")
    beside = TABLE.append_column("url", pa.array([None if t is None else int("www" in t) for t in TEXTS]))
    assert computed == numbers(
        tilth.measure(tilth.read(beside, roles={**ROLES, "facet": "age", "group": "url"}), "bias", bootstrap=0), "CDDL"
    )
    assert None not in computed.values()


@pytest.mark.parametrize(
    ("facet", "roles", "error", "says"),
    [
        ("body@lenght_words", {}, ColumnError, "a text has no feature 'lenght_words'.*did you mean 'length_words'"),
        ("age@words", {}, ColumnError, "column 'age' is integer"),
        ("bdy@words", {}, ColumnError, "did you mean 'body'"),
        ("@words", {}, ColumnError, "no column has the role text"),
        ("@words", {"text": ["body", "path"]}, ColumnError, "2 columns have the role text.*body@words"),
        ("body@oov_share", {}, ColumnError, "oov_share takes a file of yours.*body@oov_share:words.txt"),
        ("body@words:words.txt", {}, ColumnError, "words takes no file"),
        ("body@topic:no.onnx", {}, RequestError, "there is no model of texts 'no.onnx'"),
        ("@brightnes", {"image": "path"}, ColumnError, "an image has no feature 'brightnes'.*did you mean 'brightness'"),
        ("path@faces", {}, ColumnError, "faces takes annotations or a detector.*path@faces:model.onnx"),
        ("path@skin_tone", {}, ColumnError, "takes people who are marked in images.*path@skin_tone:people"),
        ("age@sharpness", {}, ColumnError, "column 'age' is integer.*paths of images"),
    ],
)
def test_what_cannot_be_computed_is_refused(facet, roles, error, says):
    with pytest.raises(error, match=f"(?s){says}"):
        measured(facet, **roles)


def test_a_column_of_that_name_comes_first():
    assert set(numbers(tilth.measure(tilth.read(pa.table({"@version": ["a", "b"] * 20}), roles={"facet": "@version"}), "bias"), "CI"))


def test_a_flow_keeps_the_facets_of_texts_that_it_replaces(tmp_path):
    flow = tmp_path / "flow.yaml"
    flow.write_text(
        'data: {roles: {label: spam, positive: 1, text: body, facet: "@has_url", group: "@has_mention"}}\n'
        "split: {train: 0.5, test: 0.5, seed: 1}\n"
        "features: [featurize: {columns: body, parts: [length_words]}]\nmeasure: [{bias: {bootstrap: 0}}]\n"
    )
    report = tilth.run(flow, data=TABLE)
    assert {f.part for f in report.of("bias")} == {"raw", "train", "test"}


@pytest.fixture
def folder(tmp_path):
    bright = np.full((8, 12, 3), 200, np.uint8)
    images = {f"{k}/{i}.png": (bright if (k == "cat") == (i % 4 > 0) else bright // 8) for k in ("cat", "dog") for i in range(40)}
    place = saved(tmp_path / "images", images)
    (place / "dog" / "broken.png").write_bytes(b"no image")
    return place


@pytest.mark.slow
@pytest.mark.parametrize("facet", ["@brightness", "path@brightness"])
def test_images_are_grouped_by_what_they_show(folder, facet):
    roles = {"facet": [facet, "path@orientation"], "label": "class", "positive": "cat"}
    roles |= {"image": "path"} if facet.startswith("@") else {}
    report = tilth.measure(tilth.read(folder, roles=roles), "bias", bootstrap=0)
    assert "features of images" in [scan.purpose for scan in report.facts.scans]
    dpl = {g: round(v, 3) for g, v in numbers(report, "DPL").items() if "brightness" in g}
    assert dpl == {f"{facet}=0.098": 0.5, f"{facet}=0.7843": -0.5}
    (broken,) = [w for w in report.of("warning") if w.name == "BROKEN_IMAGES"]
    assert broken.message.startswith("1 image cannot be read")
    assert "mean brightness of" in str(section.bias(report.of(BiasNumber)))


def test_near_duplicates_are_one_group(tmp_path):
    """Five copies of a picture, each with other noise, and five other pictures: six clusters, of which only the first has several rows."""
    random = np.random.default_rng(5)
    pictures = {f"{i}.png": random.integers(0, 256, (40, 40, 3), np.uint8) for i in range(6)}
    copies = {f"copy{i}.png": np.clip(pictures["0.png"] + random.integers(-2, 3, (40, 40, 3)), 0, 255).astype(np.uint8) for i in range(4)}
    table = tilth.read(saved(tmp_path / "images", {**pictures, **copies}), roles={"facet": "@near_duplicate_cluster", "image": "path"})
    counts = [f.payload.counts["n_d"] for f in tilth.measure(table, "bias", bootstrap=0).of("bias") if f.name == "CI"]
    assert sorted(counts) == [1, 1, 1, 1, 1, 5]
    flow = Flow.parse(f"data: {{read: {tmp_path}/images, roles: {{facet: '@near_duplicate_cluster', image: path}}}}\nmeasure: [bias]")
    found = [f.payload.counts["n_d"] for f in tilth.run(flow).of("bias") if f.name == "CI" and f.part == "all"]
    assert sorted(found) == [1, 1, 1, 1, 1, 5]


def test_skin_tones_are_of_people_who_are_marked(tmp_path):
    """A picture whose left half is of a light, and whose right half is of a dark skin: two people, a person elsewhere, and a dog."""
    half = np.full((20, 40, 3), (200, 150, 120), np.uint8)
    half[:, 20:] = (90, 55, 40)
    folder = saved(tmp_path / "images", {"a.png": half, "b.png": np.zeros_like(half)})
    marked = [(0, 0), (0, 20), (1, 0)]
    boxes = [{"class_id": c, "left": left, "top": 0, "width": 20, "height": 20} for c, left in marked]
    about = {"class-map": {"0": "Person", "1": "dog"}}
    lines = [
        {"source-ref": f"{k}.png", "people": {"image_size": [{"width": 40, "height": 20}], "annotations": of}, "people-metadata": about}
        for k, of in (("a", boxes), ("b", boxes[:1]))
    ]
    (folder / "people.manifest").write_text("".join(json.dumps(line) + "\n" for line in lines))
    facets = ["source-ref@skin_tone:people", "source-ref@monk_tone:people"]
    table = tilth.read(folder / "people.manifest", objects="people", roles={"facet": facets})
    report = tilth.measure(table, "bias", bootstrap=0)
    found = {f.group: f.payload.counts for f in report.of("bias") if f.name == "CI"}
    assert found["source-ref@skin_tone:people=intermediate"] == found["source-ref@skin_tone:people=dark"] == {"n_a": 1, "n_d": 1}
    assert "compare it with @brightness" in str(section.bias(report.of(BiasNumber)))


def test_a_configuration_of_clarify_derives_facets_of_images(folder):
    given = {
        "dataset_type": "application/x-image", "dataset_uri": str(folder), "label": "class", "label_values_or_threshold": ["cat"],
        "methods": {"pre_training_bias": {"methods": ["DPL"]}},
        "tilth": {"bootstrap": 0, "derived_facets": [{"feature": "brightness", "value_or_threshold": [0.5]}]},
    }  # fmt: skip
    config = AnalysisConfig.model_validate(given)
    with duckdb_session() as engine:
        report = analysed(*read_data(config, None, engine), engine).report
    assert list(numbers(report, "DPL").items()) == [("@brightness=(0.5, 0.7843]", pytest.approx(-0.5))]


CONFIG = {
    "version": "1.0", "dataset_type": "text/csv", "label": "spam", "label_values_or_threshold": [1],
    "methods": {"pre_training_bias": {"methods": ["CI", "DPL"]}},
    "tilth": {
        "modality": "text", "text_column": "body", "bootstrap": 0,
        "derived_facets": [
            {"feature": "length_words", "value_or_threshold": [3]},
            {"feature": "script"},
            {"feature": "identity_female", "value_or_threshold": [1]},
        ],
    },
}  # fmt: skip


def test_a_configuration_of_clarify_derives_facets(tmp_path):
    path = tmp_path / "analysis_config.json"
    path.write_text(json.dumps(CONFIG))
    with duckdb_session() as engine:
        report = measure_config(tilth.read(TABLE, engine=engine), path, engine)
    groups = list(numbers(report, "CI"))
    assert groups[0].startswith("@length_words=(3, ")
    assert {"@identity_female=1", "@script=Latin"} < set(groups)


def test_a_configuration_of_clarify_compares_texts(tmp_path):
    """Predictions that follow from the words: similar texts have the same ones."""
    methods = {"post_training_bias": {"methods": ["FT"]}}
    table = TABLE.drop(["path", "age"]).append_column("said", [[int("www" in (t or "")) for t in TEXTS]])
    table = table.append_column("part", [["a", "b"] * 20])
    config = {**CONFIG, "predicted_label": "said", "methods": methods, "facet": [{"name_or_index": "part", "value_or_threshold": ["b"]}]}
    config["tilth"] = {"text_column": "body", "bootstrap": 0}
    with duckdb_session() as engine:
        report = measure_config(tilth.read(table, engine=engine), AnalysisConfig.of(config), engine)
    (flip,) = [f for f in report.of("bias") if f.name == "FT"]
    assert (flip.payload.error, flip.payload.notes[-1].partition(":")[0]) == (None, "rows are compared by vectors computed from 'body'")
