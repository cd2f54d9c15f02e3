"""Python functions over Arrow arrays as ordinary expressions: one function, the same on DuckDB, on Spark and for one row.

A model's prediction, a tokenizer or a user's function has no SQL. It is registered with the engine under a name, and the query calls it.
That is slower than SQL; `tilth plan` marks the scans that do so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Any, ClassVar

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Kind
from tilth.engine.arrow import arrow_type
from tilth.engine.expressions import TYPES, cast, lit, owned
from tilth.engine.operations.operation import EngineName, Operation, call
from tilth.engine.operations.rows import REFUSED
from tilth.errors import NotAllowed, RequestError, TilthError

if TYPE_CHECKING:
    import pyarrow as pa

PREFIX = "PYTHON_"  # of the names under which functions are registered


@dataclass(frozen=True)
class PythonFunction:
    """A function from Arrow arrays, one for each argument, to an array of the same length. Compared by its function and its declaration.

    `function` is an importable function, or a frozen dataclass with `__call__`, so that it can be compared, hashed, and sent to Spark's
    executors. It receives arrays with the types of the kinds `takes` (int64, double, string …), including nulls, and returns an array of
    the kind `gives`; for several kinds a struct with fields f0, f1 …, which `Item` extracts. NaN becomes null, as in data that is read.
    `label` names the function in messages and queries. An object may also have a method `alone`, which computes the same for the values of
    one row (a dict for a struct), because arrays of one value are slow. `never_nan` skips the search for NaN, which is slow for many
    columns.

    Errors at run time: `RequestError` if it raises, or returns another length or type.
    """

    function: Callable[..., pa.Array]
    takes: tuple[Kind, ...]
    gives: Kind | tuple[Kind, ...]
    label: str

    @cached_property
    def returns(self) -> pa.DataType:
        """The Arrow type of its result."""
        import pyarrow as pa

        if isinstance(self.gives, Kind):
            return arrow_type(self.gives)
        return pa.struct([(f"f{i}", arrow_type(kind)) for i, kind in enumerate(self.gives)])

    def of(self, *arguments: Tree) -> Tree:
        """The function called with these arguments, as an expression."""
        given = (cast(x, kind) if kind.numeric else x for x, kind in zip(arguments, self.takes, strict=True))
        return PythonCall(this=self, expressions=owned(*given))

    def run(self, *given: Any) -> pa.Array:
        """The function on arrays as an engine hands them over, checked."""
        import pyarrow as pa

        arrays = [_whole(x).cast(arrow_type(kind)) for x, kind in zip(given, self.takes, strict=True)]
        try:
            made = self.function(*arrays)
        except TilthError:
            raise
        except Exception as error:  # the user's code
            raise RequestError(f"{self.label} raised {type(error).__name__}: {error}", code="python-failed") from error
        expected = self.returns
        if not isinstance(made, pa.Array | pa.ChunkedArray) or len(made) != len(arrays[0]) or made.type != expected:
            found = f"{len(made)} values of type {made.type}" if hasattr(made, "type") else type(made).__name__
            message = f"{self.label} returned {found}, not an Arrow array of {len(arrays[0])} values of type {expected}"
            raise RequestError(message, code="python-result")
        return _whole(made) if getattr(self.function, "never_nan", False) else _without_nan(_whole(made))

    def in_engine(self) -> Callable[..., Any]:
        """`run` with one parameter for each argument, as engines want it; what it raises carries the message out of them."""
        import pyarrow as pa

        def called(*given: Any) -> Any:
            try:
                return self.run(*given)
            except TilthError as error:
                raise RuntimeError(REFUSED + "; ".join(m.message for m in error.mistakes)) from None

        parameters = [Parameter(f"x{i}", Parameter.POSITIONAL_OR_KEYWORD, annotation=pa.Array) for i in range(len(self.takes))]
        called.__annotations__ = {**{p.name: pa.Array for p in parameters}, "return": pa.Array}
        called.__signature__ = Signature(parameters, return_annotation=pa.Array)  # type: ignore[attr-defined]  # read by `inspect`
        return called

    def one(self, *values: Any) -> Any:
        """The function of one row's values."""
        import pyarrow as pa

        if hasattr(self.function, "alone"):
            return self.function.alone(*values)
        return self.run(*(pa.array([v], arrow_type(kind)) for v, kind in zip(values, self.takes, strict=True)))[0].as_py()

    def sql_types(self, engine: EngineName) -> tuple[list[str], str]:
        """The types of the arguments and of the result in an engine's words."""
        takes = [exp.DataType(this=TYPES[kind]) for kind in self.takes]
        return [t.sql(engine) for t in takes], _data_type(self.gives).sql(engine)


