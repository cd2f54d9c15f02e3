"""Rule types on the columns of a table, which read no data."""

from __future__ import annotations

from collections.abc import Sequence

from tilth.errors import ColumnError
from tilth.regex import Regex
from tilth.rules.context import Context
from tilth.rules.language.diagnostics import Diagnostics
from tilth.rules.language.lints import lint_anchors
from tilth.rules.language.syntax import Rule
from tilth.rules.prepared import PreparedRule, by_condition, judged, known, metric_name
from tilth.rules.types.rule_type import BARE, COLUMN, GLUE, TABLE, RuleType


def _column_exists(rule: Rule, context: Context) -> PreparedRule:
    """A missing column is a failure, not an error."""
    (name,) = context.names(rule)
    try:
        return known(judged(True, {f"Dataset.{context.column(name).name}.ColumnExists": 1.0}))
    except ColumnError as error:
        return known(judged(False, {f"Dataset.{name}.ColumnExists": 0.0}, notes=(error.mistakes[0].message,)))


def _column_names_match(rule: Rule, context: Context) -> PreparedRule:
    """The whole of every name matches."""
    pattern = Regex.parse(context.text(rule.parameters[0]).pattern)
    whole, inside = pattern.full().compile_python(), pattern.compile_python()
    others = [name for name in context.schema.names if not whole.search(name)]
    anchored = ("the whole name has to match, not a part: .* is anything",) if any(map(inside.search, others)) else ()
    share = (
        {metric_name("ColumnNamesPatternMatchRatio"): (len(context.schema) - len(others)) / len(context.schema)} if context.schema else {}
    )
    return known(judged(not others, share, notes=(f"Columns that do not match the pattern: {', '.join(others)}", *anchored)))


def _lint_pattern(rule: Rule, parameters: Sequence[str | None], report: Diagnostics) -> None:
    if rule.parameters and rule.parameters[0].style != "$":
        lint_anchors(rule.parameters[0].text, report)


COLUMN_COUNT = RuleType(
    "ColumnCount", TABLE, (), "ColumnCount = 12", dynamic=True, analyzer=GLUE, watchable=True, observed=True,
    prepare=lambda rule, context: known(by_condition(context.criterion(rule.condition), metric_name("ColumnCount"), len(context.schema))),
    metric=lambda rule, context: metric_name("ColumnCount"),
)  # fmt: skip
COLUMN_EXISTS = RuleType("ColumnExists", BARE, COLUMN, 'ColumnExists "column"', prepare=_column_exists)
COLUMN_NAMES_MATCH_PATTERN = RuleType(
    "ColumnNamesMatchPattern", BARE, ("pattern",), 'ColumnNamesMatchPattern "[a-z_]+"', prepare=_column_names_match, lint=_lint_pattern,
)  # fmt: skip
