"""The row function: evaluates the same trees for one row at a time, without an engine.

Python source is generated from the trees, one line per node; equal parts are computed once. Code that only one branch of a CASE needs is
under an `if`, as in an engine, because the value may be an error in another branch. Values and names are bound, never written into the
source. Tracking which values can never be null avoids most null tests.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Change
from tilth.engine.operations.lookups import Listed
from tilth.engine.operations.numbers import in_64_bits
from tilth.engine.operations.operation import Operation
from tilth.engine.operations.row_inputs import as_string
from tilth.errors import Gap

MISSING = object()


def row_function(
    layers: Sequence[Change], columns: Sequence[str], needed: Container[str] = (), wanted: Sequence[str] | None = None
) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """A function that applies the layers to a row (column → value).

    A missing column counts as null, except that a missing `needed` column raises `KeyError`. Keys that are not columns are ignored. Values
    are Python's own types; null is None. With `wanted`, only these columns are computed, and only what they need is read.

    Errors: `Gap` for an operation that cannot be computed for a single row; from the function, `RequestError` for an integer overflow,
    as from an engine.

    >>> from tilth.engine.expressions import coalesce, col, lit
    >>> from tilth.data import Change
    >>> fill = row_function([Change((("age", coalesce(col("age"), lit(38.5))),))], ["age"])
    >>> fill({"age": None})
    {'age': 38.5}
    """
    if wanted is None:
        return _Writer(columns, needed).write(layers)
    kept, read = pruned(layers, wanted)
    return _Writer([c for c in columns if c in read], needed).write(kept, wanted)


def pruned(layers: Sequence[Change], wanted: Iterable[str]) -> tuple[list[Change], frozenset[str]]:
    """The changes that some columns need, and the input columns that these read."""
    needed, kept = set(wanted), list[Change]()
    for layer in reversed(layers):
        made = tuple((name, tree) for name, tree in layer.columns if tree is not None and name in needed)
        needed = {c for c in needed if layer.made.get(c) is None}.union(*(layer.sources[name] for name, _ in made))
        kept.insert(0, Change(made, layer.decode))
    return kept, frozenset(needed)


WORTH = 3  # if at least this many columns compare the same value, a dict lookup is faster


@dataclass(frozen=True)
class _Alternative:
    """One constant if a column equals `key`, else another."""

    column: str
    key: Any
    yes: Any
    no: Any


def _alternative(tree: Tree) -> _Alternative | None:
    match tree:
        case exp.Case(args={"ifs": [exp.If(this=exp.Paren(this=exp.EQ(this=exp.Column() as x, expression=key))) as only], "default": no}):
            constants = [_constant(t) for t in (key, only.args["true"], no)]
            return None if None in constants else _Alternative(x.name, *constants)
    return None


def _constant(t: Tree | None) -> Any:
    """The value of a literal string, integer or boolean; None for anything else."""
    match t:
        case exp.Literal() if t.is_string or t.is_int:
            return t.this if t.is_string else int(t.this)
        case exp.Neg(this=exp.Literal() as number) if number.is_int:
            return -int(number.this)
        case exp.Boolean():
            return bool(t.this)
    return None


class _Writer:
    """Writes the source of the function. `bound` holds every constant, name and helper that it uses."""

    def __init__(self, columns: Sequence[str], needed: Container[str]) -> None:
        self.lines: list[str] = []
        self.names = 0  # used so far
        self.bound: dict[str, Any] = {}
        self.never_null: set[str] = set()
        self.constants: dict[tuple[Any, ...], str] = {}
        self.known: dict[str, str] = {}  # right side of an assignment → variable: equal parts are computed once
        self.columns, self.needed = columns, needed

    def write(self, layers: Sequence[Change], wanted: Sequence[str] | None = None) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
        here = {c: self.line(f"row[{self.bind(c)}]" if c in self.needed else f"get({self.bind(c)})") for c in self.columns}
        names: tuple[str, ...] = tuple(self.columns)
        for layer in layers:
            made = self.alternatives(layer.columns, here)
            made |= {name: self.node(tree, here) for name, tree in layer.columns if tree is not None and name not in made}
            names = layer.names(names)
            here = {name: made.get(name) or here[name] for name in names}
        answer = ", ".join(f"{self.bind(name)}: {here[name]}" for name in (names if wanted is None else wanted))
        body = "\n        ".join(["get = row.get", *self.lines, f"return {{{answer}}}"])
        source = f"def made({', '.join(self.bound)}):\n    def one(row):\n        {body}\n    return one"  # a cell is faster than a global
        space: dict[str, Any] = {}
        exec(compile(source, "<row function>", "exec"), space)  # noqa: S102 -- generated lines only; every value is bound
        function: Callable[[Mapping[str, Any]], dict[str, Any]] = space["made"](**self.bound)
        return function

    # ── lines and constants ──

    def line(self, right: str, never_null: bool = False) -> str:
        if right in self.known:
            return self.known[right]
        name = self.known[right] = self.fresh(never_null)
        self.lines.append(f"{name} = {right}")
        return name

    def fresh(self, never_null: bool) -> str:
        """A new name."""
        name = f"x{self.names}"
        self.names += 1
        if never_null:
            self.never_null.add(name)
        return name

    @contextmanager
    def block(self, assured: str) -> Iterator[list[str]]:
        """Collect the lines that are written in the block separately. Variables that they assign are not known outside.

        `assured` is a variable that is not null in the block.
        """
        outside, self.lines, known, is_new = self.lines, [], dict(self.known), assured not in self.never_null
        self.never_null.add(assured)
        yield self.lines
        self.lines, self.known = outside, known
        if is_new:
            self.never_null.remove(assured)

    def choice(self, test: str, yes: Callable[[], str], no: Callable[[], str]) -> str:
        """`yes` if the test is true, else `no`. Only one of them is computed."""
        with self.block(_before(test, " is not None")) as first:
            a = yes()
            never_null = a in self.never_null
        with self.block(_before(test, " is None")) as second:
            b = no()
            never_null &= b in self.never_null
        if not first and not second:
            return self.line(f"{a} if {test} else {b}", never_null)
        name = self.fresh(never_null)
        for head, lines, value in ((f"if {test}:", first, a), ("else:", second, b)):
            self.lines += [head, *(f"    {line}" for line in (*lines, f"{name} = {value}"))]
        return name

    def bind(self, value: Any) -> str:
        """A name for a constant; equal constants of one type share it."""
        marker = (type(value), repr(value)) if isinstance(value, str | int | float | bool) else (type(value), id(value))
        name = self.constants.get(marker)
        if name is None:
            name = self.constants[marker] = f"c{len(self.bound)}"
            self.bound[name] = value
            if value is not None:
                self.never_null.add(name)
        return name

    def is_constant(self, name: str) -> bool:
        return name in self.bound

    # ── nodes ──

    def alternatives(self, columns: Sequence[tuple[str, Tree | None]], here: Mapping[str, str]) -> dict[str, str]:
        """Columns that each compare the same value with a constant, such as one-hot columns, computed by one dict lookup."""
        groups: dict[str, list[tuple[str, _Alternative]]] = {}
        for name, tree in columns:
            found = None if tree is None else _alternative(tree)
            if found is not None:
                groups.setdefault(here[found.column], []).append((name, found))
        made: dict[str, str] = {}
        for x, group in groups.items():
            if len(group) >= WORTH:
                made |= self.looked_up(x, [name for name, _ in group], [one for _, one in group])
        return made

    def looked_up(self, x: str, columns: Sequence[str], group: Sequence[_Alternative]) -> dict[str, str]:
        names = [self.fresh(never_null=True) for _ in group]
        table = {key: tuple(one.yes if one.key == key else one.no for one in group) for key in (one.key for one in group)}
        self.lines.append(f"{', '.join(names)} = {self.bind(table.get)}({x}, {self.bind(tuple(one.no for one in group))})")
        return dict(zip(columns, names, strict=True))

    def node(self, t: Tree, here: Mapping[str, str]) -> str:
        write = WRITERS.get(type(t))
        if write is not None:
            return write(self, t, here)
        if isinstance(t, Operation):
            return self.operation(t, here)
        raise _gap(type(t).__name__)

    def nodes(self, trees: Sequence[Tree], here: Mapping[str, str]) -> list[str]:
        return [self.node(t, here) for t in trees]

    def guarded(self, value: str, *inputs: str) -> str:
        """`value`, or null if an input is null."""
        nulls = [f"{x} is None" for x in dict.fromkeys(inputs) if x not in self.never_null]
        return self.line(f"None if {' or '.join(nulls)} else {value}" if nulls else value, never_null=not nulls)

    def truth(self, t: Tree, here: Mapping[str, str]) -> str:
        """Source that is truthy if and only if a condition is true, not false or null. Shorter than the source of its value."""
        match t:
            case exp.Paren():
                return self.truth(t.this, here)
            case exp.And() | exp.Or():
                return f"({self.truth(t.this, here)} {t.key} {self.truth(t.expression, here)})"
            case exp.Not(this=exp.Paren(this=exp.Is(expression=exp.Null()))):
                return f"{self.node(t.this.this.this, here)} is not None"
            case exp.Is(expression=exp.Null()):
                return f"{self.node(t.this, here)} is None"
            case exp.EQ(expression=exp.Literal()):
                return f"{self.node(t.this, here)} == {self.node(t.expression, here)}"
        return self.node(t, here)

    def called(self, t: Operation, arguments: Sequence[str]) -> str:
        """A call of the operation's row function; if possible of one that is prepared for constant arguments."""
        x, *others = arguments
        constants = [self.bound[name] for name in others if self.is_constant(name)]
        prepared = t.prepared(*constants) if others and len(constants) == len(others) else None
        if prepared is not None:
            return f"{self.bind(prepared)}({x})"
        if t.row is None:
            raise _gap(type(t).__name__)
        call = f"{self.bind(t.row)}({', '.join(arguments)})"
        return f"{x} if {t.identity_if.format(x=x)} else {call}" if t.identity_if else call

    def operation(self, t: Operation, here: Mapping[str, str]) -> str:
        arguments = self.nodes(t.expressions, here)
        inline = t.inline(arguments, self.bound)
        value = inline if inline is not None else self.called(t, arguments)
        if t.null_input:
            return self.line(value, never_null=t.never_null)
        before = self.names
        name = self.guarded(value, *arguments)
        is_new = self.names > before  # a variable that was assigned before may have been found not to be null
        if is_new and not (inline is not None and t.total) and not t.never_null:
            self.never_null.discard(name)
        return name


