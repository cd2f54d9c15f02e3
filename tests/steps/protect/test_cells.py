"""Parts of texts: what is hidden, and what is noted of it."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.steps.keys import KEY
from tests.steps.made import applied, fitted, made
from tilth.errors import RequestError, TilthError
from tilth.steps.protect.cells import Found
from tilth.steps.protect.redact import Redact

TEXT = "日本: mail ann@example.org or eve@x.com, card 4111 1111 1111 1111."
EXPECTED = {
    "replace": "日本: mail [EMAIL] or [EMAIL], card [CREDIT_CARD].",
    "mask": "日本: mail *************** or *********, card *******************.",
    "detect": TEXT,
}


@pytest.mark.parametrize("way", EXPECTED)
def test_only_what_is_found_is_hidden(way):
    found = made(Redact("n", with_=way, find=("EMAIL", "CREDIT_CARD"), findings="f"), {"n": [TEXT, None, "", "nothing"]})
    assert found["n"] == [EXPECTED[way], None, "", "nothing"]
    places = found["f"][0]["n"]
    assert [TEXT[p["start"] : p["end"]] for p in places] == ["ann@example.org", "eve@x.com", "4111 1111 1111 1111"]
    assert {p["actionUsed"] for p in places} == {way}
    assert found["f"][1:] == [{}, {}, {}]


def test_the_rows_go_in_which_something_is_found():
    table = {"n": [TEXT, None, "", "nothing"], "m": ["a@x.org"] * 2 + ["a", None], "i": [1, 2, 3, 4]}
    assert made(Redact("n", with_="drop_row", find=("EMAIL",)), table)["i"] == [2, 3, 4]
    assert made(Redact(("n", "m"), with_="drop_row", find=("EMAIL",)), table)["i"] == [3, 4]
    assert made(Redact("m", with_="drop_row"), table)["i"] == [4]


def test_a_part_of_a_text_becomes_what_a_whole_cell_does():
    table = {"n": ["to ann@example.org, please", "card 4111-1111-1111-1111"], "m": ["ann@example.org", "4111-1111-1111-1111"]}
    parts = made(Redact("n", find=("all",), key=KEY), table)["n"]
    assert parts == [f"to {made(Redact('m', key=KEY), table)['m'][0]}, please", f"card {made(Redact('m', key=KEY), table)['m'][1]}"]


def test_names_of_the_row_are_hidden_beside_what_patterns_find():
    table = {"n": ["Ann Lee, ann@example.org", "Ann Lee", None, "Lee"], "who": ["Ann Lee", "Bo", "Ann", None]}
    step = Redact("n", with_="replace", find=("EMAIL", "PERSON_NAME"), names=("who",), findings="f")
    found = made(step, table)
    assert found["n"] == ["[PERSON_NAME], [EMAIL]", "Ann Lee", None, "Lee"]
    assert [[p["entityType"] for p in f.get("n", [])] for f in found["f"]] == [["PERSON_NAME", "EMAIL"], [], [], []]
    one = fitted(step, table)
    assert applied(one, {"n": ["Lee", "Lee"], "who": ["Lee", "Bo"]})["n"] == ["[PERSON_NAME]", "Lee"]
    hashed = made(Redact("n", find=("PERSON_NAME",), names=("who",), key=KEY), {"n": ["Lee"], "who": ["Lee"]})
    assert hashed["n"] == made(Redact("n", key=KEY), {"n": ["Lee"]})["n"]


@given(st.lists(st.sampled_from([None, "", "a b", "ann@example.org", "x ann@example.org y", "eve@x.com eve@x.com", "4111111111111111"])))
def test_a_text_of_a_batch_is_hidden_as_it_is_alone(texts):
    one = Found("n", ("EMAIL", "CREDIT_CARD"), (), "low", "replace", None, noted=True, details=True)
    assert one(pa.array(texts, pa.string())).to_pylist() == [one.alone(text) for text in texts]


@pytest.mark.parametrize(
    "parameters",
    [
        {"find": ("NO_SUCH_ENTITY",), "key": KEY},
        {"find": ("EMAIL",), "with_": "shuffle"},
        {"find": ("PERSON_NAME",), "key": KEY},
        {"find": ("EMAIL",), "names": ("m",), "key": KEY},
        {"find": ("EMAIL",), "with_": "detect"},
        {"find": ("EMAIL",), "with_": "drop_row", "findings": "f"},
        {"with_": "drop_row", "into": "f"},
        {"findings": "f", "with_": "replace"},
        {"find": ("EMAIL",), "with_": "replace", "sensitivity": 2},
    ],
)
def test_what_cannot_be_found_is_refused(parameters):
    with pytest.raises(RequestError):
        Redact("n", **parameters)
    with pytest.raises(TilthError):
        made(Redact("n", with_="replace", find=("EMAIL",), findings="m"), {"n": ["a"], "m": ["b"]})
    with pytest.raises(TilthError, match="not of strings"):
        made(Redact("n", with_="replace", find=("EMAIL",)), {"n": [1]})
