"""Every check of a ruleset on both engines: rows by hand (rows.yaml), statistics by pandas; and every mistake (mistakes.yaml)."""

from __future__ import annotations

import json
from datetime import date
from itertools import product
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import tilth
from tests.cases import cases
from tilth.aws.rulesets import DataBrewRuleset
from tilth.aws.rulesets.statistics import OF_COLUMNS, OF_TABLE
from tilth.data import Column, Kind, Schema
from tilth.errors import RequestError, RulesError

DAYS = [date(2024, 1, 1), date(2024, 2, 1), None, date(2024, 3, 1), date(2024, 1, 15), date(2024, 4, 1)]
TABLE = pa.table(
    {
        "id": [1, 2, 3, 4, 5, 6],
        "n": [1, 5, 2, None, 9, 2],
        "m": [1, 4, 9, 2, 9, 0],
        "f": [0.5, 2.5, None, 1.0, 4.0, 4.0],
        "s": ["apple", "", "pear", None, "apple", "2024-01-01"],
        "t": ["app", "", "ear", "x", "le", "x"],
        "b": [True, False, True, None, False, True],
        "d": DAYS,
    }
)
ROWS, MISTAKES = (cases(Path(__file__).with_name(name)) for name in ("rows.yaml", "mistakes.yaml"))
COLUMNS = {f":{name}": f"`{name}`" for name in TABLE.column_names}


def rule(name, case):
    texts = {f":{k}": v for k, v in case.items() if len(k) == 1}
    given = {"Name": name, "CheckExpression": case["check"], "SubstitutionMap": {":v": "2", **COLUMNS, **texts}}
    if "select" in case:
        given["ColumnSelectors"] = [{"Regex": case["select"]}]
    if "above" in case:
        given["Threshold"] = {"Value": case["above"], "Type": "GREATER_THAN", "Unit": "PERCENTAGE"}
    return given | ({"Threshold": case["threshold"]} if "threshold" in case else {})


# ── what pandas says of a column without its missing values, and of how many rows there are ──

REPEATS, ONCE = (lambda x: x.duplicated().sum()), (lambda x: (x.value_counts() == 1).sum())
FAR = {None: 3, "1": 1, "0.5": 0.5}
SIZES = {
    "MIN": lambda x: x.min(),
    "MAX": lambda x: x.max(),
    "MEAN": lambda x: x.mean(),
    "MEDIAN": lambda x: x.median(),
    "MODE": lambda x: x.mode()[0],
    "STANDARD_DEVIATION": lambda x: x.std(),
}
NUMBERS = {
    "SUM": lambda x: x.sum(),
    "KURTOSIS": lambda x: ((x - x.mean()) ** 4).mean() / x.var(ddof=0) ** 2 - 3,
    "SKEWNESS": lambda x: ((x - x.mean()) ** 3).mean() / x.var(ddof=0) ** 1.5,
    "VARIANCE": lambda x: x.var(),
    "MEDIAN_ABSOLUTE_DEVIATION": lambda x: (x - x.median()).abs().median(),
}
EVERY = {
    "MISSING_VALUES_COUNT": lambda x, rows: rows - len(x),
    "MISSING_VALUES_PERCENTAGE": lambda x, rows: 100 * (1 - len(x) / rows),
    "VALID_VALUES_COUNT": lambda x, rows: len(x),
    "VALID_VALUES_PERCENTAGE": lambda x, rows: 100 * len(x) / rows,
    "DUPLICATE_VALUES_COUNT": lambda x, rows: REPEATS(x),
    "DUPLICATE_VALUES_PERCENTAGE": lambda x, rows: 100 * REPEATS(x) / rows,
    "DISTINCT_VALUES_COUNT": lambda x, rows: x.nunique(),
    "DISTINCT_VALUES_PERCENTAGE": lambda x, rows: 100 * x.nunique() / rows,
    "UNIQUE_VALUES_COUNT": lambda x, rows: ONCE(x),
    "UNIQUE_VALUES_PERCENTAGE": lambda x, rows: 100 * ONCE(x) / rows,
    "ENTROPY": lambda x, rows: -sum(p * np.log(p) for p in x.value_counts(normalize=True)),
}


