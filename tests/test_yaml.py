"""YAML with positions: what words mean, where they stand, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from tests.flow.dump import dump
from tilth import yaml as module
from tilth.errors import FlowError
from tilth.yaml import comment_text, parse, plain, yaml_string, yaml_value


@pytest.fixture(params=["CSafeLoader", "SafeLoader"])
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both of PyYAML's loaders: the C one is not there in every installation."""
    if not hasattr(yaml, request.param):
        pytest.skip(f"this PyYAML has no {request.param}")
    monkeypatch.setattr(module, "LOADER", getattr(yaml, request.param))


WORDS: list[tuple[str, Any]] = [
    # YAML 1.2.2, chapter 10.3.2 (core schema), where 1.1 differs: yes, no, on, off and dates are strings
    ("yes", "yes"),
    ("no", "no"),
    ("on", "on"),
    ("true", True),
    ("False", False),
    ("null", None),
    ("~", None),
    ("", None),
    ("12", 12),
    ("-12", -12),
    ("0.5", 0.5),
    (".5", 0.5),
    ("1e3", 1000.0),
    ("1_000", "1_000"),
    ("2001-01-01", "2001-01-01"),
    ("12:30", "12:30"),
    # and one of our own: a number with a leading zero is a code, not a number
    ("007", "007"),
    ("-.inf", float("-inf")),
    ("'12'", "12"),
    ('"true"', "true"),
    ("9" * 5000, "9" * 5000),  # Python refuses to make a number of it
]


@pytest.mark.parametrize(("written", "meant"), WORDS, ids=[w[:12] for w, _ in WORDS])
def test_a_word_means(loader: None, written: str, meant: Any) -> None:
    found = parse(f"a: {written}").value["a"]
    assert found == meant
    assert type(found) is type(meant)


def test_places_are_those_of_keys_and_values(loader: None) -> None:
    document = parse("data:\n  read: [a.csv, b.csv]\n  roles: {label: y}\n", "f.yaml")
    key, value = document.places["data", "roles", "label"]
    assert (key.line, key.column, key.length, key.text) == (3, 11, 5, "  roles: {label: y}")
    assert (value.line, value.column, str(value)) == (3, 18, "f.yaml:3:18")
    assert document.places["data", "read", 1][1].column == 17


def test_of_what_is_not_there_the_place_is_its_parents() -> None:
    document = parse("data:\n  read: a.csv\n")
    assert document.place(("data", "read", "x", 3)).column == 9
    assert document.place(("split",)).line == 1


def test_lines_are_counted_as_yaml_counts_them(loader: None) -> None:
    document = parse("a: x\x85b: y\u2028\nc: z")
    assert document.place(("c",), of_key=True).text == "c: z"


def test_a_key_set_twice_is_a_mistake_and_the_first_stays() -> None:
    document = parse("a: 1\nb: 2\na: 3\n")
    (mistake,) = document.mistakes
    assert document.value == {"a": 1, "b": 2}
    assert str(mistake) == "<flow>:3:1: 'a' is already set on line 1 [set-twice]\n    a: 3\n    ^"


REFUSED = [
    ("a: [1", "not-yaml"),
    ("a: b: c", "not-yaml"),
    ("\t- a", "not-yaml"),
    ("a: *nobody", "not-yaml"),
    ("--- a\n--- b", "not-yaml"),
    ("a: \x00", "not-yaml"),
    ("a: \ud800", "not-yaml"),
    ("[" * 100_000, "too-large"),
    ("{a: " * 3_000, "too-large"),
    ("- " * 3_000, "too-large"),
    ("&a [*a]", "too-large"),
    (
        "a: &a [x, x]\n" + "".join(f"{n}: &{n} [{', '.join([f'*{m}'] * 10)}]\n" for m, n in zip("abcdefgh", "bcdefghi", strict=True)),
        "too-large",
    ),
]


@pytest.mark.parametrize(("text", "code"), REFUSED, ids=[t[:12].encode("unicode_escape").decode() for t, _ in REFUSED])
def test_is_rejected(loader: None, text: str, code: str) -> None:
    with pytest.raises(FlowError) as caught:
        parse(text)
    assert caught.value.mistakes[0].code == code
    assert len(str(caught.value)) < 2000


@pytest.mark.parametrize("text", ["? [a]\n: b", "a: !!python/object/apply:os.system [x]", "a: !mine b"])
def test_is_a_mistake(loader: None, text: str) -> None:
    assert parse(text).mistakes


@given(st.text() | st.text(alphabet="ab:-[]{}&*!|>'\"#%@`,? \n\t0.~<").filter(bool))
@example("? ")
@example("- !!binary x")
@example("%TAG ! x\n---\n!a b")
def test_no_string_raises_anything_but_a_flow_error(text: str) -> None:
    try:
        document = parse(text)
    except FlowError:
        return
    for key, value in document.places.values():
        assert key.line
        assert value.column


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=["C"])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="ascii", categories=["L"]), min_size=1), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(VALUES)
def test_what_is_dumped_is_read_again(value: Any) -> None:
    assert parse(dump({"a": value})).value == {"a": value}


@pytest.mark.parametrize("word", ["yes", "007", "12", "1e3", "true", "", "~", "- a", "a: b", "two\nlines", " blank "])
def test_a_string_stays_a_string(word: str) -> None:
    assert parse(dump({"a": word})).value == {"a": word}
    assert isinstance(plain(word), str) or parse(dump({"a": word})).value["a"] == word


ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]))
ANY = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | ANY_TEXT


@given(st.dictionaries(ANY_TEXT, st.lists(ANY, max_size=3) | ANY, max_size=3))
@example({"null": ["no", "1e3", ".inf", "NaN", "~", "- a", "!b"]})
def test_what_is_written_on_one_line_is_read_back(value: Any) -> None:
    assert parse(f"x: {yaml_value(value)}").value == {"x": value}


@given(st.dictionaries(st.text("aeflnosuyNOTY01-:_.~", max_size=8), st.text("aeflnosuyNOTY01-:_.~", max_size=8), max_size=3))
@example({word: word for word in ["No", "yes", "ON", "Off", "null", "Null", "~", "007", "1_000", "0x1f", "2024-12-31", "1:30", "=", "<<"]})
def test_readers_of_yaml_1_1_read_the_same_strings(value: dict[str, str]) -> None:
    assert yaml.safe_load(f"x: {yaml_value(value)}") == {"x": value} or "on" in value


def test_the_parameter_on_is_written_without_quotes() -> None:
    assert yaml_value({"on": "No", "how": "on"}) == '{on: "No", how: "on"}'


@pytest.mark.parametrize(
    "text", ["yes", "no", "true", "007", "12", "a: b", "#x", "!age", "-", "*.csv", "[x]", "../a.csv", "\ufeff", "\x85", "\x07"]
)
def test_a_string_with_a_meaning_in_yaml(text: str) -> None:
    assert parse(f"a: [{yaml_string(text)}]").value == {"a": [text]}


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_comment_stays_a_comment(text: str) -> None:
    assert parse(f"a: 1  # {comment_text(text)}\nb: 2").value == {"a": 1, "b": 2}


def test_a_tab_is_named(loader: None) -> None:
    with pytest.raises(FlowError, match=r"a.yaml:2:1: invalid YAML: a tab(.|\n)*indent lines by spaces"):
        parse("data:\n\tread: a.csv\n", "a.yaml")
