"""Verdicts: the table of cases, composites, analyzers, scans."""

from __future__ import annotations

import datetime as dt
import math

import pyarrow as pa
import pytest
from sqlglot import exp

import tilth
from tests.engines import duckdb_session
from tests.rules.cases import FOLDER, evaluate
from tilth.data import Dataset, Memory, Roles
from tilth.engine.duckdb import DuckDB
from tilth.engine.expressions import lit
from tilth.errors import MachineError
from tilth.report import Outcome, Report
from tilth.report.text import to_plain_text
from tilth.rules import parse

DAYS = [dt.date(2024, 3, 1), dt.date(2024, 3, 2), dt.date(2024, 3, 3), None, dt.date(2024, 3, 5)]
TABLE = pa.table(
    {
        "id": [1, 2, 3, 4, 5],
        "qty": [2, 2, 4, None, 8],
        "price": [10.0, 20.0, 30.0, 40.0, 60.0],
        "code": ["A1", "B2", "", None, "A1"],
        "day": DAYS,
    }
)

R = pa.table({"id": [1, 2, 3, 6], "price": [10.0, 20.0, 31.0, 5.0]})


def dataset(table: pa.Table) -> Dataset:
    return Dataset(Memory(table, tuple(table.column_names), id(table)))


SOURCES = {"R": dataset(R), "empty": dataset(R.slice(0, 0)), "same": dataset(TABLE)}


def cases(name: str = "evaluation.tsv") -> list[list[str]]:
    """Rule, outcome, name and value of a metric; a line may leave the last two out."""
    lines = FOLDER.joinpath(name).read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


@pytest.fixture(scope="module")
def engine() -> DuckDB:
    return duckdb_session()


@pytest.fixture(scope="module")
def data() -> Dataset:
    return Dataset(Memory(TABLE, tuple(TABLE.column_names)), Roles.of(id="id", private="code"))


@pytest.mark.parametrize("case", cases(), ids=lambda c: c[0])
def test_the_cases(case, data, engine):
    rule, outcome, *metric = case
    (found,) = evaluate(data, parse(f"Rules = [ {rule} ]"), engine, sources=SOURCES)
    assert found.outcome == outcome, found.message
    if metric:
        assert found.payload.metrics[metric[0]] == pytest.approx(float(metric[1]), rel=1e-9)


def column(text: str) -> tuple[str, list[int | None]]:
    name, _, values = text.partition(": ")
    return name, [None if v == "null" else int(v) for v in values.split(", ")]


def test_the_formulas(engine):
    """The file's values, those of one table in one check. That Spark gives the same is a test of the whole shelf of metrics."""
    of_table: dict[str, list[list[str]]] = {}
    for written, analyzer, value in cases("formulas.tsv"):
        of_table.setdefault(written, []).append([analyzer, value])
    for written, lines in of_table.items():
        columns = {} if written == "T" else dict(column(c) for c in written.split("; "))
        table = TABLE if written == "T" else pa.table({name: pa.array(values, pa.int64()) for name, values in columns.items()})
        text = f"Analyzers = [ {', '.join(analyzer for analyzer, _ in lines)} ]"
        for found, (_, value) in zip(evaluate(dataset(table), parse(text), engine), lines, strict=True):
            assert found.value == pytest.approx(float(value), rel=1e-12), (written, found.name)


@pytest.mark.spark
def test_spark_judges_alike(spark, data, engine):
    from tilth.engine.spark import Spark

    ruleset = parse("Rules = [ " + ", ".join(c[0] for c in cases()) + " ]")
    ours, theirs = (evaluate(data, ruleset, e, sources=SOURCES) for e in (engine, Spark(spark).session()))
    assert [f.outcome for f in ours] == [f.outcome for f in theirs]
    for a, b in zip(ours, theirs, strict=True):
        assert a.payload.to_json().get("metrics", {}) == pytest.approx(b.payload.to_json().get("metrics", {}), rel=1e-9), a.name
    assert outcomes_of_nothing(Spark(spark).session()) == cases("nothing.tsv")


NULLS = pa.table({name: pa.nulls(3, TABLE.schema.field(name).type) for name in TABLE.column_names})


