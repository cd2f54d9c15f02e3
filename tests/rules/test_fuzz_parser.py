"""The parser under fire: whatever a text says, it is a ruleset or a `RulesError`; what is accepted can be printed and read again."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.house.tree import ROOT, python
from tests.rules.strategies import mutations, rulesets, soups
from tilth.errors import RulesError
from tilth.rules import lint, parse
from tilth.rules.language.syntax import Ruleset


def holds(text: str) -> None:
    """The laws of every text: both functions agree, places lie inside of it, and printing and reading go round."""
    for strict in (False, True):
        said = lint(text, strict=strict)
        errors = [mistake for mistake in said if mistake.severity == "error"]
        lines = text.split("\n")
        for mistake in said:
            assert mistake.code.startswith("E-" if mistake in errors else "W-")
            assert mistake.place
            assert mistake.place.line
            assert mistake.place.column
            assert 1 <= mistake.place.column <= len(lines[mistake.place.line - 1]) + 1
            assert str(mistake)
        try:
            ruleset = parse(text, strict=strict)
        except RulesError as error:
            assert list(error.mistakes) == errors
            assert errors
            continue
        assert not errors
        assert list(ruleset.warnings) == said
        assert parse(str(ruleset), strict=strict) == ruleset
        assert str(parse(str(ruleset), strict=strict)) == str(ruleset)
        for rule in ruleset.rules:
            assert str(parse(f"{declared(ruleset)} Rules = [ {rule} ]", strict=strict).rules[0]) == str(rule)


def declared(ruleset: Ruleset) -> str:
    return "\n".join(map(str, ruleset.variables))


@pytest.mark.slow
@given(rulesets())
def test_what_is_printed_is_read_again(ruleset: Ruleset) -> None:
    assert parse(str(ruleset)) == ruleset
    holds(str(ruleset))


@given(st.text(max_size=200))
@example("\ufeff")
@example("Rules = [ IsComplete \ud800 ]")
def test_any_string(text: str) -> None:
    holds(text)


@given(soups)
def test_any_tokens_in_a_list(soup: str) -> None:
    holds(f"Rules = [ {soup} ]")


@given(soups)
def test_any_tokens(soup: str) -> None:
    holds(soup)


@given(mutations())
def test_a_mutated_valid_ruleset(text: str) -> None:
    holds(text)


@given(mutations())
def test_strict_mode_accepts_nothing_that_default_mode_rejects(text: str) -> None:
    """But for `and` before the name of a rule type, and Rules behind Analyzers, which strict mode ignores."""
    said, strictly = lint(text), lint(text, strict=True)
    if not {"W-PARENS", "W-TRAILING"} & {mistake.code for mistake in strictly} and all(one.severity == "warning" for one in strictly):
        assert all(mistake.severity == "warning" for mistake in said)


@pytest.mark.slow
def test_the_fuzzer_finds_nothing() -> None:
    """Some hundred inputs of atheris, which looks for inputs that reach new lines of the parser."""
    pytest.importorskip("atheris", reason="atheris is not made for this Python")
    done = python("-m", "tests.fuzz.dqdl", f"-runs={settings().max_examples * 20}", "-timeout=5", "-max_len=400", cwd=ROOT, seconds=120)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