Writer = Callable[[_Writer, Tree, Mapping[str, str]], str]


def _before(test: str, ending: str) -> str:
    return test.removesuffix(ending) if test.endswith(ending) else ""


def _literal(w: _Writer, t: Tree, here: Mapping[str, str]) -> str:
    return w.bind(t.this if t.is_string else int(t.this) if t.is_int else float(t.this))


def _negative(w: _Writer, t: Tree, here: Mapping[str, str]) -> str:
    if isinstance(t.this, exp.Literal):
        return w.bind(-w.bound[_literal(w, t.this, here)])
    return _unary(_checked(operator.neg))(w, t, here)


def _coalesce(w: _Writer, t: Tree, here: Mapping[str, str]) -> str:
    def first(values: Sequence[Tree]) -> str:
        x = w.node(values[0], here)
        return x if len(values) == 1 or x in w.never_null else w.choice(f"{x} is not None", lambda: x, lambda: first(values[1:]))

    return first([t.this, *t.expressions])


def _case(w: _Writer, t: Tree, here: Mapping[str, str]) -> str:
    def first(branches: Sequence[Tree]) -> str:
        if not branches:
            default = t.args.get("default")
            return w.bind(None) if default is None else w.node(default, here)
        branch, *others = branches
        return w.choice(w.truth(branch.this, here), lambda: w.node(branch.args["true"], here), lambda: first(others))

    return first(t.args["ifs"])