def outcomes_of_nothing(engine) -> list[list[str]]:
    """As the file has them."""
    lines = cases("nothing.tsv")
    filtered = [f'{rule} where "id > 99"' for rule, _, scoped, _ in lines if scoped != "-"]

    def outcomes(table, rules):
        text = f"Rules = [ {', '.join(rules)} ]"
        return (str(f.outcome) for f in evaluate(dataset(table), parse(text), engine, sources=SOURCES, examples=0))

    rules = [rule for rule, *_ in lines]
    empty, scoped, nulls = outcomes(TABLE.slice(0, 0), rules), outcomes(TABLE, filtered), outcomes(NULLS, rules)
    return [[rule, next(empty), "-" if scope == "-" else next(scoped), next(nulls)] for rule, _, scope, _ in lines]


def test_the_outcomes_of_nothing(engine):
    assert outcomes_of_nothing(engine) == cases("nothing.tsv")


def test_keys_that_repeat_are_named_and_so_is_what_differs(data, engine):
    twice = dataset(pa.table({"id": [7, 7, 1, None, None], "price": [1.0, 2.0, 10.0, 4.0, 5.0]}))
    rules = parse('Rules = [ DatasetMatch "twice" "id" "price" = 1, DatasetMatch "R" "id" "price" = 1 ]')
    for private, shown in (("code", "7"), ("id", "***")):
        repeated, differing = evaluate(Dataset(data.source, Roles.of(private=private)), rules, engine, sources={**SOURCES, "twice": twice})
        assert repeated.message.startswith(f"The selected columns are not comparable due to duplicates, in twice: id = {shown} (")
        assert differing.payload.notes == ("rows without a partner: 2", "rows of R without a partner: 1", "rows with another 'price': 1")


def test_a_schema_that_differs_is_said_column_by_column(data, engine):
    other = dataset(pa.table({"id": ["1"], "qty": [2], "price": [1.0], "codes": ["x"], "day": pa.array([None], pa.date32())}))
    (found,) = evaluate(data, parse('Rules = [ SchemaMatch "other" = 1 ]'), engine, sources={"other": other})
    assert (found.value, found.payload.notes) == (0.6, ("missing: code", "extra: codes", "of another type: id"))


def test_a_pattern_that_matches_a_part_of_a_name_is_said_to_need_the_whole(data, engine):
    parts, none = evaluate(data, parse('Rules = [ ColumnNamesMatchPattern "[a-p]", ColumnNamesMatchPattern "x+" ]'), engine)
    assert parts.payload.notes[1:] == ("the whole name has to match, not a part: .* is anything",)
    assert none.payload.notes == ("Columns that do not match the pattern: id, qty, price, code, day",)


def test_a_value_in_the_future_is_said_and_so_is_a_newest_value_that_is_fresh(data, engine):
    rule = 'DataFreshness "day" <= 25 hours'
    (found,) = evaluate(data, parse(f"Rules = [ {rule} ]"), engine, now=dt.datetime(2024, 3, 4, 1, tzinfo=dt.UTC))
    assert (found.outcome, found.payload.rows["passed"]) == (Outcome.FAILED, 2)
    assert found.payload.warnings == ("values in the future: 1",)
    assert "`with threshold > 0` asks it of one row" in found.message


def test_a_value_that_is_a_bound_of_between_is_explained_unless_it_is_private(data, engine):
    rules = 'Rules = [ RowCount between 5 and 9, ColumnValues "price" between 10 and 99, ColumnValues "price" between 11 and 60.5 ]'
    explained = [found.payload.notes for found in evaluate(data, parse(rules), engine)]
    assert explained == [("`between` excludes its bounds",), ("`between` excludes its bounds",), ()]
    private = Dataset(data.source, Roles.of(private="price"))
    assert not any(found.payload.notes for found in evaluate(private, parse(rules), engine)[1:])


def test_rows_that_pass_because_others_have_their_values_are_said(data, engine):
    rules = 'Rules = [ CustomSql "select code from primary where price < 15", CustomSql "select id from primary where price < 45" ]'
    shared, own = evaluate(data, parse(rules), engine)
    assert [f.payload.rows["passed"] for f in (shared, own)] == [2, 4]
    (warning,) = shared.payload.warnings
    assert "the query returns 1 row, and 2 pass: those with the same values of code" in warning and own.payload.warnings == ()
    assert warning in " ".join(to_plain_text(Report("check", (shared,))).split())


