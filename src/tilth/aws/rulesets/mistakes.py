"""Mistakes of a ruleset that show without data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tilth.aws.profile_jobs.config import selector_mistakes
from tilth.aws.rulesets.conditions import ORDER, WORDS, number, quoted_column
from tilth.aws.rulesets.given import RuleGiven
from tilth.aws.rulesets.grammar import Test, Unreadable
from tilth.aws.rulesets.statistics import OF_COLUMNS, OF_TABLE
from tilth.errors import Mistake, listed, unknown

EXPRESSIONS = "for instance AGG(MEAN) > :v, :c IN :values, LENGTH(:c) >= :n, :a > :b or :c STARTS_WITH :v"


def named(rule: RuleGiven, mistake: Mistake) -> Mistake:
    """The mistake, with the rule's name in front."""
    return Mistake(f"rule {rule.Name!r}: {mistake.message}", accepted=mistake.accepted, hint=mistake.hint, code=mistake.code)


def mistakes(rule: RuleGiven) -> Iterator[Mistake]:
    """Mistakes of a rule that do not depend on the data."""
    return (named(rule, mistake) for mistake in _unnamed(rule))


def _unnamed(rule: RuleGiven) -> Iterator[Mistake]:
    for i, selector in enumerate(rule.ColumnSelectors or ()):
        yield from selector_mistakes(f"ColumnSelectors[{i}]", selector)
    try:
        tests = rule.tests
    except Unreadable as error:
        yield Mistake(f"CheckExpression {rule.CheckExpression!r}: {error}", accepted=EXPRESSIONS, code="bad-expression")
        return
    used = [key for t in tests for key in (t.left.column, t.left.parameter, *t.right) if key is not None]
    for key in dict.fromkeys(used):
        if key not in rule.SubstitutionMap:
            given = listed(rule.SubstitutionMap) or "nothing"
            yield Mistake(f"SubstitutionMap has no {key!r}, which CheckExpression names", accepted=given, code="missing-substitution")
    kinds = {t.left.kind == "statistic" for t in tests}
    if len(kinds) > 1:
        yield Mistake("a rule cannot check both statistics and rows", hint="split it into two rules", code="mixed")
    if rule.Threshold is not None and True in kinds:
        yield Mistake("a rule on statistics has no Threshold", hint="remove Threshold: a statistic is compared once", code="bad-threshold")
    elif rule.Threshold is not None and rule.Threshold.Unit == "PERCENTAGE" and rule.Threshold.Value > 100:
        yield Mistake(f"Threshold.Value: found {rule.Threshold.Value:g}", accepted="a percentage, 0 to 100", code="bad-threshold")
    for test in tests:
        yield from _of_columns(rule, test)
        if test.left.kind == "statistic":
            yield from _of_statistic(test, rule.SubstitutionMap)


def _of_columns(rule: RuleGiven, test: Test) -> Iterator[Mistake]:
    """A comparison that names its column although columns are selected, or names none."""
    name, of_table = test.left.column, test.left.statistic in OF_TABLE
    if of_table and (name or rule.ColumnSelectors):
        yield Mistake(f"{test.left.statistic} is of the table", hint="name no column, and leave ColumnSelectors out", code="surplus-column")
    elif name and rule.ColumnSelectors:
        hint = "leave one of them out"
        yield Mistake(f"CheckExpression names a column, {name}, and ColumnSelectors select some", hint=hint, code="surplus-column")
    elif not name and not rule.ColumnSelectors and not of_table:
        hint = 'name it, ":c > :v", or add ColumnSelectors'
        yield Mistake("CheckExpression compares a column that is not named", hint=hint, code="no-column")
    if name and name in rule.SubstitutionMap and quoted_column(rule.SubstitutionMap[name]) is None:
        found = rule.SubstitutionMap[name]
        yield Mistake(f"SubstitutionMap {name!r}: found {found!r}", accepted=f"a column in backquotes, `{found}`", code="bad-value")


def _of_statistic(test: Test, texts: Mapping[str, str]) -> Iterator[Mistake]:
    name, given = test.left.statistic, test.left.parameter
    if name not in OF_TABLE and name not in OF_COLUMNS:
        yield from unknown([name], [*OF_TABLE, *OF_COLUMNS], "there is no statistic {}", "unknown-statistic")
        return
    if test.operator not in ORDER or test.operator == "in":
        accepted = ", ".join(WORDS.get(o, o) for o in ORDER if o != "in")
        yield Mistake(f"a statistic cannot be compared by {WORDS[test.operator]}", accepted=accepted, code="bad-operator")
    for key in test.right:
        if key in texts and number(texts[key]) is None:
            yield Mistake(f"SubstitutionMap {key!r}: found {texts[key]!r}", accepted=f"a number: {name} is one", code="bad-value")
    statistic = OF_COLUMNS.get(name)
    accepts = statistic.parameters if statistic else ()
    accepted = listed(map(str, accepts)) if accepts else "a positive number" if accepts is None else "nothing: it has no parameter"
    if given is None:
        if statistic and statistic.default is None:
            yield Mistake(f"{name} needs a parameter: AGG({name}, :q)", accepted=accepted, code="missing-parameter")
    elif given in texts:
        value = number(texts[given])
        if value is None or (value not in accepts if accepts is not None else value <= 0):
            yield Mistake(f"the parameter of {name}: found {texts[given]!r}", accepted=accepted, code="bad-value")