def _is(w: _Writer, t: Tree, here: Mapping[str, str]) -> str:
    x = w.node(t.this, here)
    if isinstance(t.expression, exp.Null):
        return w.bind(False) if x in w.never_null else w.line(f"{x} is None", never_null=True)
    return w.line(f"{x} is {bool(t.expression.this)}", never_null=True)


def _unary(function: Callable[[Any], Any]) -> Writer:
    def write(w: _Writer, t: Tree, here: Mapping[str, str]) -> str:
        x = w.node(t.this, here)
        return w.guarded(f"{w.bind(function)}({x})", x)

    return write


def _not(w: _Writer, t: Tree, here: Mapping[str, str]) -> str:
    x = w.node(t.this, here)
    return w.guarded(f"not {x}", x)


def _of_two(write: Callable[[_Writer, str, str], str]) -> Writer:
    """The writer of a binary node."""
    return lambda w, t, here: write(w, w.node(t.this, here), w.node(t.expression, here))


def _connected(word: str, decides: bool) -> Writer:
    """AND and OR: the value `decides` on either side determines the result."""

    def write(w: _Writer, a: str, b: str) -> str:
        if {a, b} <= w.never_null:
            return w.line(f"{a} {word} {b}", never_null=True)
        return w.line(f"{decides} if {a} is {decides} or {b} is {decides} else None if {a} is None or {b} is None else {not decides}")

    return _of_two(write)


