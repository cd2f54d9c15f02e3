"""The checks say what Glue says, beside their own words; the cases are in `cases/`, the parser's test runs them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tilth.errors import RulesError
from tilth.rules import lint
from tilth.rules.language.references import split_aggregate, split_names, split_reference

ELEVEN = ",".join(f'"{i}"="x"' for i in range(11))
GLUE = [
    ("Rules = []", "No rules or analyzers provided."),
    ("Metadata = {} Rules = [ RowCount > 3 ]", "Empty dictionary provided"),
    ('Metadata = {"a":"b"} Rules = [ RowCount > 3 ]', "Unsupported key provided in Metadata section"),
    ('DataSources = {"a":"b"} Rules = [ RowCount > 3 ]', "Unsupported key provided in Sources section"),
    ('DataSources = {"AdditionalDataSources":"b"} Rules = [ RowCount > 3 ]', "Additional sources must be an array of values."),
    ("Foo > 3", "Rule Type: Foo is not valid"),
    ('RowCount "id" > 3', "Rule Type: RowCount is not valid"),
    ('AllStatistics "a"', "Analyzer Type: AllStatistics is not supported in rules section"),
    ("Analyzers = [ Foo ]", "Analyzer Type: Foo is not valid"),
    ('Analyzers = [ IsComplete "a" ]', "Analyzer Type: IsComplete is not supported"),
    ('IsComplete "a" > 3', "Unexpected condition for rule of type IsComplete with boolean return type"),
    ("RowCount", "Unexpected condition for rule of type RowCount with number return type"),
    ('ColumnCount > 3 where "a"', "Where clause is not supported for rule type: ColumnCount"),
    ('RowCount > 3 where ""', "Empty where condition provided for rule type: RowCount"),
    ("RowCount > 3 with threshold > 0.5", "Threshold condition not supported for rule type: RowCount"),
    (
        'ColumnValues "a" = 1 with threshold > 0.5 with threshold > 0.6',
        "Only one threshold condition at a time is supported.",
    ),
    ('ColumnValues "a" = "x" with ignoreCase != "true"', "String tags only support the equality operator."),
    ("FileSize > 3 with recentFiles > 3", "Number tags only support the equality operator."),
    ("RowCount > 3 labels=[]", "Labels must have at least one label"),
    ('RowCount > 3 labels=[""="x"]', "Label key or value cannot be empty"),
    ('RowCount > 3 labels=["a"="x","a"="y"]', "Duplicate label key. Key must be unique."),
    (f"RowCount > 3 labels=[{ELEVEN}]", "Number of labels exceed maximum allowed (MAX: 10)"),
    ('x = "a" x = "b" Rules = [ IsComplete $x ]', "Variable 'x' is already defined"),
    ("IsComplete $x", "Variable not found: x"),
    ('x = ["a"] Rules = [ IsComplete $x ]', "Invalid variable type for 'x': expected STRING"),
    ('x = "$y" Rules = [ IsComplete $x ]', "Nested variables are not supported in variable 'x'"),
    (
        "RowCount > last(5)",
        "Rule threshold results in list, and a single value is expected. Use aggregation functions",
    ),
    ("RowCount > last(5) + 1", "Binary expression operands must resolve to a single number."),
    ("RowCount > index(last(5), 1.5)", "Function index used in threshold requires positive integer argument."),
    ('ColumnLength "a" > last()', "[ColumnLength] rule only supports simple atomic operands in thresholds."),
]


@pytest.mark.parametrize(("text", "glue"), GLUE, ids=[glue for _, glue in GLUE])
def test_what_glue_says(text: str, glue: str) -> None:
    source = text if "Rules" in text or "Analyzers" in text else f"Rules = [ {text} ]"
    said = lint(source)
    assert glue in [getattr(mistake, "glue_message", "") for mistake in said]
    assert f"\n    Glue says: {glue}" in "\n".join(map(str, said))


HINTS = [
    ("RowCuont > 3", "did you mean 'RowCount'?"),
    ('Completness "a" > 3', "did you mean 'Completeness'?"),
    ('ColumnValues "a" In ["x"]', "did you mean 'in'?"),
    ('DataFreshness "a" < 3 hour', "did you mean 'hours'?"),
    ('DataFreshness "a" < 3', "give a unit: days, hours or minutes"),
    ('DataFreshness "a" between 2 and 4 days', "such as between 2 days and 4 days"),
    ("RowCount == 3", "write ="),
    ("RowCount => 3", "write >="),
    ("RowCount <> 3", "write !="),
    ("RowCount > .5", "numbers have digits on both sides of the point: 0.5"),
    ("RowCount > 1e3", "numbers have no exponent"),
    ('ColumnValues "a" = abc', 'strings are written in quotes: "abc"'),
    ("ColumnValues 'a' = 3", "strings are written in straight double quotes"),
    ('ColumnValues "a" is null', "write = NULL or != NULL"),
    ("FileFreshness > now() - 3 days", "a shifted now() needs parentheses: (now() - 3 days)"),
    ('(RowCount > 3) where "x"', "a clause of one rule belongs inside its parentheses"),
    ('IsComplete "a" IsUnique "b"', "is a comma missing before IsUnique?"),
    ('ColumnDataType "a" = "Integr"', "did you mean 'Integer'?"),
    ('ColumnDataType "a" = "String"', "every column can be read as a string"),
    ('ColumnValues "a" = "x" with ignorecase = "true"', "did you mean 'ignoreCase'?"),
    ("RowCount > avrg(last(3))", "did you mean 'avg'?"),
    ('CustomSql "select 1" = 1 where "x"', "put the condition into the query"),
    ('DetectAnomalies "Mea" "x"', "did you mean 'Mean'?"),
]

HINTS += [
    ('NOT (IsComplete "a")', "a rule cannot be negated: write !=, not in, not between or not matches"),
    ('not IsComplete "a"', "a rule cannot be negated: write !=, not in, not between or not matches"),
    ('IsPrimaryKey "a", "b"', "rules are separated by commas, the parameters of one by blanks"),
    ("RowCount > 1,000", "a comma separates rules: write 1000, not 1,000"),
]


@pytest.mark.parametrize(("rule", "hint"), HINTS, ids=[hint for _, hint in HINTS])
def test_what_would_do(rule: str, hint: str) -> None:
    assert hint in [mistake.hint for mistake in lint(f"Rules = [ {rule} ]")]


def test_suggestions_in_sections() -> None:
    text = 'Metadata = {"version":"1.0"} states = ["a"] Ruls = [ ColumnValues "a" in $sates ] Analyzers = [ Meen "a" ]'
    assert {mistake.hint for mistake in lint(text)} >= {
        "did you mean 'Version'?",
        "did you mean 'states'?",
        "did you mean 'Rules'?",
        "did you mean 'Mean'?",
    }


def test_the_messages_as_they_are_printed() -> None:
    """`messages.dqdl` with what is said of it below: read it as a user would."""
    folder = Path(__file__).parents[1] / "snapshots"
    said = "\n".join(map(str, lint((folder / "messages.dqdl").read_text(), file="messages.dqdl")))
    assert said + "\n" == (folder / "messages.txt").read_text()


def test_names_inside_parameters() -> None:
    assert split_names(" a, b c ") == ["a", "b c"]
    assert split_reference("a.b.c") == ("a.b", ["c"])
    assert split_reference("t.{x}") == ("t", ["x"])
    assert split_reference("t.{x") == ("t", ["{x"])
    with pytest.raises(RulesError, match="is not an aggregate of a column"):
        split_aggregate("sum(a")