def test_a_verdict_says_that_its_rule_may_be_misread(data, engine):
    rules = 'Rules = [ ColumnValues "qty" > 0 with threshold > 80, RowCount > 1 + 2 * 3, RowCount > 1 ]'
    share, sum_, plain = evaluate(data, parse(rules), engine)
    assert share.payload.warnings == ("W-THRESHOLD: > 80 is never met; a share is between 0 and 1: 80 % is 0.8",)
    assert sum_.payload.warnings[0].startswith("W-PRECEDENCE") and plain.payload.warnings == ()


def test_a_failing_row_is_shown_with_its_key_and_private_values_masked(data, engine):
    (found,) = evaluate(data, parse('Rules = [ ColumnValues "code" in ["A1"] ]'), engine)
    # as often as each other: by value, "" before "B2", nulls last
    assert found.examples == ({"id": 3, "code": "***"}, {"id": 2, "code": "***"}, {"id": 4, "code": None})
    assert found.payload.example_rows == (1, 1, 1)


@pytest.mark.slow
def test_scans_do_not_depend_on_the_number_of_rules(data):
    engine = duckdb_session()
    many = [
        f'Completeness "qty" > 0.{i:03}, ColumnValues "price" > {i}, Mean "price" > {i}, Uniqueness "id" > 0.{i:03}, Skewness "qty" > {i}, '
        f'Kurtosis "price" > {i}, InterquartileRange "qty" > {i}, ZerosCount "qty" > {i}, DataFreshness "day" > {i} days'
        for i in range(100)
    ]
    evaluate(data, parse("Rules = [ " + ", ".join(many) + " ]"), engine, examples=0)
    assert len(engine.scans) == 1 + 1


def test_one_rule_that_the_engine_rejects_does_not_stop_another(data, engine):
    found = evaluate(data, parse('Rules = [ RowCount = 5 where "qty / 0 > 1 or nope = 1", RowCount = 5 ]'), engine)
    assert [f.outcome for f in found] == [Outcome.ERROR, Outcome.PASSED]
    assert "nope" in found[0].message


def test_ages_are_compared_in_whole_seconds(engine):
    ages = dataset(pa.table({"at": [dt.datetime(2024, 3, 4, 11, 59, 59), dt.datetime(2024, 3, 4, 12)]}))
    now = dt.datetime(2024, 3, 5, 12, 0, 0, 999_999, tzinfo=dt.UTC)
    (found,) = evaluate(ages, parse('Rules = [ DataFreshness "at" <= 24 hours ]'), engine, now=now)
    assert found.payload.rows == {"passed": 1, "failed": 1, "total": 2}


def test_a_message_begins_with_the_words_of_glue_and_says_which_column_was_meant(data, engine):
    rules = 'Rules = [ RowCount = 5 where "qty >", RowCount = 5 where "nope > 1", Mean "QTY" = 3, Mean "price" != 3 where "id > 3" ]'
    nan = Dataset(data.source).change({"price": exp.Div(this=lit(0.0), expression=lit(0.0))})
    syntax, column, case, undefined = evaluate(nan, parse(rules), engine)
    assert all(f.message.startswith("The provided where clause is invalid: ") for f in (syntax, column))
    assert case.payload.warnings[-1] == "W-SPELLING: the column is called 'qty', not 'QTY'"
    assert undefined.message == "Value: NaN does not meet the constraint requirement!"


def test_analyzers_record_without_a_verdict(data, engine):
    found = evaluate(data, parse('Analyzers = [ RowCount, Mean "price", ColumnLength "code", AllStatistics "qty" ]'), engine)
    assert [f.kind for f in found] == ["analyzer"] * 4
    assert found[1].payload.metrics == {"Column.price.Mean": 32.0}  # (10 + 20 + 30 + 40 + 60) / 5
    assert found[3].payload.metrics["Column.qty.DistinctValuesCount"] == 4


