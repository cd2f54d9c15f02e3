"""Rule types that compare the table with another one."""

from __future__ import annotations

from collections.abc import Sequence

from tilth.rules.language.diagnostics import Diagnostics
from tilth.rules.language.references import names, split_reference
from tilth.rules.language.syntax import Rule
from tilth.rules.types.rule_type import NUMBER, ONE, TILTH, TWO, Form, RuleType


def _lint_pairs(rule: Rule, parameters: Sequence[str | None], report: Diagnostics) -> None:
    if len(parameters) != 2 or parameters[0] is None or parameters[1] is None:
        return
    columns, others = names(parameters[0]), split_reference(parameters[1])[1]
    if len(columns) != len(others):
        report.warn("W-UNJUDGED", rule.parameters[1].span, f"{len(columns)} columns cannot be paired with {len(others)}")
    elif not all(columns + others):
        report.warn("W-UNJUDGED", rule.parameters[1].span, "the name of a column is empty")


REFERENTIAL_INTEGRITY = RuleType(
    "ReferentialIntegrity", TWO, ("columns", "reference"), 'ReferentialIntegrity "a,b" "alias.{x,y}" = 1.0',
    row=True, dynamic=True, analyzer=TILTH, lint=_lint_pairs,
)  # fmt: skip
DATASET_MATCH = RuleType(
    "DatasetMatch", (Form(2, 3, NUMBER),), ("alias", "mapping"), 'DatasetMatch "alias" "key" "a,b->c" >= 0.98',
    row=True, dynamic=True, analyzer=TILTH,
)  # fmt: skip
SCHEMA_MATCH = RuleType("SchemaMatch", ONE, ("alias",), 'SchemaMatch "alias" = 1.0', dynamic=True, analyzer=TILTH)
ROW_COUNT_MATCH = RuleType("RowCountMatch", ONE, ("alias",), 'RowCountMatch "alias" between 0.9 and 1.1', dynamic=True, analyzer=TILTH)
AGGREGATE_MATCH = RuleType(
    "AggregateMatch", TWO, ("aggregate",), 'AggregateMatch "sum(a)" "sum(alias.b)" = 1.0', dynamic=True, analyzer=TILTH,
)  # fmt: skip
