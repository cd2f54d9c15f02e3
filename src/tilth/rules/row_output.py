"""Rows that pass and rows that fail: one change of columns that names the rules a row fails, and a filter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import BELOW, Dataset
from tilth.engine.expressions import alias, and_, case, coalesce, col, eq, lit, ne, not_, not_null, or_
from tilth.engine.layers import filtered, table
from tilth.engine.operations.operation import call
from tilth.errors import RequestError
from tilth.rules.language.syntax import Composite, Rule, Ruleset
from tilth.rules.prepared import MEMBER, Membership, PreparedRule

FAILED_RULES = "DataQualityRulesFail"
SEPARATOR = "; "


@dataclass(frozen=True)
class RowResults:
    """The rows that fail no rule, those that fail one, and the rules that do not judge rows.

    `failed` has the column `DataQualityRulesFail` with the rules that the row fails, in canonical form. Thresholds have no influence. A row
    outside a rule's `where` passes it. A rule that ended as Error judges no row.
    """

    tested: Dataset
    passed: Dataset
    failed: Dataset
    without_rows: tuple[str, ...]

    def held(self, tested: Dataset) -> RowResults:
        """The same results, read from `tested` as an engine holds it."""
        return _results(tested, self.without_rows)


@dataclass(frozen=True)
class _Test:
    """Whether a row passes, and whether it fails; neither where the rule does not apply to it. Both are true or false, never null."""

    passes: Tree
    fails: Tree


def row_results(data: Dataset, ruleset: Ruleset, prepared: Mapping[Rule, PreparedRule]) -> RowResults:
    """The rows of a table by what an evaluation of the ruleset prepared. Errors: `RequestError` for a column of the output's name."""
    if FAILED_RULES in data.names:
        raise RequestError(f"the data has a column {FAILED_RULES} already", hint="rename it", code="column-taken")
    joined, tests = _with_members(data, _leaf_tests(prepared), prepared)
    by_rule = {str(rule): _test(rule, tests) for rule in ruleset.rules}
    reasons = [case((test.fails, lit(rule))) for rule, test in by_rule.items() if test]
    tested = joined.change({FAILED_RULES: call("concat_ws", lit(SEPARATOR), *reasons) if reasons else lit("")})
    without = tuple(rule for rule, test in by_rule.items() if not test)
    return _results(tested.keep((*data.names, FAILED_RULES)), without)


def _results(tested: Dataset, without: tuple[str, ...]) -> RowResults:
    names = tuple(c for c in tested.names if c != FAILED_RULES)
    passed, failed = (filtered(tested, compare(col(FAILED_RULES), lit(""))) for compare in (eq, ne))
    return RowResults(tested, passed.keep(names), failed, without)


def _leaf_tests(prepared: Mapping[Rule, PreparedRule]) -> dict[Rule, _Test]:
    tests = {}
    for rule, ready in prepared.items():
        if ready.row is not None:
            inside = None if ready.scope is None else coalesce(ready.scope, exp.false())
            tests[rule] = _Test(and_(inside, ready.row), and_(inside, not_(ready.row)))
    return tests


def _test(rule: Rule | Composite, tests: Mapping[Rule, _Test]) -> _Test | None:
    """The test of a rule; of a composite from those of its parts, which must all have one. A part that does not apply is ignored."""
    if isinstance(rule, Rule):
        return tests.get(rule)
    parts = [_test(operand, tests) for operand in rule.operands]
    known = [part for part in parts if part]
    if len(known) < len(parts):
        return None
    passes, fails = or_(*(p.passes for p in known)), or_(*(p.fails for p in known))
    if rule.operator == "AND":
        return _Test(and_(passes, not_(fails)), fails)
    return _Test(passes, and_(fails, not_(passes)))


# ── rows that are among those of a query ──


def _with_members(data: Dataset, tests: dict[Rule, _Test], prepared: Mapping[Rule, PreparedRule]) -> tuple[Dataset, Mapping[Rule, _Test]]:
    """The table joined with the queries whose rows the tests are about, and the tests over the columns that this adds."""
    members = {rule: ready.member for rule, ready in prepared.items() if ready.member}
    if not members:
        return data, tests
    here = exp.to_identifier(BELOW, quoted=True)
    select = exp.Select(expressions=[exp.Column(this=exp.Star(), table=here)]).from_(table(BELOW), copy=False)
    added: list[str] = []
    for i, (rule, member) in enumerate(members.items()):
        side, name = f"member{i}", f"{MEMBER} {i}"
        select.select(alias(not_null(exp.column("hit", side, quoted=True)), name), copy=False)
        select.join(_among(member).subquery(side), on=and_(*_pairs(member, side)), join_type="left", copy=False)
        tests[rule] = _Test(_named(tests[rule].passes, name), _named(tests[rule].fails, name))
        added.append(name)
    return data.rows(select, out=(*data.names, *added)), tests


def _among(member: Membership) -> exp.Select:
    keys = [alias(col(c), f"k{i}") for i, c in enumerate(member.theirs)]
    select = exp.Select(expressions=[*keys, alias(lit(True), "hit")], distinct=exp.Distinct())
    return select.from_(member.among.copy(), copy=False)


def _pairs(member: Membership, side: str) -> list[Tree]:
    pairs = [(exp.column(c, BELOW, quoted=True), exp.column(f"k{i}", side, quoted=True)) for i, c in enumerate(member.columns)]
    return [exp.NullSafeEQ(this=a, expression=b) if null else eq(a, b) for (a, b), null in zip(pairs, member.nulls, strict=True)]


def _named(tree: Tree, name: str) -> Tree:
    def swap(node: Tree) -> Tree:
        return col(name) if isinstance(node, exp.Column) and node.name == MEMBER else node

    return tree.copy().transform(swap, copy=False)
