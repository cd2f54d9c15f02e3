"""Suggested constraints of Deequ become rules: case by case, and with verdicts on a small table."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import tilth
from tests.cases import cases
from tests.rulesets.conversions import reject_other_table, verdicts_on
from tilth.errors import RequestError
from tilth.rules import lint
from tilth.rulesets.deequ import CONSTRAINTS

CASES = cases(Path(__file__).with_name("deequ.yaml"))


def converted(codes: list[str], folder: Path) -> Any:
    path = folder / "suggestions.json"
    path.write_text(json.dumps({"constraint_suggestions": [{"column_name": "c", "code_for_constraint": code} for code in codes]}))
    return tilth.convert(path)


def name_of(code: str) -> str:
    return re.findall(r"\w+", code)[0]


def test_every_constraint_becomes_its_rules_without_warnings(tmp_path: Path) -> None:
    conversion = converted([code for code, _ in CASES], tmp_path)
    assert (conversion.left_out, lint(str(conversion))) == ((), [])
    assert [note.partition(": ")[2] for note in conversion.notes] == ["distinct values are counted, not estimated"]
    assert [list(item.rules) for item in conversion.items] == [rules for _, rules in CASES]
    assert {name_of(code) for code, _ in CASES} == {*CONSTRAINTS}


def test_what_no_rule_says_is_listed_with_the_reason_and_the_place(tmp_path: Path) -> None:
    left = {
        '.hasHistogramValues("a", x)': "no rule says this",
        '.hasMin("a", x => x > 1 && x < 2)': "its argument x => x > 1 && x < 2 cannot be read",
        '.hasMin("a")': "it has no assertion",
        '.isNonNegative("a", _ >= 0.9)': "no rule says this share",
        '.hasPattern("a", "x*".r)': "matches the empty string",
        '.hasPattern("a", "(".r)': "is not a pattern",
        '.hasDataType("a", ConstrainableDataTypes.String)': "of the type String",
        '.isLessThan("a")': "where the names of 2 columns are expected",
    }
    for i, (line, (code, reason)) in enumerate(zip(converted([*left], tmp_path).left_out, left.items(), strict=True)):
        assert line.startswith(f"suggestion {i + 1}, {code}: ")
        assert reason in line


PROGRAMS = {
    "checks.py": """
from pydeequ.checks import Check, CheckLevel  # .isUnique("no")
check = Check(spark, CheckLevel.Error, "orders")
result = VerificationSuite(spark).onData(df).addCheck(
    check.hasSize(lambda x: x >= 3)
    .isComplete('age')  # .isComplete("no")
    .isContainedIn("sex", ['f', 'it\\'s "x"'], lambda x: x >= 0.9, "most")
    .satisfies(
        'note = "#1"', "first").where("age > 1 or sex = 'f'")
    .isNonNegative("age").where('sex = "f"')
    .hasMax("age", lambda x: x <= limit)
    .hasPattern("code", r"^\\w+$")
    .hasApproxQuantile("age", 0.5, lambda x: x > 2)
).run()
""",
    "Checks.scala": """
val checks = Check(CheckLevel.Error, "orders") // .isUnique("no")
  .hasSize(_ >= 3)
  .isComplete("age") /* .isComplete("no") */
  .isContainedIn("sex", Array("f", "it's \\"x\\""), _ >= 0.9, Some("most"))
  .satisfies("note = \\"#1\\"", "first").where("age > 1 or sex = 'f'")
  .isNonNegative("age").where("sex = \\"f\\"")
  .hasMax("age", _ <= limit)
  .hasPattern("code", "^\\\\w+$".r)
  .hasApproxQuantile("age", 0.5, _ > 2)
""",
}
RULES = [
    "RowCount >= 3",
    'IsComplete "age"',
    r"""ColumnValues "sex" in ["f","it's \"x\"",NULL] with threshold >= 0.9""",
    r'''RowCount = 0 where "(age > 1 or sex = 'f') and not coalesce((note = \"#1\"), false)"''',
    r'''ColumnValues "age" >= 0 where "(sex = \"f\") and age is not null"''',
    r'''ColumnValues "code" matches "\w+"''',
]


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_checks_of_a_program_become_rules_and_it_is_not_run(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(PROGRAMS[name])
    conversion = tilth.convert(tmp_path / name)
    assert [*map(str, conversion.ruleset.rules)] == RULES
    assert [line.partition(".")[2].partition("(")[0] for line in conversion.left_out][-2:] == ["hasMax", "hasApproxQuantile"]
    assert lint(str(conversion)) == []
    (tmp_path / name).write_text("import os\nos.abort()\n")
    with pytest.raises(RequestError, match="calls no constraint of Deequ"):
        tilth.convert(tmp_path / name)


def test_nulls_count_as_contained_and_as_not_negative(tmp_path: Path) -> None:
    """Three of four rows are contained, the null one among them: so Deequ counts."""
    table = pa.table({"sex": ["f", "m", None, "x"], "age": [0, 3, None, 4]})
    contained = '.isContainedIn("sex", Array("f", "m"), _ >= {})'
    codes = {contained.format(0.75): True, contained.format(0.76): False, '.isNonNegative("age")': True, '.isPositive("age")': False}
    assert verdicts_on(table, converted([*codes], tmp_path)) == [*codes.values()]


def test_a_pattern_is_found_in_three_of_four_rows_and_not_in_null(tmp_path: Path) -> None:
    found = '.hasPattern("code", "[a-z]".r, _ >= {})'
    table = pa.table({"code": ["a1", "1\na", "b", None]})
    assert verdicts_on(table, converted([found.format(0.75), found.format(0.76)], tmp_path)) == [True, False]


def test_the_page_shows_the_rules_of_each_constraint() -> None:
    reject_other_table("Deequ", ((name_of(code), rules) for code, rules in CASES))
