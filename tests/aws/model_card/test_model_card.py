"""Model cards: filled from a run and a measure of predictions, by the limits of the schema; and the governance report."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pypdf import PdfReader

import tilth
from tilth import Flow
from tilth.aws.model_card.delivery import deliver_card
from tilth.aws.model_card.filling import importable
from tilth.aws.model_card.profiles import PROFILES
from tilth.aws.model_card.schema import ModelCard, card_from
from tilth.errors import RequestError
from tilth.flow.delivery import deliver_report
from tilth.report.json import from_json

SECRET = "Ada Byron of Ockham"
ROWS = 40  # of each sex; 20 women and 30 men have the favourable label, and 10 and 30 the favourable prediction
TABLE = pa.table(
    {
        "no": range(2 * ROWS),
        "name": [SECRET] * 2 * ROWS,
        "sex": ["f"] * ROWS + ["m"] * ROWS,
        "age": [20 + i % 9 for i in range(2 * ROWS)],
        "paid": ["yes"] * 20 + ["no"] * 20 + ["yes"] * 30 + ["no"] * 10,
        "predicted": ["yes"] * 10 + ["no"] * 30 + ["yes"] * 30 + ["no"] * 10,
    }
)
FLOW = """
data: {roles: {id: no, label: paid, positive: "yes", facet: sex, private: name}}
check: 'Rules = [ IsPrimaryKey "no", ColumnLength "name" < 5 ]'
features: [{impute: {columns: age, with: mean}}]
measure: [bias, balance]
"""
DETAILS = """
model_overview: {model_owner: Credit risk, model_version: 2, problem_type: Scoring}
intended_uses: {purpose_of_model: To decide about loans., risk_rating: High}
evaluation_details: [{name: stress test, evaluation_observation: It held.}]
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run, a measure of predictions, and the card of both: only to be looked at."""
    place = tmp_path_factory.mktemp("card")
    tilth.run(Flow.parse(FLOW, name="loans"), place / "run", data=TABLE, reports=["html", "pdf", "ipynb", "md", "txt", "xml"])
    roles = {"label": "paid", "positive": "yes", "prediction": "predicted", "facet": "sex", "private": "name"}
    deliver_report(tilth.measure(tilth.read(TABLE, roles=roles), "bias"), place / "predictions")
    (place / "details.yaml").write_text(DETAILS)
    deliver_card(place / "run", place / "card", place / "details.yaml", [place / "predictions"], ["html", "pdf"], profile="eu-ai-act")
    return place


def card_of(place: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((place / "card/model_card.json").read_text("utf-8"))
    return found


@pytest.mark.slow
def test_what_you_say_stays_and_what_was_measured_is_added(made: Path) -> None:
    card = card_of(made)
    assert card["model_overview"] == {"model_owner": "Credit risk", "model_version": 2, "problem_type": "Scoring", "model_name": "loans"}
    assert [e["name"] for e in card["evaluation_details"]] == ["stress test", "run: raw", "run: all", "predictions"]
    observed = [e["evaluation_observation"] for e in card["evaluation_details"][:3]]
    assert observed == ["It held.", "1 of 2 rules failed.", "There are no rules, so nothing passed or failed."]
    rules = card["evaluation_details"][1]["metric_groups"][0]
    assert [(m["name"], m["value"]) for m in rules["metric_data"]] == [
        ('IsPrimaryKey "no"', "Passed"),
        ('ColumnLength "name" < 5', "Failed"),
    ]
    groups = {g["name"]: {m["name"]: m["value"] for m in g["metric_data"]} for g in card["evaluation_details"][3]["metric_groups"]}
    before, after = (f"{s}_training_bias_metrics - label paid = yes and facet sex=f" for s in ("pre", "post"))
    assert groups[before]["DPL"] == pytest.approx(30 / 40 - 20 / 40) and groups[after]["DPPL"] == pytest.approx(30 / 40 - 10 / 40)
    assert groups["performance"]["Accuracy"] == pytest.approx((10 + 20 + 40) / 80)
    assert groups["performance"]["confusion matrix"] in ([[30, 0], [10, 40]], [[40, 10], [0, 30]])
    hashes = card["additional_information"]["custom_details"]
    assert hashes["sha256 of loans.tilth"] == hashlib.sha256((made / "run/loans.tilth").read_bytes()).hexdigest()


def test_distances_over_all_values_of_a_label_are_left_out(tmp_path: Path) -> None:
    """A label of three values has `KL by label value` beside KL."""
    table = {"sex": ["f", "m"] * 30, "grade": ["a", "b", "c"] * 20}
    found = tilth.measure(tilth.read(pa.table(table), roles={"label": "grade", "positive": "a", "facet": "sex"}), "bias", bootstrap=0)
    assert any(f.name == "KL by label value" for f in found.of("bias"))
    deliver_report(found, tmp_path / "measured")
    deliver_card(tmp_path / "measured", tmp_path / "card")
    (group, *_) = json.loads((tmp_path / "card/model_card.json").read_text("utf-8"))["evaluation_details"][0]["metric_groups"]
    assert [m["name"] for m in group["metric_data"]] == ["CI", "DPL", "KL", "JS", "LP", "TVD", "KS"]


@pytest.mark.slow
def test_a_card_is_read_as_it_was_written_and_as_sagemaker_gives_it(made: Path, tmp_path: Path) -> None:
    card = card_from(made / "card/model_card.json")
    (tmp_path / "described.json").write_text(json.dumps({"ModelCardName": "loans", "Content": card.to_json()}))
    assert card_from(tmp_path / "described.json") == card
    assert ModelCard.model_validate_json(card.to_json()) == card


def test_a_card_is_never_longer_than_sagemaker_takes_and_says_what_was_left_out() -> None:
    metrics = [{"name": "DPL", "type": "number", "value": 0.1, "notes": "x" * 900}]
    groups = [{"name": f"facet {k}", "metric_data": metrics} for k in range(2_000)]
    card = ModelCard.model_validate(
        {"evaluation_details": [{"name": "all", "metric_groups": groups}, {"name": "few", "metric_groups": groups[:9]}]}
    )
    text = importable(card)
    found = json.loads(text)
    all_groups, few = (of["metric_groups"] for of in found["evaluation_details"])
    assert 80_000 < len(text) <= 100_000 and "\n" not in text
    assert len(few) == 9 and all_groups[0] == {"name": "facet 0", "metric_data": [{"name": "DPL", "type": "number", "value": 0.1}]}
    left = f"the notes of metrics, {2_000 - len(all_groups):,} groups of metrics: governance.json has them"
    assert found["additional_information"]["custom_details"] == {"left out": left}
    with pytest.raises(RequestError, match="without its metrics"):
        importable(ModelCard.model_validate({"model_package_details": {"approval_description": "x" * 100_000}}))


def test_a_card_of_a_model_package_lacks_what_the_package_says() -> None:
    objective = {"function": {"function": "Maximize", "facet": "AUC"}, "notes": "of the test part"}
    overview = {"model_owner": "Credit risk", "model_creator": "Risk modelling", "model_name": "loans", "model_version": 2}
    card = ModelCard.model_validate({"model_overview": overview, "training_details": {"objective_function": objective}})
    assert json.loads(card.to_json(package=True)) == {
        "model_overview": {"model_creator": "Risk modelling"},
        "training_details": {"objective_function": objective["function"]},
    }


def test_the_governance_report_says_what_is_missing_what_changed_and_what_proves_it(made: Path) -> None:
    page = (made / "card/governance.html").read_text("utf-8")
    digest = hashlib.sha256((made / "run/report.json").read_bytes()).hexdigest()
    for words in ("Credit risk", "not provided", "25.0 percentage points wider", digest, "1 of 2 rules failed", "Approval"):
        assert words in page, words


def test_programs_read_the_same(made: Path) -> None:
    found = json.loads((made / "card/governance.json").read_text("utf-8"))
    assert found["model_card"] == card_of(made)
    assert {"intended_uses.intended_uses", "business_details.business_problem"} <= {*found["not_provided"]}
    assert "model_overview.model_owner" not in found["not_provided"]
    women = next(gap for gap in found["before_after"] if gap["group"] == "sex=f")
    assert (women["labels"], women["predicted_labels"], women["wider"]) == (pytest.approx(0.25), pytest.approx(0.5), True)
    assert women["sure"] and len(found["before_after"]) == 1  # that of men is the same gap
    lineage = [(x["kind"], x["name"], x.get("made_from"), x.get("rows")) for x in found["lineage"]]
    table = "table in memory (80 rows)"
    assert lineage[:4] == [
        ("data", table, None, 80),
        ("flow", "loans.tilth", [table], None),
        ("part", "part all", ["loans.tilth"], 80),
        ("report", "run", ["part all"], None),
    ]
    assert lineage[4:] == [("report", "predictions", [table], None)]
    assert found["open"] == ['ColumnLength "name" < 5']
    assert {f["part"] for f in found["findings"]} >= {"raw", "all", "predictions"}
    files = ["loans.tilth", "report.json", "croissant.json", "openlineage.jsonl"]
    hashes = [(name, hashlib.sha256((made / "run" / name).read_bytes()).hexdigest()) for name in files]
    assert [(f["name"], f["sha256"]) for f in found["evidence"]][:4] == hashes


def test_a_profile_says_what_a_text_asks_for_and_the_report_lacks(made: Path, tmp_path: Path) -> None:
    profile = json.loads((made / "card/governance.json").read_text("utf-8"))["profile"]
    of = {heading["heading"].split()[0]: heading for heading in profile["headings"]}
    assert profile["name"] == "eu-ai-act" and [*of] == [*map(str, range(1, 10))]
    assert {"owner", "purpose"} <= {*of["1"]["provided"]} and "description" in of["1"]["not_provided"]
    assert {"lineage", "checks of the data", "bias"} <= {*of["2"]["provided"]}
    assert of["5"]["not_provided"][0] == "reasons for it" and of["9"] == {
        "heading": "9 Post-market monitoring (Article 72)",
        "provided": [],
        "not_provided": [],
        "elsewhere": ["monitoring in use"],
    }
    members = {f"{name}.{m}" for name, of in ModelCard.model_fields.items() for m in getattr(of.annotation.__args__[0], "model_fields", ())}
    named = {key for p in PROFILES.values() for items in p.headings.values() for key in items.values() if "." in key}
    assert named <= members
    with pytest.raises(RequestError, match="no profile 'gdpr'"):
        deliver_card(made / "run", tmp_path / "card", profile="gdpr")


@pytest.mark.slow
def test_evidence_in_s3_makes_the_same_card(made: Path, s3: str, tmp_path: Path) -> None:
    tilth.run(Flow.parse(FLOW, name="loans"), f"{s3}/run", data=TABLE)
    deliver_report(from_json((made / "predictions/report.json").read_text("utf-8")), f"{s3}/predictions")
    card = deliver_card(f"{s3}/run", tmp_path / "card", made / "details.yaml", [f"{s3}/predictions"])
    assert [e.name for e in card.evaluation_details or ()] == [e["name"] for e in card_of(made)["evaluation_details"]]
    evidence = json.loads((tmp_path / "card/governance.json").read_text("utf-8"))["evidence"]
    assert [f["name"] for f in evidence] == ["loans.tilth", "report.json", "croissant.json", "openlineage.jsonl", "predictions/report.json"]


@pytest.mark.slow
def test_no_private_value_is_in_any_file_but_the_data(made: Path) -> None:
    def text(path: Path) -> str:
        if path.suffix != ".pdf":
            return path.read_bytes().decode("utf-8", "replace")
        return " ".join(page.extract_text() for page in PdfReader(path).pages)

    written = [p for p in made.rglob("*") if p.is_file() and p.suffix not in (".parquet", ".tilth")]
    assert {p.suffix for p in written} >= {".html", ".pdf", ".ipynb", ".md", ".txt", ".xml", ".json"}
    assert [p.name for p in written if SECRET.split()[1] in text(p)] == []
    assert "Governance report: loans" in text(made / "card/governance.pdf")


def test_all_mistakes_of_the_details_are_said_with_their_lines(tmp_path: Path) -> None:
    (tmp_path / "details.yaml").write_text(
        "model_overview: {model_version: 0, colour: red}\n"
        "intended_uses: {risk_rating: Extreme}\n"
        "evaluation_details:\n"
        "  - metric_groups: [{name: a, metric_data: [{name: x, value: 3}]}]\n"
        f"business_details: {{line_of_business: {'x' * 2049}}}\n"
    )
    with pytest.raises(RequestError) as caught:
        card_from(tmp_path / "details.yaml")
    said = [(m.place and m.place.line, m.message.partition(":")[0]) for m in caught.value.mistakes]
    group = "evaluation_details[0].metric_groups[0].metric_data[0]"
    wrong = ["model_overview.model_version", "model_overview.colour", "intended_uses.risk_rating", "evaluation_details[0].name", group]
    assert sorted(said) == sorted([*zip([1, 1, 2, 4, 4], wrong, strict=True), (5, "business_details.line_of_business")])


def test_a_folder_that_is_not_one_of_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"it has no report\.json"):
        deliver_card(tmp_path, tmp_path / "card")
    for name in ("a.tilth", "b.tilth", "report.json"):
        (tmp_path / name).touch()
    with pytest.raises(RequestError, match="it has 2 fitted flows"):
        deliver_card(tmp_path, tmp_path / "card")


def test_a_measure_without_a_run_has_a_card_that_says_nothing_of_training(made: Path) -> None:
    deliver_card(made / "predictions", made / "of-measure")
    card = json.loads((made / "of-measure/model_card.json").read_text("utf-8"))
    assert card["model_overview"] == {"problem_type": "Binary Classification"} and "training_details" not in card
    (evaluated,) = card["evaluation_details"]
    assert evaluated["name"] == "measure" and "performance" in {g["name"] for g in evaluated["metric_groups"]}
    known = json.loads((made / "of-measure/governance.json").read_text("utf-8"))
    assert [t["kind"] for t in known["lineage"]] == ["data", "report"]
    assert known["lineage"][1]["made_from"] == ["table in memory (80 rows)"]
    assert known["title"] == "Governance report: measure" and "training_details.training_observations" in known["not_provided"]
    assert "Bias before and after training" in (made / "of-measure/governance.html").read_text("utf-8")
