"""The parser and the checks, on every case of `cases/`: what is accepted, how it is printed, and what is said of it, where."""

from __future__ import annotations

import pytest

from tests.rules.cases import cases
from tilth.errors import RulesError
from tilth.rules import CODES, lint, parse
from tilth.rules.language.diagnostics import MOST_ERRORS
from tilth.rules.language.syntax import Composite, Condition, Literal, Rule

CASES = list(cases())


@pytest.mark.parametrize("strict", [False, True], ids=["default", "strict"])
@pytest.mark.parametrize("file", sorted({case.file for case in CASES}))
def test_the_cases(file: str, strict: bool) -> None:
    for case in (case for case in CASES if case.file == file):
        assert case.found(strict) == case.expected(strict), case
        if not case.accepted(strict):
            with pytest.raises(RulesError) as caught:
                parse(case.source, strict=strict)
            assert all(mistake.severity == "error" and mistake.place for mistake in caught.value.mistakes), case
            continue
        assert case.printed(strict) == case.canonical_text(strict), case
        ruleset = parse(case.source, strict=strict)
        again = parse(str(ruleset), strict=strict)
        assert again == ruleset, case
        assert str(again) == str(ruleset), case


def test_every_code_has_a_case() -> None:
    said = {line.split()[0] for case in CASES for line in (*case.said, *case.strictly)} - {"-"}
    assert said == set(CODES)


def test_a_case_without_canonical_form_is_rejected() -> None:
    assert not [str(case) for case in CASES if case.accepted(strict=False) != bool(case.canonical)]


def test_positions_are_of_the_file() -> None:
    with pytest.raises(RulesError, match=r"^orders\.dqdl:2:3: there is no rule type Foo"):
        parse("Rules = [\n  Foo\n]", file="orders.dqdl")


def test_windows_line_ends_and_a_byte_order_mark_are_white_space() -> None:
    text = "\ufeffRules = [\r\n RowCount > 3,\r\n\f ColumnCount > 3\r\n]"
    assert len(parse(text).rules) == 2
    assert [mistake.code for mistake in lint(text)] == ["W-NOT-IN-GLUE", "W-NOT-IN-GLUE"]
    assert [mistake.code for mistake in lint(text, strict=True)] == ["E-SYNTAX", "E-SYNTAX"]


def test_a_carriage_return_in_a_comment_is_part_of_it() -> None:
    assert lint("Rules = [ RowCount > 3 ] # all\r\n", strict=True) == []


def test_a_byte_order_mark_has_no_meaning_elsewhere() -> None:
    assert [mistake.code for mistake in lint("Rules = [ RowCount \ufeff> 3 ]")] == ["E-SYNTAX"]


def test_warnings_stay_with_the_ruleset() -> None:
    assert [mistake.code for mistake in parse('Rules = [ Mean "a" = 3 ]').warnings] == ["W-FLOAT-EQ"]


def test_the_tree_is_what_was_said() -> None:
    ruleset = parse('Rules = [ (RowCount > 1) AND (RowCount < 3.5 where "x") ]')
    low = Rule("RowCount", condition=Condition("number", ">", (Literal("1"),)))
    assert ruleset.rules == (Composite("AND", (low, ruleset.rules[0].leaves[1])),)
    assert [leaf.where.pattern if leaf.where else None for leaf in ruleset.leaves] == [None, "x"]


def test_default_labels_are_overlaid() -> None:
    ruleset = parse('DefaultLabels = ["a"="1","b"="2"] Rules = [ RowCount > 3 labels=["b"="3"], RowCount > 4 ]')
    assert [ruleset.labels_of(rule) for rule in ruleset.rules] == [{"a": "1", "b": "3"}, {"a": "1", "b": "2"}]


@pytest.mark.parametrize(
    ("opening", "middle", "closing"), [("(", "RowCount > 1", ")"), ("abs(", "1", ")"), ("(", "1", ")")], ids=["rules", "calls", "numbers"]
)
def test_parentheses_nest_so_far(opening: str, middle: str, closing: str) -> None:
    rule = "" if "RowCount" in middle else "RowCount > "
    fits, breaks = (f"Rules = [ {rule}{opening * deep}{middle}{closing * deep} ]" for deep in (64, 65))
    assert parse(str(parse(fits))) == parse(fits)
    assert [mistake.message for mistake in lint(breaks)] == ["parentheses are nested deeper than 64"]


