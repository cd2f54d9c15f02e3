"""python: a new column, computed by a function of the user's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tilth.data import Dataset, Kind, Roles, Schema
from tilth.engine.arrow import arrow_type
from tilth.engine.expressions import col, lit
from tilth.engine.python_operation import PythonFunction, user_function
from tilth.errors import RequestError
from tilth.steps.step import Learned, Learning, Step, reject_clashes


@dataclass(frozen=True)
class Python(Step):
    """A new column (or an old one anew), computed by a function of yours from the values of its row.

    The function takes one Arrow array for each column that it `reads` (int64, double, string, date32, timestamps in microseconds), nulls
    included, and returns one of the same length, of the type of `kind`. It is given many rows at a time, in batches of any size, and
    one when a row is served; what it returns for a row must depend on that row alone. It runs as Python on every engine, which
    `tilth plan` marks; on Spark its module must be installed on the executors.

    It runs only where that is allowed: `with tilth.allow_python():`, or `--allow-python` on the command line. A fitted flow holds its
    name, not its code.

    Errors: `NotAllowed`; a function that is not found, raises, or returns another length or type; a column of a kind with no such type.

    >>> print(Python("texts:length", reads=("comment",), column="length", kind="integer"))
    python(function='texts:length', reads=['comment'], column='length', kind='integer')
    """

    name = "python"
    parts = frozenset({"rows", "features"})
    makes_columns = True
    names_columns = True
    learns = False

    function: str
    """The function: `module:function`."""
    reads: tuple[str, ...]
    """The columns that it takes, in the order of its arguments."""
    column: str
    """The column that is made."""
    kind: Literal["boolean", "integer", "float", "string", "date", "timestamp", "timestamp with time zone"] = "float"
    """The kind of the column that is made."""

    def __post_init__(self) -> None:
        if not self.reads:
            raise RequestError("python: `reads` names no column", accepted="one or more", code="bad-value")

    def learning(self, schema: Schema, roles: Roles) -> Learning:
        yield ()
        columns = map(schema.__getitem__, self.reads)
        RequestError.reject(self.unfit(columns, lambda c: "cannot be handed to a function" if arrow_type(c.kind) is None else ""))
        reject_clashes(self.name, schema, {self.column if self.column in schema else "": {self.column: lit(0)}})
        user_function(self.function)
        return {"": {}}

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        takes = tuple(schema[c].kind for c in self.reads)
        called = PythonFunction(user_function(self.function), takes, Kind(self.kind), f"python {self.function}")
        return data.change({self.column: called.of(*map(col, self.reads))})

    def touches(self, schema: Schema, roles: Roles) -> frozenset[str] | None:
        return frozenset({self.column, *self.reads})