def statistics():
    """Statistic, its column and parameter, and the expected number."""
    yield from (("ROWS_COUNT", None, None, 6), ("COLUMNS_COUNT", None, None, 8))
    yield from ((name, None, None, 0) for name in ("DUPLICATE_ROWS_COUNT", "DUPLICATE_ROWS_PERCENTAGE"))
    for name in ("n", "f", "s", "b", "d"):
        column = TABLE[name].to_pandas()
        x = column[column.notna() & (column != "")]
        numeric, text = name in ("n", "f"), name == "s"
        size = x.str.len() if text else x
        yield from ((statistic, name, None, number(x, 6)) for statistic, number in EVERY.items())
        if numeric or text:
            yield from ((statistic, name, None, number(size)) for statistic, number in SIZES.items())
            for given, most in FAR.items():
                far = ((size - size.mean()).abs() > most * size.std()).sum()
                yield from (("Z_SCORE_OUTLIERS_COUNT", name, given, far), ("Z_SCORE_OUTLIERS_PERCENTAGE", name, given, 100 * far / 6))
        if numeric:
            yield from ((statistic, name, None, number(size)) for statistic, number in NUMBERS.items())
            yield from (("QUANTILE", name, q, x.quantile(float(q))) for q in ("0.25", "0.5", "0.75"))


STATISTICS = list(statistics())


def wide(columns=(None, *TABLE.column_names)):
    """All checks of rows, and the statistics of some columns (none: of the table)."""
    rules = [rule(f"rows {i}", case) for i, case in enumerate(ROWS)]
    for i, (statistic, column, parameter, _) in enumerate(STATISTICS):
        if column not in columns:
            continue
        of = ", ".join([*([f":{column}"] if column else []), statistic, *([":p"] if parameter else [])])
        texts = {**COLUMNS, ":v": "-9", **({":p": parameter} if parameter else {})}
        rules.append({"Name": f"statistic {i}", "CheckExpression": f"AGG({of}) > :v", "SubstitutionMap": texts})
    return DataBrewRuleset.of({"Name": "wide", "Rules": rules})


def results(report, ruleset=None):
    """Rule → its result in DataBrew's form."""
    (found,) = json.loads((ruleset or wide()).to_json(report))["rulesetResults"]
    return {r["name"]: r for r in found["ruleResults"]}


@pytest.fixture(scope="module")
def report():
    return tilth.check(TABLE, wide())


@pytest.mark.slow
def test_every_check_of_rows(report):
    found = results(report)
    for i, case in enumerate(ROWS):
        fails = case["fails"] if isinstance(case["fails"], dict) else {None: case["fails"]}
        of = found[f"rows {i}"].get("columnResults", [found[f"rows {i}"]])
        assert [r["failedCount"] for r in of if "failedCount" in r] == [len(ids) for ids in fails.values()], case
        passes = case.get("passes", not any(fails.values()))
        assert found[f"rows {i}"]["status"] == ("SUCCEEDED" if passes else "FAILED"), case


@pytest.mark.slow
def test_which_rows_fail(tmp_path):
    """Each rule by itself: the rows that are written are those of the file."""
    of_rows = [c for c in ROWS if isinstance(c["fails"], list) and "threshold" not in c]
    ruleset = DataBrewRuleset.of({"Rules": [rule(str(i), c) for i, c in enumerate(of_rows)]})
    tilth.check(TABLE, ruleset, rows=tmp_path / "rows.parquet", rule_labels=True)
    rows = tilth.write(tilth.read(tmp_path / "rows.parquet"), format="arrow").to_pylist()
    for i, case in enumerate(of_rows):
        failed = [row["id"] for row in rows if any(f'labels=["rule"="{i}"' in text for text in row["DataQualityRulesFail"])]
        assert failed == case["fails"], case


@pytest.mark.slow
def test_every_statistic(report):
    assert {*OF_TABLE, *OF_COLUMNS} == {statistic for statistic, *_ in STATISTICS}
    found = results(report)
    for i, (statistic, column, _, expected) in enumerate(STATISTICS):
        assert found[f"statistic {i}"]["observed"] == pytest.approx(float(expected), abs=1e-12), (statistic, column)
        assert "failedCount" not in found[f"statistic {i}"]