def _compare(sign: str, negated: str, helper: Callable[[Any, Any], Any]) -> Writer:
    """A comparison. NaN equals itself and is greater than every number, so `>` a constant is written as `not <=`."""

    def write(w: _Writer, a: str, b: str) -> str:
        if w.is_constant(b) and w.bound[b] == w.bound[b]:  # not NaN
            value = f"{a} {sign} {b}" if not negated else f"not {a} {negated} {b}"
        else:
            value = f"{w.bind(helper)}({a}, {b})"
        return w.guarded(value, a, b)

    return _of_two(write)


def _nan_equal(a: Any, b: Any) -> bool:
    return bool(a == b or (a != a and b != b))


def _nan_less(a: Any, b: Any) -> bool:
    return bool(a == a and (b != b or a < b))


def _arithmetic(sign: str, helper: Callable[[Any, Any], Any]) -> Writer:
    """+ − ×. With a float constant, Python's own operator is used; integers need a check for 64-bit overflow."""

    def write(w: _Writer, a: str, b: str) -> str:
        floats = any(w.is_constant(x) and isinstance(w.bound[x], float) for x in (a, b))
        return w.guarded(f"{a} {sign} {b}" if floats else f"{w.bind(helper)}({a}, {b})", a, b)

    return _of_two(write)