def _data_type(gives: Kind | tuple[Kind, ...]) -> exp.DataType:
    if isinstance(gives, Kind):
        return exp.DataType(this=TYPES[gives])
    fields = [exp.ColumnDef(this=exp.to_identifier(f"f{i}"), kind=_data_type(kind)) for i, kind in enumerate(gives)]
    return exp.DataType(this=exp.DataType.Type.STRUCT, expressions=fields, nested=True)


def _without_nan(values: pa.Array) -> pa.Array:
    """An array, or the fields of one, with null for NaN."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_struct(values.type):
        return pa.StructArray.from_arrays([_without_nan(field) for field in values.flatten()], fields=list(values.type))
    total = pc.sum(values).as_py() if pa.types.is_floating(values.type) else None  # NaN if a value is: a quarter of the cost of tests
    if total is None or total == total:
        return values
    return pc.if_else(pc.is_nan(values), None, values)


def _whole(values: Any) -> pa.Array:
    """An array of one piece."""
    import pyarrow as pa

    values = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    return pa.concat_arrays(values.chunks) if isinstance(values, pa.ChunkedArray) else values


_allowed: ContextVar[bool] = ContextVar("_allowed", default=False)


@contextmanager
def allow_python() -> Iterator[None]:
    """Allow flows to run Python functions with the step `python`, while they are loaded, fitted or applied in this block.

    A fitted flow contains only the name of such a function, and the function is not checked: allow it only for flows that you trust.
    """
    before = _allowed.set(True)
    try:
        yield
    finally:
        _allowed.reset(before)


def python_allowed() -> bool:
    """Whether functions of the user's may run here and now."""
    return _allowed.get()


def user_function(name: str) -> Callable[..., Any]:
    """The function with the name `module:function`. Errors: `NotAllowed`; `RequestError` if it does not exist."""
    if not _allowed.get():
        raise NotAllowed(
            f"the function {name!r} is not part of Tilth, and it is not allowed to run",
            hint="if you trust it: `with tilth.allow_python():`, on the command line --allow-python",
            code="python-not-allowed",
        )
    module, _, attribute = name.partition(":")
    try:
        found = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise RequestError(f"the function {name!r} is not found: {error}", accepted="module:function", code="no-function") from error
    if not callable(found):
        raise RequestError(f"{name!r} is a {type(found).__name__}, not a function", accepted="module:function", code="no-function")
    function: Callable[..., Any] = found
    return function


class PythonCall(Operation):
    """A call of a registered Python function. Nulls reach the function."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "expressions": False}
    null_input = True
    external = True

    @property
    def row(self) -> Callable[..., Any]:  # type: ignore[override]  # of one call, not of the class
        function: PythonFunction = self.this
        return function.one


class Item(Operation):
    """One of the values that a Python function returned together, by its number from 0."""

    @classmethod
    def duckdb(cls, values: Tree, number: Tree) -> Tree:
        return call("struct_extract", values, lit(f"f{number.name}"))

    @classmethod
    def spark(cls, values: Tree, number: Tree) -> Tree:
        return exp.Dot(this=values, expression=exp.to_identifier(f"f{number.name}"))

    @staticmethod
    def row(values: Any, number: Any) -> Any:
        return values[f"f{number}"]
