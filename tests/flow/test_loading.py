"""From a flow file to a flow: what is read, and every mistake at once, each in its place.

A file `mistakes/NAME.yaml` is a flow with mistakes, and `NAME.txt` beside it is what people are told; `{steps}` in it are the names of all
steps of `features`, `{formats}` those of the formats that can be written. To add a case, add both.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tilth
from tests.flow.dump import dump
from tilth.errors import FlowError, RequestError
from tilth.flow import Flow
from tilth.flow.file_parts import FlowFile
from tilth.flow.loading import parse_flow
from tilth.flow.parameters import model_of, parameters
from tilth.formats.format import writable
from tilth.measures.bias.measure import Bias
from tilth.rules import parse
from tilth.secrets import Access
from tilth.steps import STEPS

MISTAKES = Path(__file__).with_name("mistakes")


def test_a_flow_says_everything(tmp_path: Path) -> None:
    (tmp_path / "rules.dqdl").write_text('Rules = [ IsComplete "age" ]')
    path = tmp_path / "small.yaml"
    path.write_text(
        """
data:
  read: [a.csv, b.csv]
  nulls: ["?", -999]
  types: {zip: string}
  roles: {id: no, label: approved, positive: yes, facet: sex, time: day}
check: rules.dqdl
split: {train: 0.7, valid: 0.1, test: 0.2, by: "hash('customer no', zip)", seed: 3}
features:
  - impute: {columns: [age, pay], with: mean}
  - scale: numeric
