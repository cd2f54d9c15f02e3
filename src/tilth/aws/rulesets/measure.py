"""How DQDL measures a number, and how rules and queries name a column."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from tilth.data import Column, Kind
from tilth.engine.user_sql.writing import quoted_identifier, rule_sql, rule_string

FLIPPED = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


@dataclass(frozen=True)
class Measure:
    """The measurement of a number in DQDL: the text before and after the condition.

    `share`: the rule measures the share of rows with a value, and the condition is on the percentage of these (1) or of missing ones (-1).
    `none` is a rule for the condition that the number is 0, if there is one that shows the failing rows.
    """

    head: str
    tail: str = ""
    share: int = 0
    none: str = ""

    def rule(self, operator: str, value: Decimal) -> str:
        """The rule with a condition."""
        if self.none and value == 0 and operator in ("=", "<="):
            return self.none
        if self.share:
            value = value / 100 if self.share > 0 else 1 - value / 100
            operator = operator if self.share > 0 else FLIPPED[operator]
        return f"{self.head} {operator} {value:f} {self.tail}".rstrip()


@dataclass(frozen=True)
class Of:
    """A column as rules and queries name it."""

    column: Column

    @property
    def name(self) -> str:
        """Its name in a rule."""
        return rule_string(self.column.name)

    @property
    def cell(self) -> str:
        """Its name in a query."""
        return quoted_identifier(self.column.name)

    @property
    def text(self) -> bool:
        """Whether it holds strings."""
        return self.column.kind is Kind.STRING

    @property
    def present(self) -> str:
        """The condition that a value is not missing."""
        return f"{self.cell} <> ''" if self.text else f"{self.cell} is not null"

    @property
    def missing(self) -> str:
        """The condition that it is."""
        return f"{self.cell} is null or {self.cell} = ''" if self.text else f"{self.cell} is null"

    @property
    def values(self) -> str:
        """The query for the value x of every row; null if it is missing."""
        return f"select {f'case when {self.present} then {self.cell} end' if self.text else self.cell} as x from primary"

    @property
    def sizes(self) -> str:
        """The query for the numbers x, or the lengths of strings; null if they are missing."""
        if self.text:
            return f"select length(x) as x from ({self.values})"
        return f"select {f'cast({self.cell} as double)' if self.column.kind is Kind.DECIMAL else self.cell} as x from primary"


def sql(query: str) -> Measure:
    """The number that a query gives."""
    return Measure(f"CustomSql {rule_sql(query)}")