@pytest.mark.spark
def test_spark_gives_the_same(report, spark):
    """The statistics of a number and of a string, which differ; those of other columns are the same queries."""
    some = wide((None, "n", "s"))
    ours, theirs = results(report), results(tilth.check(TABLE, some, engine=tilth.Spark(spark)), some)
    assert len(theirs) > len(ROWS) + 40
    for name, found in theirs.items():
        result = ours[name]
        of, other = result.get("columnResults", [result]), found.get("columnResults", [found])
        assert [r["status"] for r in of] == [r["status"] for r in other], result
        assert [r.get("failedCount") for r in of] == [r.get("failedCount") for r in other], result
        assert [r["observed"] for r in of] == pytest.approx([r["observed"] for r in other]), result


def test_the_guides_example():
    """A report in DataBrew's form, as a whole."""
    orders = pa.table({"city": ["A", "B", "A", ""], "addr_a": ["x"] * 4, "day": [1, 31, 32, None]})
    given = {
        "Name": "orders",
        "TargetArn": "arn",
        "Rules": [
            {"Name": "no repeats", "CheckExpression": "AGG(DUPLICATE_ROWS_COUNT) == :n", "SubstitutionMap": {":n": "0"}},
            {
                "Name": "few gaps",
                "CheckExpression": "AGG(MISSING_VALUES_PERCENTAGE) < :p",
                "SubstitutionMap": {":p": "5"},
                "ColumnSelectors": [{"Name": "city"}, {"Regex": "addr_.*"}],
            },
            {
                "Name": "day in month",
                "CheckExpression": ":c IS_BETWEEN :lo and :hi",
                "SubstitutionMap": {":c": "`day`", ":lo": "1", ":hi": "31"},
                "Threshold": {"Value": 50, "Type": "GREATER_THAN_OR_EQUAL", "Unit": "PERCENTAGE"},
            },
            {"Name": "off", "CheckExpression": ":c > :lo", "SubstitutionMap": {":c": "`none`", ":lo": "1"}, "Disabled": True},
        ],
    }
    ruleset = DataBrewRuleset.of(given)
    report = tilth.check(orders, ruleset)
    found = json.loads(ruleset.to_json(report))
    assert {*found} == {"version", "startedOn", "writtenOn", "sampleSize", "rulesetResults"}
    assert (found["version"], found["sampleSize"]) == ("1.0", 4)
    repeats, gaps, days = given["Rules"][:3]
    city, address = {"name": "city", "status": "FAILED", "observed": 25.0}, {"name": "addr_a", "status": "SUCCEEDED", "observed": 0.0}
    assert found["rulesetResults"] == [
        {
            "name": "orders",
            "status": "FAILED",
            "ruleResults": [
                {"name": "no repeats", "definition": repeats, "status": "SUCCEEDED", "observed": 0},
                {"name": "few gaps", "definition": gaps, "status": "FAILED", "columnResults": [city, address]},
                {"name": "day in month", "definition": days, "status": "SUCCEEDED", "failedCount": 2, "observed": 0.5},
            ],
        }
    ]
    assert report.findings[1].examples == ({"city": ""},)
    assert report.findings[2].name == 'ColumnValues "addr_a" not in [NULL,EMPTY] with threshold > 0.95'


def test_nothing_to_judge_is_an_error():
    checks = (":c > :v", ":c IS_BETWEEN :v and :v", "AGG(:c, MEAN) > :v", "AGG(:c, MODE) > :v", "AGG(:c, ENTROPY) >= :v")
    rules = [{"Name": c, "CheckExpression": c, "SubstitutionMap": {":c": "`c`", ":v": "0"}} for c in checks]
    ruleset = DataBrewRuleset.of({"Rules": rules})
    none = pa.table({"c": pa.array([], pa.int64())})
    (found,) = json.loads(ruleset.to_json(tilth.check(none, ruleset)))["rulesetResults"]
    assert {r["name"]: r["status"] for r in found["ruleResults"]} == dict.fromkeys(checks, "ERROR")