HOSTILE = [
    "select * from read_csv('/etc/passwd')",
    "select * from '/etc/passwd'",
    "attach 'x.db'",
    "select 1; drop table primary",
    "set memory_limit = '1GB'",
    "copy primary to 'x.csv'",
    "select getenv('HOME')",
    "select * from duckdb_settings()",
    "insert into primary values (1)",
    "pragma version",
    "select * from information_schema.tables",
    "select current_setting('threads')",
    "install httpfs",
    "select * from parquet.`/tmp/x`",
    "select load_extension('x')",
    "select java_method('java.lang.System', 'exit', 1)",
    "select ${spark.app.name} from primary",
]


@pytest.mark.parametrize("query", HOSTILE)
def test_a_hostile_query_is_rejected(query, data, engine):
    escaped = query.replace('"', '\\"')
    (found,) = evaluate(data, parse(f'Rules = [ CustomSql "{escaped}" = 0 ]'), engine)
    assert found.outcome is Outcome.ERROR


@pytest.mark.parametrize(("zone", "passed"), [("UTC", 2), ("America/New_York", 1), ("Asia/Tokyo", 2)])
def test_clock_times_are_those_of_the_zone_that_the_tag_says(zone, passed, engine):
    """Half past nine on 1 March 2024 is 14:30 UTC in New York; in Tokyo 0:30 UTC, and there the day
    begins while it is still February in UTC."""
    times = pa.table({"at": [dt.datetime(2024, 3, 1, 14, 29), dt.datetime(2024, 3, 1, 14, 30), dt.datetime(2024, 3, 1, 0, 29)]})
    data = Dataset(Memory(times, ("at",)))
    late = dt.datetime(2024, 3, 1, 14, 59, tzinfo=dt.UTC) if zone != "Asia/Tokyo" else dt.datetime(2024, 2, 29, 23, tzinfo=dt.UTC)
    rule = f'ColumnValues "at" >= "9:30 AM" with threshold > 0 with timeZone = "{zone}"'
    (found,) = evaluate(data, parse(f"Rules = [ {rule} ]"), engine, now=late)
    assert found.payload.rows["passed"] == passed, found.message


def test_the_values_of_a_private_column_are_in_no_message_and_no_metric(data, engine):
    private = Dataset(data.source, Roles.of(private="price"))
    ruleset = 'Rules = [ ColumnValues "price" between 15 and 35 ] Analyzers = [ ColumnValues "price", AllStatistics "price" ]'
    rule, values, statistics = evaluate(private, parse(ruleset), engine)
    assert rule.message.splitlines()[0] == "Value: *** does not meet the constraint requirement!"
    assert "60" not in f"{rule.message} {rule.value} {rule.payload.metrics} {rule.examples}"
    assert values.outcome is Outcome.ERROR
    assert not [name for name in statistics.payload.metrics if name.endswith(("Minimum", "Maximum"))]


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("select max(price) from primary", False),
        ("with a as (select price as p from primary) select max(p) from a", False),
        ("select sum(case when id = 1 then price else 0 end) from primary", False),
        ("select count(price) from primary", True),
        ("select sum(case when price > 15 then 1 else 0 end) from primary", True),
        ("select max(id) from primary where price > 15", True),
    ],
)
def test_a_query_shows_no_value_of_a_private_column(query, shown, data, engine):
    private = Dataset(data.source, Roles.of(private="price"))
    rules = f'Rules = [ CustomSql "{query}" < 0 ] Analyzers = [ CustomSql "{query}" ]'
    rule, analyzer = evaluate(private, parse(rules), engine)
    assert (rule.outcome, "***" in rule.message, bool(rule.payload.metrics)) == (Outcome.FAILED, not shown, shown)
    assert (analyzer.outcome is Outcome.ERROR) != shown


def test_a_variable_names_a_column(data, engine):
    (found,) = evaluate(data, parse('key = "id" Rules = [ IsPrimaryKey $key ]'), engine)
    assert found.outcome is Outcome.PASSED, found.message


@pytest.mark.parametrize("query", ["month()", "ceil()", "map(x)", "date_trunc()", "regexp_replace(code, code)"])
def test_a_malformed_call_is_the_error_of_its_rule(query, data, engine):
    rules = f'Rules = [ RowCount = 5 where "{query} = 1", CustomSql "select {query} from primary" = 1, RowCount = 5 ]'
    found = evaluate(data, parse(rules), engine)
    assert [f.outcome for f in found] == [Outcome.ERROR, Outcome.ERROR, Outcome.PASSED]