def test_enough_errors_are_enough() -> None:
    said = [mistake for mistake in lint("Rules = [" + "Foo, " * 10_000 + "]") if mistake.severity == "error"]
    assert len(said) == MOST_ERRORS + 1
    assert said[-1].message == "there are 500 errors: the rest of the ruleset was not checked"


RULES = """IsComplete "c{0}",
ColumnValues "c{0}" in ["NEW","PAID","SHIPPED"] where "k > 1" with threshold >= 0.99,
Mean "c{0}" between 3.5 and avg(last(7)) * 1.5,
(Completeness "c{0}" > 0.9) OR (IsUnique "c{0}"),
ColumnLength "c{0}" = 5 labels=["tier"="silver"]"""


def test_a_thousand_rules_are_read() -> None:
    text = f"Rules = [{','.join(RULES.format(i) for i in range(200))}]"
    assert len(parse(text).rules) == 1000


N = 10_000
HOSTILE = {
    "parentheses": "(" * N,
    "closed parentheses": "(" * N + ")" * N,
    "brackets": "[" * N,
    "lists": "RowCount in [" * N,
    "commas": "," * N,
    "commas and parentheses": ",((((" * N,
    "unknown types": 'Foo "x" > 3,' * N,
    "other unknown types": "".join(f"Foo{i}," for i in range(N)),
    "calls": "RowCount > " + "avg(" * N,
    "long chains": "RowCount > 1" + "+1*2" * N,
    "long histories": "RowCount > max(" + "last(9999)," * N + "1)",
    "composites": "RowCount > 1" + " and RowCount > 1" * N,
    "a long list": 'ColumnValues "a" in [' + '"x",' * N + '"y"]',
    "a mixed list": 'ColumnValues "a" in [' + '"x",1,' * N + '"y"]',
    "labels": "RowCount > 1 labels=[" + '"a"="b",' * N + '"c"="d"]',
    "tags": "RowCount > 1" + " with foo = 1" * N,
    "parameters": "IsUnique a" + " and b" * N,
    "digits": "RowCount > " + "9" * N,
    "digits of a size": "FileSize > " + "9" * N + " KB",
    "open comments in SQL": 'RowCount > 1 where "' + "/*" * N + '"',
    "open quotes in SQL": 'RowCount > 1 where "' + "'\\\\'" * N + '"',
    "blanks in SQL": 'CustomSql "' + "select " * N + " " * N + '"',
    "blanks in an aggregate": 'AggregateMatch "sum(' + " " * N + ')" "sum(" > 1',
    "classes in a pattern": 'ColumnValues "a" matches "' + "[(" * N + '"',
    "warnings": 'Mean "a" = 1,' * N + "RowCount > 1",
}
DOCUMENTS = {
    "quotes": '"' * (2 * N + 1),
    "a quote on each line": '"\n' * (2 * N + 1),
    "escaped quotes": '"' + '\\"\n' * N,
    "odd characters": "@ " * N,
    "carriage returns": "\r@ " * N,
    "sections": "Rules = " * N,
    "dictionaries": "Metadata = { " * N,
    "variables": "".join(f'v{i} = "x"\n' for i in range(N)) + "Rules = [" + "".join(f"IsComplete $w{i}," for i in range(N)) + "]",
    "aliases": 'DataSources = {"AdditionalDataSources":['
    + ",".join(f'"a{i}"' for i in range(N))
    + "]} Rules = ["
    + "".join(f'SchemaMatch "b{i}" > 1,' for i in range(N))
    + "RowCount > 1]",
    "a table": "1,2,3\n" * N,
    "zeros": "\0" * N,
    "text behind the end": "Rules = [ RowCount > 1 ]" + "x " * N,
}


TEXTS = {name: f"Rules = [ {rules} ]" for name, rules in HOSTILE.items()} | DOCUMENTS


@pytest.mark.slow
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_hostile_input_gives_a_bounded_list_of_mistakes(text: str) -> None:
    """Ten thousand of anything; work that grew with the square of the text would reach the suite's time limit."""
    errors = [mistake for mistake in lint(text) if mistake.severity == "error"]
    assert len(errors) <= MOST_ERRORS + 1