@pytest.mark.parametrize(("check", "passes"), [("== :v", True), ("<= :v", True), ("!= :v", False), ("> :v", False)])
def test_no_duplicates_is_a_rule_on_rows(check, passes):
    """Where none may occur twice, the rows at fault are known; there are none among the ids, and missing values are no duplicates."""
    few = pa.table({"s": ["", "", "a", None], "n": [1, 1, 1, 2]})
    expression = f"AGG(DUPLICATE_VALUES_COUNT) {check}"
    given = {"Name": "r", "CheckExpression": expression, "SubstitutionMap": {":v": "0"}, "ColumnSelectors": [{"Regex": "."}]}
    found = tilth.check(few, DataBrewRuleset.of({"Rules": [given]})).findings
    assert [str(f.outcome) == "Passed" for f in found] == [passes, not passes]
    assert found[1].examples == (({"n": 1},) if passes else ())


def test_joined_statistics():
    given = {
        "Name": "r",
        "CheckExpression": "AGG(:n, MEAN) IS_BETWEEN :lo and :hi and not (AGG(:n, MAX) > :most or AGG(ROWS_COUNT) == :v)",
        "SubstitutionMap": {**COLUMNS, ":lo": "3.8", ":hi": "4", ":most": "9", ":v": "0"},
    }
    assert tilth.check(TABLE, DataBrewRuleset.of({"Rules": [given]})).passed  # (1 + 5 + 2 + 9 + 2) / 5 = 3.8
    given["SubstitutionMap"][":most"] = "8"
    assert not tilth.check(TABLE, DataBrewRuleset.of({"Rules": [given]})).passed


@pytest.mark.parametrize("case", MISTAKES, ids=lambda case: case["said"])
def test_each_mistake(case):
    with pytest.raises(RequestError) as error:
        tilth.check(TABLE, DataBrewRuleset.of({"Rules": [rule("r", case)]}))
    assert [m.code for m in error.value.mistakes] == [case["code"]]
    assert case["said"] in error.value.mistakes[0].message


def test_all_mistakes_at_once():
    late = ("unknown-column", "wrong-kind", "bad-value")  # need the columns
    schema = Schema((Column("n", Kind.INTEGER), Column("s", Kind.STRING)))
    static = [c for c in MISTAKES if c["code"] not in (*late, "unknown-value") and "-1" not in c["said"]]
    with pytest.raises(RulesError) as error:
        DataBrewRuleset.of({"Rules": [rule(str(i), c) for i, c in enumerate(static)]})
    assert [m.message.split(":")[0] for m in error.value.mistakes] == [f"rule '{i}'" for i in range(len(static))]
    bound = [c for c in MISTAKES if c["code"] in ("unknown-column", "wrong-kind")]
    with pytest.raises(RulesError) as error:
        DataBrewRuleset.of({"Rules": [rule(str(i), c) for i, c in enumerate(bound)]}).ruleset(schema)
    assert len(error.value.mistakes) == len(bound)
    with pytest.raises(RulesError, match="two rules are called 'r'"):
        DataBrewRuleset.of({"Rules": [rule("r", ROWS[0])] * 2})
    with pytest.raises(RulesError, match="every rule is disabled"):
        DataBrewRuleset.of({"Rules": [{**rule("r", ROWS[0]), "Disabled": True}]})


@pytest.mark.slow
def test_names_and_values_with_signs_of_their_own():
    """Quotes, backslashes and words of SQL in names and values; what no rule can hold is refused."""
    values = ["it's", 'a\\"b', "\\d", '"', "", None]
    names = ('a"b', "a`b", "a\\b", "select")
    checks = {"IS :v": str.__eq__, "CONTAINS :v": str.__contains__, "LENGTH(:c) >= :n and :c ENDS_WITH :v": str.endswith}
    rules, expected = [], []
    for name, value, (check, holds) in product(names, values[:4], checks.items()):
        select = {} if ":c" in check else {"ColumnSelectors": [{"Name": name}]}
        texts = {":v": value, ":n": "0", ":c": f"`{name}`"}
        rules.append({"Name": str(len(rules)), "CheckExpression": check, "SubstitutionMap": texts, **select})
        expected.append(sum(holds(x, value) for x in values if x is not None))
    found = tilth.check(pa.table(dict.fromkeys(names, values)), DataBrewRuleset.of({"Rules": rules})).findings
    assert [f.payload.rows["passed"] for f in found] == expected
    with pytest.raises(RulesError, match="cannot be written in a rule"):
        tilth.check(pa.table({'a\\"b': [1]}), DataBrewRuleset.of({"Rules": [rule("r", {"check": "> :v", "select": ".*"})]}))