def test_a_machine_that_fails_is_not_a_rule_that_fails(data, engine, monkeypatch):
    def full(*_):
        raise MachineError("the disk is full")

    monkeypatch.setattr(engine, "answer", full)
    with pytest.raises(MachineError):
        evaluate(data, parse("Rules = [ RowCount = 5 ]"), engine)


@pytest.mark.parametrize(
    "joined",
    [
        "primary a cross join primary b cross join primary c",
        "primary a, primary b, primary c",
        "primary a join primary b on a.id < b.id join primary c on true",
    ],
)
def test_a_product_of_large_tables_is_rejected(joined, engine):
    table = pa.table({"id": list(range(1001))})
    found = evaluate(dataset(table), parse(f'Rules = [ CustomSql "select count(*) from {joined}" = 1, RowCount = 1001 ]'), engine)
    assert [f.outcome for f in found] == [Outcome.ERROR, Outcome.PASSED]
    assert "1,003,003,001 in all" in found[0].message


@pytest.mark.parametrize("joined", ["primary a cross join primary b", "primary a, primary b, primary c where a.id = b.id and b.id = c.id"])
def test_a_join_that_is_bounded_runs(joined, engine):
    (found,) = evaluate(
        dataset(pa.table({"id": list(range(1001))})), parse(f'Rules = [ CustomSql "select count(*) from {joined}" > 1 ]'), engine
    )
    assert found.outcome is Outcome.PASSED, found.message


@pytest.mark.slow
def test_a_list_of_too_many_values_is_rejected_and_a_long_one_works(data, engine):
    values, few = (", ".join(map(str, range(n))) for n in (10_001, 2_000))
    found = evaluate(data, parse(f'Rules = [ ColumnValues "id" in [{values}], ColumnValues "id" in [{few}] ]'), engine)
    assert [f.outcome for f in found] == [Outcome.ERROR, Outcome.PASSED]
    assert "at most 10,000" in found[0].message


def test_a_rule_of_the_history_without_one_is_an_error_that_says_how_to_give_it_one() -> None:
    report = tilth.check(TABLE, "Rules = [ RowCount > avg(last(5)), RowCount = 5 ]")
    assert [str(f.outcome) for f in report.findings] == ["Error", "Passed"]
    assert "check(data, rules, history=PATH), or `tilth check DATA RULES --history FILE`" in report.findings[0].message


OVER_NOTHING = """Rules = [
    IsComplete "qty", Mean "qty" > 1, IsUnique "qty", ReferentialIntegrity "id" "R.id" > 0, CustomSql "select id from primary",
    (IsComplete "qty") AND (IsComplete "id"), IsComplete "qty" where "id > 9", ColumnDataType "code" = "Long", RowCount > 0
]"""


@pytest.mark.parametrize(("empty", "outcomes"), [("glue", "FFFFFFPPF"), ("pass", "PPPPPPPPF"), ("fail", "FFFFFFFFF")])
@pytest.mark.parametrize("composites", ["column", "row"])
def test_an_option_says_what_a_rule_does_over_no_rows(empty: str, outcomes: str, composites: str) -> None:
    report = tilth.check(TABLE.slice(0, 0), OVER_NOTHING, sources=SOURCES, empty=empty, composites=composites)
    assert "".join(str(f.outcome)[0] for f in report.findings) == outcomes
    (inside,) = tilth.check(TABLE, 'Rules = [ IsComplete "id" where "id > 9" ]', empty=empty).findings
    assert inside.outcome == ("Failed" if empty == "fail" else "Passed")


def test_options_compare_dates_by_day_and_read_types_strictly() -> None:
    """Deequ drops the time of `now()`; what is strict is the fraction, not the range."""
    at, table = dt.datetime(2024, 3, 5, 12), pa.table({"at": [dt.datetime(2024, 3, 5, 9)], "text": ["12.0"], "whole": ["-12"]})
    rules = """Rules = [ ColumnValues "at" >= (now() - 1 hours), ColumnDataType "text" = "Integer", ColumnDataType "text" = "Double",
        ColumnDataType "whole" = "Long" ]"""
    outcomes = {
        words: "".join(str(f.outcome)[0] for f in tilth.check(table, rules, at=at, date_granularity=words, strict_types=strict).findings)
        for words, strict in (("operand", False), ("day", True))
    }
    assert outcomes == {"operand": "FPPP", "day": "PFPP"}


