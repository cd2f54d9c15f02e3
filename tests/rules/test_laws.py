"""Laws of verdicts, on tables of any values and both engines."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engines import duckdb_session
from tests.rules.test_evaluate import dataset
from tilth.engine.session import Session, everything
from tilth.report import Outcome
from tilth.rules import RULE_TYPES, parse
from tilth.rules.evaluation import Evaluation, evaluate
from tilth.rules.row_output import FAILED_RULES, PASSED_RULES, SKIPPED_RULES, row_results

ENGINE = duckdb_session()
rows = st.lists(st.tuples(st.none() | st.integers(-3, 3), st.sampled_from(["a", "b", "B", "", " ", None])), min_size=1, max_size=8)
bounds = st.tuples(st.integers(-4, 4), st.integers(-4, 4))
PAIRS = ('ColumnValues "n" {}between LOW and HIGH', 'ColumnValues "n" {}in [LOW, HIGH]', 'ColumnValues "t" {}in ["a", ""]')
"""Conditions with their complements, which hold for every cell that is not null."""
RULES = (
    *(rule.format(word) for rule in PAIRS for word in ("", "not ")),
    'ColumnValues "t" matches "[a-z]+"', 'ColumnLength "t" > 0', 'ColumnDataType "t" = "Boolean"', 'IsUnique "n"', 'IsComplete "n"',
    'IsPrimaryKey "n"', 'Uniqueness "n" = 1', 'IsUnique "n" "t"', 'DuplicateRowCount "t" = 0', 'Completeness "t" > 0.5', "RowCount > LOW",
    'Mean "n" > LOW', 'Kurtosis "n" <= HIGH', 'DistinctValuesCount "t" in [LOW, HIGH]', 'Entropy "t" < 1', 'ZerosCount "n" <= HIGH',
    '(IsComplete "n") OR (IsUnique "t")', '(ColumnValues "n" > LOW) AND (IsComplete "t")',
)  # fmt: skip


def judged(table: pa.Table, rules: list[str], engine: Session) -> tuple[Evaluation, dict[str, Outcome | None]]:
    """The evaluation, and the outcome of each rule by its text."""
    evaluation = evaluate(dataset(table), parse(f"Rules = [ {', '.join(rules)} ]"), engine, examples=0)
    return evaluation, {rule: f.outcome for rule, f in zip(rules, evaluation.findings, strict=True)}


def assert_laws(values: list[tuple[int | None, str | None]], low: int, high: int, engine: Session) -> Evaluation:
    table = pa.table({"n": pa.array([n for n, _ in values], pa.int64()), "t": pa.array([t for _, t in values], pa.string())})
    rules = [rule.replace("LOW", str(low)).replace("HIGH", str(high)) for rule in RULES]
    filtered = {rule: f'{rule} where "1 = 1"' for rule in rules if not rule.startswith("(") and RULE_TYPES[rule.split()[0]].where}
    always = {f"{rule} with threshold {word}": word for rule in rules[:6] for word in (">= 0", "> 1")}
    evaluation, outcomes = judged(table, [*rules, *filtered.values(), *always], engine)
    for rule, same in filtered.items():
        assert outcomes[rule] == outcomes[same], same
    for rule, word in always.items():
        assert (outcomes[rule] is Outcome.PASSED) == (word == ">= 0"), rule
    met = [f.payload.rows["passed"] for f in evaluation.findings[: 2 * len(PAIRS)]]
    counted = (len(table) - table["n"].null_count, len(table), len(table))  # null meets neither range, and each `not in`
    assert tuple(a + b for a, b in zip(met[::2], met[1::2], strict=True)) == counted
    assert (outcomes['Uniqueness "n" = 1'] is Outcome.PASSED) == (outcomes['IsUnique "n"'] is Outcome.PASSED)
    both = outcomes['IsUnique "n"'] is outcomes['IsComplete "n"'] is Outcome.PASSED
    assert (outcomes['IsPrimaryKey "n"'] is Outcome.PASSED) == both
    assert_rows(table, evaluation, rules, engine)
    return evaluation


def assert_rows(table: pa.Table, evaluation: Evaluation, rules: list[str], engine: Session) -> None:
    """Every rule is in one of a row's lists; one that judges rows and has no condition passes if it is in no list of failed ones."""
    ruleset = parse(f"Rules = [ {', '.join(rules)} ]")
    found = engine.table(engine.query(row_results(dataset(table), ruleset, evaluation.prepared).all_rows(), everything())).to_pylist()
    texts, failing = sorted(map(str, ruleset.rules)), set[str]()
    for row in found:
        assert sorted([*row[PASSED_RULES], *row[FAILED_RULES], *row[SKIPPED_RULES]]) == texts
        failing |= set(row[FAILED_RULES])
    outcomes = {f.name: f.outcome for f in evaluation.findings}
    for rule in map(str, ruleset.rules):
        if rule.startswith(("ColumnValues", "ColumnLength", "ColumnDataType", "IsComplete", "IsPrimaryKey")):
            assert (outcomes[rule] is Outcome.PASSED) == (rule not in failing), rule
        elif rule.startswith(("IsUnique", 'Uniqueness "n" = 1')):  # keys of nulls alone make neither fail
            assert not (outcomes[rule] is Outcome.PASSED and rule in failing), rule


@pytest.mark.slow
@given(rows, bounds)
def test_the_laws_of_verdicts(values, ends):
    assert_laws(values, *ends, ENGINE)


@pytest.mark.spark
@settings(max_examples=2, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows, bounds)
def test_both_engines_agree_on_any_table(spark, values, ends):
    from tilth.engine.spark import Spark

    ours, theirs = (assert_laws(values, *ends, engine) for engine in (ENGINE, Spark(spark).session()))
    for a, b in zip(ours.findings, theirs.findings, strict=True):
        assert (a.outcome, a.payload.metrics) == (b.outcome, pytest.approx(b.payload.metrics, rel=1e-9, nan_ok=True)), a.name
