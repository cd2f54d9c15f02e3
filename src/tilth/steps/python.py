"""python: new columns, computed by a function of the user's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from tilth.data import Dataset, Kind, Roles, Schema
from tilth.engine.arrow import arrow_type
from tilth.engine.expressions import col, lit
from tilth.engine.python_operation import Item, PythonFunction, user_function
from tilth.errors import Mistake, RequestError
from tilth.steps.functions import UserFunction, form_of
from tilth.steps.step import Learned, Learning, Step, kept_private, reject_clashes

MADE = "\x1fmade"  # temporary column with the struct that a call returned
Made: TypeAlias = Literal["boolean", "integer", "float", "string", "date", "timestamp", "timestamp with time zone"]


@dataclass(frozen=True)
class Python(Step):
    """Computes new columns, or replaces columns, with a function of yours.

    The type annotation of the function's first parameter determines what it gets:

    | annotation | the function takes |
    |---|---|
    | none, `pyarrow.Array` | an array for each column that it `reads`, in their order |
    | `pandas.Series`, `polars.Series` | a series for each of them |
    | `pyarrow.Table`, `pandas.DataFrame`, `polars.DataFrame` | one table of them |

    It returns, in any of these forms, one column with as many values as it got rows, or a table of the columns that it `makes`. Values of
    another type are converted to the declared kind if nothing is lost, such as whole floats for an integer. The function gets nulls in the
    form of its library: in pandas NaN, NaT, or `pd.NA` with the dtypes `Int64` and `boolean`. A returned NaN is null.

    The function gets batches of rows of any size, and a single row when serving; its result for a row must depend on that row alone. It
    runs as Python on every engine; `tilth plan` marks this. On Spark, its module must be installed on the executors. A call that takes
    longer than the `timeout` is an error; Python cannot stop the call, so it continues until the process ends.

    You must allow it to run: `with tilth.allow_python():`, or `--allow-python` on the command line. A fitted flow holds the name of the
    function, not its code.

    Errors: `NotAllowed`; a function that is not found, has another annotation, raises, takes too long, or returns other columns, another
    number of rows, rows in another order (by the pandas index), or values of another kind; a column of a kind that has no single Arrow
    type. If the function reads a private column, the error does not show what it raised.

    >>> print(Python("texts:length", reads=("comment",), makes={"length": "integer"}))
    python(function='texts:length', reads=['comment'], makes=[('length', 'integer')])
    """

    name = "python"
    parts = frozenset({"rows", "features"})
    makes_columns = True
    names_columns = True
    learns = False
    shorthand = "function"

    function: str
    """The function: `module:function`."""
    reads: tuple[str, ...]
    """The columns that the function gets."""
    makes: tuple[tuple[str, Made], ...] | Mapping[str, Made]
    """New column → its kind."""
    timeout: float = 60.0
    """How many seconds one call may take. 0 sets no limit, and serves a row a fraction of a millisecond faster."""

    def mistakes(self) -> Iterator[Mistake]:
        for name, columns in (("reads", self.reads), ("makes", tuple(dict(self.makes)))):
            if not columns or len(set(columns)) < len(columns):
                found = "a column twice" if columns else "no column"
                yield Mistake(f"python: `{name}` names {found}", accepted="one or more, each once", code="bad-value")
        if not self.timeout >= 0:
            yield Mistake(f"python: `timeout` is {self.timeout}", accepted="a number of seconds, or 0", code="bad-value")

    @property
    def made_kinds(self) -> Mapping[str, Kind]:
        """New column → its kind."""
        return {name: Kind(kind) for name, kind in dict(self.makes).items()}

    def learning(self, schema: Schema, roles: Roles) -> Learning:
        yield ()
        columns = map(schema.__getitem__, self.reads)
        RequestError.reject(self.unfit(columns, lambda c: "cannot be handed to a function" if arrow_type(c.kind) is None else ""))
        reject_clashes(self.name, schema, {"": {name: lit(0) for name in self.made_kinds if name not in schema}})
        form_of(self.function, user_function(self.function))
        return {"": {}}

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        function, kinds, label = user_function(self.function), self.made_kinds, f"python {self.function}"
        private = any(c in data.roles.private for c in self.reads)
        called = UserFunction(function, label, form_of(self.function, function), self.reads, tuple(kinds.items()), self.timeout, private)
        gives = next(iter(kinds.values())) if len(kinds) == 1 else tuple(kinds.values())
        returned = PythonFunction(called, tuple(schema[c].kind for c in self.reads), gives, label).of(*map(col, self.reads))
        if len(kinds) == 1:
            changed = data.change(dict.fromkeys(kinds, returned))
        else:
            values = {name: Item.of(col(MADE), lit(i)) for i, name in enumerate(kinds)}
            changed = data.change({MADE: returned}).change({**values, MADE: None})
        return kept_private(changed, kinds, self.reads)

    def touches(self, schema: Schema, roles: Roles) -> frozenset[str] | None:
        return frozenset({*self.made_kinds, *self.reads})