def _checked(operation: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *values: in_64_bits(operation(*values))


def _gap(what: str) -> Gap:
    return Gap(f"{what} cannot be computed for a single row", hint="run it on an engine; it cannot be served", code="no-row-form")


def _in(w: _Writer, t: Tree, here: Mapping[str, str]) -> str:
    x = w.node(t.this, here)
    values = [w.bound[name] for name in w.nodes(t.expressions, here) if w.is_constant(name)]
    if len(values) != len(t.expressions) or None in values:
        raise _gap("IN of anything but constants")
    return w.guarded(f"{x} in {w.bind(frozenset(values))}", x)


def _cast(w: _Writer, t: Tree, here: Mapping[str, str]) -> str:
    x, to = w.node(t.this, here), t.args["to"].this
    if w.is_constant(x) and w.bound[x] is None:
        return x
    if to in CONSTANTS and isinstance(w.bound.get(x), str):
        return w.bind(CONSTANTS[to](w.bound[x]))
    if to == exp.DType.DOUBLE and w.is_constant(x):
        return w.bind(float(w.bound[x]))
    if to in CASTS:
        return w.guarded(f"{w.bind(CASTS[to])}({x})", x)
    raise _gap(f"a cast to {t.args['to'].sql()}")


CONSTANTS: dict[exp.DType, Callable[[str], Any]] = {  # literals that are written as casts of a text
    exp.DType.DECIMAL: Decimal,
    exp.DType.DATE: date.fromisoformat,
    exp.DType.TIMESTAMPNTZ: datetime.fromisoformat,
    exp.DType.TIMESTAMPTZ: datetime.fromisoformat,
    exp.DType.TIME: time.fromisoformat,
}


def _to_integer(x: Any) -> int:
    if isinstance(x, bool | int):
        return int(x)
    raise Gap("only integers and booleans are cast to an integer bare", code="no-row-form")


CASTS: dict[exp.DType, Callable[[Any], Any]] = {exp.DType.DOUBLE: float, exp.DType.BIGINT: _to_integer, exp.DType.TEXT: as_string}


def _extreme(pick: Callable[[Any, Any], Any]) -> Writer:
    """GREATEST and LEAST: nulls are skipped, NaN is the greatest."""

    def take(*values: Any) -> Any:
        there = [v for v in values if v is not None]
        best = there[0] if there else None
        for v in there[1:]:
            best = pick(best, v)
        return best

    def write(w: _Writer, t: Tree, here: Mapping[str, str]) -> str:
        xs = w.nodes([t.this, *t.expressions], here)
        return w.line(f"{w.bind(take)}({', '.join(xs)})", never_null=any(x in w.never_null for x in xs))

    return write


WRITERS: dict[type[Tree], Writer] = {
    exp.Column: lambda w, t, here: here[t.name],
    exp.Literal: _literal,
    exp.Boolean: lambda w, t, here: w.bind(bool(t.this)),
    exp.Null: lambda w, t, here: w.bind(None),
    Listed: lambda w, t, here: w.bind(t.args["constants"]),
    **dict.fromkeys((exp.Paren, exp.Alias), lambda w, t, here: w.node(t.this, here)),
    exp.Neg: _negative,
    exp.Coalesce: _coalesce,
    exp.Case: _case,
    exp.Is: _is,
    exp.Not: _not,
    exp.And: _connected("and", decides=False),
    exp.Or: _connected("or", decides=True),
    exp.EQ: _compare("==", "", _nan_equal),
    exp.NEQ: _compare("!=", "", lambda a, b: not _nan_equal(a, b)),
    exp.LT: _compare("<", "", _nan_less),
    exp.LTE: _compare("<=", "", lambda a, b: not _nan_less(b, a)),
    exp.GT: _compare("", "<=", lambda a, b: _nan_less(b, a)),
    exp.GTE: _compare("", "<", lambda a, b: not _nan_less(a, b)),
    exp.Add: _arithmetic("+", _checked(operator.add)),
    exp.Sub: _arithmetic("-", _checked(operator.sub)),
    exp.Mul: _arithmetic("*", _checked(operator.mul)),
    exp.In: _in,
    exp.Nullif: _of_two(lambda w, x, y: w.line(f"None if {x} is None or {w.bind(_nan_equal)}({x}, {y}) else {x}")),
    exp.Cast: _cast,
    exp.DPipe: _of_two(lambda w, a, b: w.guarded(f"{a} + {b}", a, b)),
    exp.Length: _unary(len),
    exp.Abs: _unary(_checked(abs)),
    exp.Greatest: _extreme(lambda a, b: b if _nan_less(a, b) else a),
    exp.Least: _extreme(lambda a, b: b if _nan_less(b, a) else a),
}
