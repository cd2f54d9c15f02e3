"""An action of a DataBrew recipe: its parameters and condition, and the words that several actions share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from tilth.aws.conversion.conditions import condition_sql
from tilth.aws.conversion.made import Made, column_step, formula
from tilth.aws.conversion.parameters import Parameters
from tilth.engine.user_sql.writing import identifier

IGNORED = ("functionStepType", "columnDataType", "targetColumnDataType")  # what they say follows from the step
KINDS = {
    **dict.fromkeys(("STRING", "TEXT"), "string"),
    **dict.fromkeys(("INT", "INTEGER", "LONG", "BIGINT", "SHORT", "BYTE"), "integer"),
    **dict.fromkeys(("DOUBLE", "FLOAT", "DECIMAL", "NUMBER"), "float"),
    "BOOLEAN": "boolean",
    "DATE": "date",
    **dict.fromkeys(("TIMESTAMP", "DATETIME"), "timestamp"),
}
AGGREGATIONS = {
    "SUM": "sum",
    "AVG": "mean",
    "AVERAGE": "mean",
    "MEAN": "mean",
    "MIN": "min",
    "MAX": "max",
    "MEDIAN": "median",
    "MODE": "mode",
    "STANDARD_DEVIATION": "std",
    "STDDEV": "std",
    "VARIANCE": "var",
    "COUNT": "count",
    "COUNT_DISTINCT": "distinct",
}
FILLS = {"AVERAGE": "mean", "MEDIAN": "median", "SUM": "sum", "MODE": "mode", "MOST_FREQUENT": "mode"}
NULLS = "null if one of the columns is null"


class Action(Parameters):
    """An action with its parameters, and the condition that a row must meet for it."""

    def __init__(self, operation: str, given: Mapping[str, Any], conditions: list[Mapping[str, Any]]) -> None:
        super().__init__(given)
        self.operation = operation
        self.condition, self.condition_reads = condition_sql(conditions) if conditions else ("", frozenset[str]())
        self.unconditional = not conditions
        for name in IGNORED:
            self.has(name)

    @property
    def column(self) -> str:
        """The column that it reads."""
        return self.name("sourceColumn", "sourceColumns")

    @property
    def target(self) -> str:
        """The column that it makes: by default the one that it reads."""
        return self.text("targetColumn") if self.has("targetColumn") else self.column

    def where(self) -> str:
        """The condition, by a step that regards it."""
        self.unconditional = True
        return self.condition

    def formula(self, column: str, expression: str, reads: Iterable[str], *notes: str) -> Made:
        """A step `formula` for the rows that meet the condition; others keep their value, or have none in a new column."""
        read = list(reads)
        if condition := self.where():
            other = identifier(column) if column in read else "NULL"
            expression = f"CASE WHEN {condition} THEN {expression} ELSE {other} END"
        return formula(column, expression, [*read, *self.condition_reads], *notes)

    def on_column(self, name: str, *notes: str, **parameters: Any) -> Made:
        """A step on the column, into the target."""
        return column_step(name, [self.column], self.text("targetColumn", ""), notes, **parameters)


Actions: TypeAlias = dict[str, Callable[[Action], Iterable[Made]]]
"""Action → the steps that it is."""