def test_messages_begin_as_those_of_glue(data, engine):
    """Its words, from its pages and from Deequ 3; numbers as Java prints them."""
    rules = """ColumnDataType "id" = "Long" where "id < 2", ColumnDataType "code" = "Integer", ColumnValues "qty" > 2, Mean "nope" > 1,
        RowCountMatch "no" = 1, ColumnNamesMatchPattern "[a-p].*", Mean "qty" = 5, Mean "qty" > 1 where "id > 9", CustomSql "selec" = 1,
        ReferentialIntegrity "id" "R.no" = 1, (IsComplete "qty") AND (Mean "qty" > 5), (IsComplete "qty") OR (RowCount = 5)"""
    found = [f.message.split("\n") for f in evaluate(data, parse(f"Rules = [ {rules} ]"), engine, sources=SOURCES)]
    value = "Value: {} does not meet the constraint requirement!".format
    starts = ["", "0.00 % of rows passed the threshold", value("2.0"), "Column nope does not exist in the dataset",
        "no not found in additional sources", "Columns that do not match the pattern: qty", value("4.0"),
        "No rows matched the filter", "Error executing SQL statement: ",
        "Column no does not exist in reference data frame", value("0.8"), ""]  # fmt: skip
    assert [lines[0][: len(start)] for lines, start in zip(found, starts, strict=True)] == starts
    assert (found[2][1], found[10][2], found[11], found[0]) == (value("NULL"), value("4.0"), [""], [""])


def test_values_that_are_compared_as_strings_are_said_to_be_no_strings(data, engine):
    warned, plain, length = evaluate(
        data, parse('Rules = [ ColumnValues "id" matches "[1-5]", ColumnValues "code" matches ".*", ColumnLength "day" > 0 ]'), engine
    )
    assert warned.payload.warnings == ("column 'id' is BIGINT: the string form of its values is judged",)
    assert (plain.payload.warnings, len(length.payload.warnings)) == ((), 1)


def test_lists_and_structs_are_complete_and_no_keys(engine):
    nested = dataset(pa.table({"list": [[1], None], "struct": [{"a": 1}, {"a": 2}]}))
    complete = ['Completeness "{}" >= 0.5', 'ColumnExists "{}"']
    keys = ['IsUnique "{}"', 'IsPrimaryKey "{}"', 'Uniqueness "{}" = 1', 'Entropy "{}" < 9']
    others = ['ColumnLength "{}" > 0', 'ColumnValues "{}" = 1', 'ColumnValues "{}" = "a"', 'Mean "{}" > 0', 'ColumnDataType "{}" = "Long"']
    rules = [rule.format(c) for c in ("list", "struct") for rule in (*complete, *keys, *others)]
    found = evaluate(nested, parse(f"Rules = [ {', '.join(rules)} ]"), engine)
    assert [str(f.outcome) for f in found] == [*["Passed"] * 2, *["Error"] * 9] * 2
    assert all("list" in f.message or "struct" in f.message for f in found if f.outcome is Outcome.ERROR)


def test_rows_match_by_value_column_by_column(engine):
    """−0.0 is 0.0, NaN is NaN and null is null; the order of columns and rows of the other table alone do not matter."""
    here = pa.table({"k": [1, 2, 3, 4], "x": [0.0, math.nan, None, 1.0], "s": ["a", None, "é", "z"]})
    there = pa.table({"s": ["q", "Z", "é", None, "a"], "x": [9.0, 1.0, None, math.nan, -0.0], "k": [5, 4, 3, 2, 1]})
    required = pa.table(
        list(there.columns), pa.schema([there.schema.field("s"), there.schema.field("x"), pa.field("k", pa.int64(), False)])
    )
    rules = parse('Rules = [ DatasetMatch "t" "k" "x" = 1, DatasetMatch "t" "k" = 0.75, SchemaMatch "t" = 1 ]')
    found = evaluate(dataset(here), rules, engine, sources={"t": dataset(required)})
    assert [(str(f.outcome), f.value) for f in found] == [("Passed", 1.0), ("Passed", 0.75), ("Passed", 1.0)]
