"""JSON: nothing lost, read back, and by its own schema."""

from __future__ import annotations

import json
import math
from dataclasses import fields

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.report.samples import REPORTS
from tilth.errors import RequestError
from tilth.measures.bias.payload import BiasNumber
from tilth.measures.profile import ColumnProfile
from tilth.report import Facts, Finding, Outcome, Report, Scan, Warned
from tilth.report.finding import Other
from tilth.report.json import from_json, report_schema, to_json
from tilth.report.report import FORMAT
from tilth.report.sections import SECTIONS
from tilth.rules.findings import Leaf, RuleVerdict

words = st.text(max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words,
    lambda v: st.lists(v, max_size=3) | st.dictionaries(words, v, max_size=3),
)
numbers = st.none() | st.floats()
leaves = st.lists(st.builds(Leaf, words, words, notes=st.lists(words, max_size=2).map(tuple)), max_size=2).map(tuple)
tables = st.dictionaries(words, values, max_size=3)
kinds = st.one_of(
    st.builds(Other, words.filter(lambda kind: kind not in SECTIONS), tables),
    st.builds(Warned, words, tables.map(lambda t: {k: v for k, v in t.items() if k != "measure"})),
    st.builds(RuleVerdict, words, tables, st.dictionaries(words, words), rows=st.dictionaries(words, st.integers()), leaves=leaves),
    st.builds(BiasNumber, words, counts=st.dictionaries(words, st.floats()), band=st.none() | st.tuples(st.floats(), st.floats())),
    st.builds(ColumnProfile, words, mean=numbers, minimum=values, top=st.lists(st.tuples(values, st.integers())).map(tuple)),
)
findings = st.builds(
    Finding,
    words,
    st.lists(words, max_size=2).map(tuple),
    values,
    st.none() | st.sampled_from(Outcome),
    *[words] * 4,
    *[numbers] * 3,
    kinds,
    st.lists(tables, max_size=2).map(tuple),
)
scans = st.lists(st.builds(Scan, words, st.floats(0, 1e6), words), max_size=2).map(tuple)
facts = st.builds(
    Facts, words, words, st.none() | st.integers(0), words, st.floats(0, 1e6), scans, st.dictionaries(words, words), words, tables
)
reports = st.builds(Report, words, st.lists(findings, max_size=3).map(tuple), facts)


@given(reports)
def test_what_is_read_writes_the_same_text(report):
    text = to_json(report)
    assert to_json(from_json(text)) == text
    text.encode()


@pytest.mark.slow
@given(reports)
def test_the_nouns_come_back(report):
    back = from_json(to_json(report))
    assert (back.title, back.passed, back.facts.scans, back.facts.versions) == (
        report.title,
        report.passed,
        report.facts.scans,
        report.facts.versions,
    )
    for old, new in zip(report.findings, back.findings, strict=True):
        for name in ("kind", "name", "subject", "outcome", "message", "part", "where", "group"):
            assert getattr(new, name) == getattr(old, name)
        for name in ("low", "high", "confidence"):
            assert repr(getattr(new, name)) == repr(getattr(old, name))


@pytest.mark.slow
def test_a_report_of_plain_values_comes_back_equal():
    assert from_json(to_json(REPORTS["loans"])) == REPORTS["loans"]


def test_infinities_and_nothing_come_back():
    found = [Finding("m", value=v, low=-math.inf, high=math.inf) for v in (math.inf, -math.inf, None, 0)]
    back = from_json(to_json(Report("x", tuple(found))))
    assert [f.value for f in back.findings] == [math.inf, -math.inf, None, 0]
    assert back.findings[0].low == -math.inf
    assert math.isnan(from_json(to_json(Report("x", (Finding("m", value=math.nan),)))).findings[0].value)


@pytest.mark.slow
@given(reports)
def test_what_is_written_follows_the_schema(report):
    jsonschema.Draft202012Validator(report_schema()).validate(json.loads(to_json(report)))


@pytest.mark.slow
@pytest.mark.parametrize("name", REPORTS)
def test_the_samples_follow_the_schema(name):
    jsonschema.Draft202012Validator(report_schema()).validate(json.loads(to_json(REPORTS[name])))


def test_the_schema_is_valid_and_has_every_field():
    schema = report_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    for noun in (Finding, Facts, Scan):
        told = schema["$defs"][noun.__name__]["properties"]
        assert {f.name for f in fields(noun)} - {"payload"} <= set(told)
    assert schema["properties"]["format"]["const"] == FORMAT


def test_a_field_of_a_later_version_is_ignored():
    content = json.loads(to_json(Report("x", (Finding("r", outcome=Outcome.PASSED, payload=RuleVerdict()),))))
    content["findings"][0]["colour"] = content["new"] = "green"
    assert from_json(json.dumps(content)).findings[0].name == "r"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"findings": [}', "report.json:1:15: invalid JSON"),
        ("", "invalid JSON"),
        (b"\xff\xfe\x00", "invalid JSON"),
        pytest.param("[" * 200_000, "invalid JSON", id="deep"),
        ("[]", "this is not a report"),
        ('{"findings": [], "title": "x"}', "has the format None"),
        ('{"findings": [], "title": "x", "format": 99}', "written by a newer Tilth"),
        ('{"findings": [{"kind": 3, "name": "a"}, 3], "title": 4, "format": 1}', "findings[0]: a finding has a kind"),
        (
            '{"findings": [{"kind": "column", "name": "a", "details": {"rows": "many"}}], "title": "", "format": 1}',
            "findings[0].details.rows",
        ),
        ('{"findings": [{"kind": 3, "name": "a"}, 3], "title": 4, "format": 1}', "findings[1]"),
        ('{"findings": 3, "title": "x", "format": 1}', "findings"),
    ],
)
def test_what_is_not_a_report_is_rejected_with_its_place(text, said):
    with pytest.raises(RequestError) as caught:
        from_json(text)
    assert said in str(caught.value)
