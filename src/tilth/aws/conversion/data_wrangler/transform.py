"""A transform of a Data Wrangler flow with its parameters, and the words that several transforms share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from tilth.aws.conversion.made import Made, column_step
from tilth.aws.conversion.parameters import Parameters

KINDS = {
    "LONG": "integer",
    "INTEGER": "integer",
    "INT": "integer",
    "FLOAT": "float",
    "DOUBLE": "float",
    "STRING": "string",
    "BOOL": "boolean",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "DATETIME": "timestamp",
    "TIMESTAMP": "timestamp",
}
VECTOR = "columns, not one vector"


class Transform(Parameters):
    """A transform with the parameters of its selected operator. Parameters of other operators in a file are ignored."""

    def __init__(self, operator: str, label: str, given: Mapping[str, Any], learned: Mapping[str, Any]) -> None:
        super().__init__(given)
        self.operator, self.label, self.learned = operator, label, learned
        self.blocks: list[Transform] = []

    def block(self, name: str) -> Transform:
        """The parameters within a parameter."""
        self.has(name)
        inner = self.given.get(name)
        self.blocks.append(Transform(self.operator, self.label, inner if isinstance(inner, Mapping) else {}, self.learned))
        return self.blocks[-1]

    @property
    def unread(self) -> list[str]:
        """Parameters that have a value and were not read, except for the blocks of options that were not chosen."""
        own = [name for name in super().unread if not name.endswith("_parameters")]
        return [*own, *(name for block in self.blocks for name in block.unread)]

    @property
    def columns(self) -> list[str]:
        """The columns that it reads."""
        return self.names("input_column", "input_columns", "column")

    @property
    def column(self) -> str:
        """The one column that it reads."""
        return self.name("input_column", "input_columns", "column")

    @property
    def target(self) -> str:
        """The column that it makes: by default the one that it reads."""
        return self.text("output_column") if self.has("output_column") else self.column

    def on_columns(self, name: str, *notes: str, **parameters: Any) -> Made:
        """A step on the columns, into the one that it makes."""
        return column_step(name, self.columns, self.text("output_column", ""), notes, **parameters)


def snake(label: str) -> str:
    """A label as the name of its parameters: `Min-max scaler` → `min_max_scaler`."""
    return re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")


Operators: TypeAlias = dict[tuple[str, str], Callable[[Transform], Iterable[Made]]]
"""Operator and label → the steps that it is."""
