"""hash and sha256: check values, and the laws of pseudonyms."""

import base64
import hmac
import pickle
import re

import pyarrow as pa
from hypothesis import assume, given
from hypothesis import strategies as st

import tilth
from tests.steps.keys import KEY
from tests.steps.made import made
from tests.steps.protect.checks import becomes, checks
from tilth.entities.phones import PLANS
from tilth.steps.protect.action import EachText
from tilth.steps.protect.hashing import Hashed
from tilth.steps.protect.redact import Redact

TEXTS = st.lists(st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12), max_size=8)


@checks("hash", "sha256")
def test_what_a_value_becomes(check):
    assert becomes(check) == [check["is"], None]


@given(TEXTS)
def test_equal_values_have_equal_pseudonyms_and_nulls_and_empty_strings_stay(texts):
    given = pa.array(texts, pa.string())
    found, other = (EachText(Hashed(bytes([n]) * 32, "none", "base32", 128))(given).to_pylist() for n in (1, 2))
    pairs = set(zip(texts, found, strict=True))
    assert len({t for t, _ in pairs}) == len({p for _, p in pairs}) == len(pairs)
    assert all(p == t if not t else len(p) == 26 for t, p in pairs)
    assert not {p for p in found if p} & set(other)


@given(st.binary(min_size=32, max_size=32), st.text(st.characters(codec="utf-8"), min_size=1), st.sampled_from(range(64, 264, 8)))
def test_a_pseudonym_is_the_hmac_of_the_standard_library(key, text, bits):
    found = hmac.digest(key, text.encode(), "sha256")[: bits // 8]
    one = pickle.loads(pickle.dumps(Hashed(key, "none", "base32", bits)))
    assert one(text) == base64.b32encode(found).decode().rstrip("=").lower()


def test_pseudonyms_are_those_of_other_tables_and_kinds():
    there = made(Redact("customer", key=KEY), {"customer": ["7", "8"]})["customer"]
    assert made(Redact("id", key=KEY), {"id": [8, 7]})["id"] == there[::-1]


def test_an_unkeyed_hash_is_warned_of():
    flow = tilth.Flow.parse("features:\n  - redact: {columns: a, with: sha256}\n")
    report = tilth.run(flow, data=pa.table({"a": ["x", "y"]}))
    assert "UNKEYED_HASH" in {f.name for f in report.findings}


@given(st.sampled_from(sorted(PLANS)), st.data())
def test_all_forms_of_a_telephone_number_are_one(country, data):
    plan = PLANS[country]
    number = data.draw(st.from_regex(re.compile(plan.number, re.ASCII), fullmatch=True))
    trunk = {"1?": "", "0?": "", "[08]?": "8"}.get(plan.trunk, plan.trunk)
    assume(not f"{trunk}{number}".startswith("00"))  # which begins numbers abroad
    one = Hashed(bytes(32), "e164", "hex", 128, (country,))
    forms = [
        f"+{plan.code}{number}",
        f"00{plan.code} {number}",
        f" +{plan.code} (0){number[:2]} {number[2:]}",
        f"{trunk}{number[:3]}-{number[3:]}",
    ]
    assert {one(form) for form in forms} == {one(f"+{plan.code} {number}")}
    assert one(forms[0]) == Hashed(bytes(32), "none", "hex", 128)(f"+{plan.code}{number}")