measure: [bias]
deliver: {to: out, format: csv}
"""
    )
    flow = Flow.load(path)
    assert (flow.name, flow.reading.read, flow.folder) == ("small", ("a.csv", "b.csv"), str(tmp_path))
    assert flow.reading.options == {"nulls": ["?", "-999"], "types": {"zip": "string"}}
    assert (flow.reading.roles.id, flow.reading.roles.label, flow.reading.roles.positive) == (("no",), "approved", ("yes",))
    assert flow.check == parse('Rules = [ IsComplete "age" ]')
    assert flow.split is not None
    assert (flow.split.by, flow.split.columns, flow.split.seed) == ("hash", ("customer no", "zip"), 3)
    assert flow.split.shares == (("train", 0.7), ("valid", 0.1), ("test", 0.2))
    assert [str(s) for s in flow.parts["features"]] == ["impute(columns=['age', 'pay'], with='mean')", "scale(columns='numeric')"]
    assert (flow.measure, flow.deliver.to, flow.deliver.format) == ((Bias(),), "out", "csv")


def test_an_empty_mapping_is_a_flow_that_does_nothing() -> None:
    assert Flow.parse("{}").parts == {}


def test_a_column_may_be_called_by_a_number() -> None:
    flow = Flow.parse("data: {roles: {label: 2024, positive: 1}}\nfeatures: [{scale: [2020, 2021]}]")
    assert (flow.reading.roles.label, flow.reading.roles.positive) == ("2024", (1,))
    assert flow.parts["features"][0].columns == ("2020", "2021")


@pytest.mark.parametrize("path", sorted(MISTAKES.glob("*.yaml")), ids=lambda p: p.stem)
def test_all_mistakes_are_reported_at_once_with_their_places(path: Path) -> None:
    with pytest.raises(FlowError) as caught:
        Flow.load(path)
    shown = str(caught.value).replace(f"{MISTAKES}/", "")
    steps = ", ".join(name for name in STEPS if "features" in STEPS[name].parts)
    assert shown + "\n" == path.with_suffix(".txt").read_text().replace("{steps}", steps).replace("{formats}", ", ".join(writable()))
    assert all(m.code for m in caught.value.mistakes)
    assert caught.value.exit_code == 2


def test_a_file_that_is_not_there_and_the_nearest_name(tmp_path: Path) -> None:
    (tmp_path / "loans.yaml").write_text("{}")
    with pytest.raises(FlowError, match=r"there is no flow file '.*/loan.yaml'[\s\S]*did you mean 'loans.yaml'"):
        Flow.load(tmp_path / "loan.yaml")


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FlowError, match="is not UTF-8"):
        Flow.load(tmp_path / "f.yaml")


def test_a_folder_is_not_a_flow(tmp_path: Path) -> None:
    with pytest.raises(FlowError, match="cannot be read"):
        Flow.load(tmp_path)


# ── fuzz: no exception but FlowError, whatever the file holds ──

WORDS = st.sampled_from([*FlowFile.model_fields, *STEPS, *(p for kind in STEPS.values() for p in parameters(kind)), "label", "train", "x"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | WORDS
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3), max_leaves=12)
FLOWS = st.dictionaries(st.sampled_from(list(FlowFile.model_fields)), VALUES, max_size=5)


@given(FLOWS)
def test_no_document_raises_anything_but_a_flow_error(value: object) -> None:
    try:
        parse_flow(dump(value))  # type: ignore[arg-type]
    except FlowError as error:
        assert all(m.place and m.place.line for m in error.mistakes)


@given(st.data())
def test_no_step_raises_anything_but_a_flow_error(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(list(STEPS)))
    given = data.draw(st.dictionaries(st.sampled_from(parameters(STEPS[name])), VALUES, max_size=4))
    try:
        parse_flow(dump({"features": [{name: given}]}))
    except FlowError as error:
        assert all(m.place for m in error.mistakes)


@given(st.text(max_size=200))
def test_no_string_raises_anything_but_a_flow_error(text: str) -> None:
    with contextlib.suppress(FlowError):
        parse_flow(text)


@pytest.mark.parametrize("name", list(STEPS))
def test_each_parameter_of_a_step_is_described(name: str) -> None:
    schema = model_of(STEPS[name]).model_json_schema()
    assert all(p.get("description") for p in schema.get("properties", {}).values()), schema["properties"]


IGNORED = [
    ("features: [{impute: {columns: a, with: mean, value: 3}}]", "`value` is for `with: constant`"),
    ("features: [{encode: {columns: a, min_frequency: 1.0e+300}}]", "`min_frequency` must be above 0, and at most"),
    ("features: [{impute: []}]", "impute: no column is chosen"),
    ("features: [{null_if: {columns: a, above: .nan}}]", "`above` is not a finite number"),
    ("features: [{impute: {columns: a, with: constant, value: .inf}}]", "`value` is not a finite number"),
    (f"split: {{train: 0.5, {'x' * 300}: 0.5}}", "a part cannot be called"),
]


@pytest.mark.parametrize(("text", "says"), IGNORED, ids=[t[:40] for t, _ in IGNORED])
def test_what_would_be_ignored_is_a_mistake(text: str, says: str) -> None:
    with pytest.raises(FlowError, match=says):
        Flow.parse(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("features:\n  - scale: name\n", "<flow>:3:5: scale: column 'name' .* cannot be scaled"),
        ("features:\n  - scale: nmae\n", "<flow>:3:5: scale: no column, kind or role is called 'nmae'"),
        ("features:\n  - select: name\n  - scale: nmae\n", "<flow>:4:5: scale: no column, kind or role is called 'nmae'"),
        ("features:\n  - formula: {column: a, expression: nmae + 1}\n", "<flow>:3:5: there is no column 'nmae'"),
        ("rows:\n  - dedupe: {on: nmae}\n", "<flow>:3:5: dedupe: no column, kind or role is called 'nmae'"),
    ],
)
def test_a_mistake_found_in_the_data_carries_the_line_of_the_flow(text: str, says: str) -> None:
    with pytest.raises(RequestError, match=says):
        tilth.fit(Flow.parse("data: {roles: {private: name}}\n" + text), pa.table({"name": ["a"]}))


def test_a_role_of_an_unknown_column_carries_the_line_of_the_flow(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("name\na\n")
    (tmp_path / "f.yaml").write_text("data:\n  read: a.csv\n  roles: {label: nmae}\n")
    with pytest.raises(RequestError, match=r"f.yaml:3:10: role 'label': there is no column 'nmae'"):
        tilth.run(tmp_path / "f.yaml", tmp_path / "out")


def test_the_values_of_a_private_column_do_not_become_names() -> None:
    text, table = "data: {roles: {private: name}}\nfeatures:\n  - encode: name\n", pa.table({"name": ["a"]})
    with pytest.raises(RequestError, match="column 'name' is private"):
        tilth.fit(Flow.parse(text), table)
    tilth.fit(Flow.parse(text.replace("encode: name", "encode: {columns: name, categories: [a]}")), table)


@pytest.mark.slow
def test_rules_of_a_flow_compare_with_further_tables(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("id,customer\n1,a\n2,b\n3,x\n")
    (tmp_path / "customers.csv").write_text("name\na\nb\n")
    rules = 'Rules = [ ReferentialIntegrity "customer" "customers.name" = 1.0 ]'
    text = f"data: {{read: orders.csv, tables: {{customers: customers.csv}}}}\ncheck: '{rules}'\n"
    (tmp_path / "f.yaml").write_text(text)
    assert not tilth.run(tmp_path / "f.yaml").passed
    (tmp_path / "customers.csv").write_text("name\na\nb\nx\n")
    assert tilth.run(tmp_path / "f.yaml").passed


def test_secrets_open_what_a_flow_reads(tmp_path: Path) -> None:
    text = """
data:
  read: postgresql://db.example.com/sales?table=orders
  secret: file:secrets/pg.json#password
  tables:
    stores: {read: "https://example.com/stores.csv", secret: {reference: vault:kv/web, fields: {password: token}}}
    regions: regions.csv
"""
    reading = parse_flow(text, folder=str(tmp_path)).reading
    assert reading.secret == Access(f"file:{tmp_path}/secrets/pg.json#password")
    assert reading.table_secrets == {"stores": Access("vault:kv/web", (("password", "token"),))}
    assert "secret" not in reading.options
