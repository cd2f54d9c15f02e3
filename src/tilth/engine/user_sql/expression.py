"""SQL that users write, admitted piece by piece: formulas, conditions, and the queries of CustomSql.

A text is parsed in Spark's dialect, as in AWS Glue. Of the tree only what is listed here passes, each node as it is or as the
named operation that means the same on every engine; the rest is refused with the nearest known name. So a text can neither
reach a file, a setting or another table, nor mean one thing on DuckDB and another on Spark.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.expressions import Expression as Tree

from tilth.data import Kind, Schema
from tilth.engine import expressions as e
from tilth.engine.operations import Divide, DoubleToInteger, IsNan, LowerAscii, Operation, Round, Trim, casts, times
from tilth.engine.operations import numbers as num
from tilth.engine.operations.hashing import DateText
from tilth.engine.operations.patterns import FullMatches, Like, Matches
from tilth.engine.operations.texts import UpperAscii
from tilth.errors import ExpressionError, Mistake, Place, did_you_mean, listed

LONGEST = 20_000  # characters; what is longer is no formula of a person's
DEEPEST = 100
MOST_PLACES = 15  # to round to: a double has no more digits
NARROW = frozenset({"tinyint", "smallint", "int", "integer", "utinyint", "usmallint", "uinteger", "float"})
"""The engines' words for numbers of fewer than 64 bits: each computes with them in a width of its own."""


def parse_expression(text: str, schema: Schema, place: Place | None = None) -> Tree:
    """The tree of a formula over the columns of a table.

    Names without quotes are found whatever their case, if one column only matches; a name with blanks or dots stands in
    back-quotes. Numbers with a point or an exponent are doubles. Errors: `ExpressionError` with every mistake, each with its
    line and column in the text.

    >>> from tilth.data import Column
    >>> table = Schema((Column("pay", Kind.FLOAT), Column("hours", Kind.INTEGER)))
    >>> parse_expression("pay / hours", table).sql("duckdb")
    'DIVIDE("pay", "hours")'
    """
    admission = _Admission(text, schema, place)
    tree = admission.admit(admission.parsed())
    admission.finish()
    return tree


def parse_condition(text: str, schema: Schema, place: Place | None = None) -> Tree:
    """The tree of a condition: a formula that is true, false or null. Errors: as `parse_expression`, and for any other formula."""
    tree = parse_expression(text, schema, place)
    kind = kind_of(tree, schema)
    if kind not in (Kind.BOOLEAN, Kind.NULL):
        raise ExpressionError(
            f"{_short(text)!r} is no condition: its value is {_article(kind)}",
            place=place,
            accepted="a comparison such as `age > 30`, or several with AND, OR and NOT",
            code="not-a-condition",
        )
    return tree


class _Admission:
    def __init__(self, text: str, schema: Schema, place: Place | None) -> None:
        self.text, self.schema, self.place = text, schema, place
        self.mistakes: list[Mistake] = []
        self.folded: dict[str, list[str]] = {}
        for name in schema.names:
            self.folded.setdefault(name.casefold(), []).append(name)

    def parsed(self) -> Tree:
        if len(self.text) > LONGEST:
            raise ExpressionError(
                f"the text has {len(self.text):,} characters; at most {LONGEST:,} are read", place=self.place, code="too-long"
            )
        try:
            found: Any = sqlglot.parse_one(self.text, dialect="spark", into=exp.Condition)
        except SqlglotError as error:
            raise ExpressionError(self.syntax(error)) from error
        except RecursionError as error:
            raise ExpressionError("the text is nested too deep", place=self.place, code="too-deep") from error
        if depth(found) > DEEPEST:
            raise ExpressionError(f"the text is nested deeper than {DEEPEST}", place=self.place, code="too-deep")
        tree: Tree = found
        return tree

    def syntax(self, error: SqlglotError) -> Mistake:
        details = (getattr(error, "errors", None) or [{}])[0]
        line, column = details.get("line"), details.get("col")
        what = str(details.get("description") or str(error).split("\n")[0]).rstrip(".")
        place = self.place or Place("<sql>", line, column, _line(self.text, line))
        return Mistake(f"{_short(self.text)!r} is no SQL expression: {what}", place, code="not-sql")

    def refuse(self, message: str, accepted: str = "", hint: str = "", code: str = "not-admitted") -> Tree:
        self.mistakes.append(Mistake(f"{message}, in {_short(self.text)!r}", self.place, accepted, hint, code))
        return exp.Null()

    def finish(self) -> None:
        if self.mistakes:
            raise ExpressionError(*dict.fromkeys(self.mistakes))

    # ── nodes ──

    def admit(self, node: Tree) -> Tree:
        if type(node) in AS_THEY_ARE:
            return self.as_it_is(node)
        rule = RULES.get(type(node))
        if rule is not None:
            return rule(self, node)
        return self.refused(node)

    def as_it_is(self, node: Tree) -> Tree:
        return type(node)(**{k: self.argument(v) for k, v in node.args.items() if v is not None and v != []})

    def argument(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.argument(v) for v in value]
        return self.admit(value) if isinstance(value, Tree) else value

    # ── kinds ──

    def kind(self, x: Tree) -> Kind:
        return kind_of(x, self.schema)

    def of(self, wanted: Callable[[Kind], bool], word: str, x: Tree, hint: str = "") -> Tree:
        """An admitted value, refused where its kind is not wanted; null is of every kind."""
        kind = self.kind(x)
        if wanted(kind) or kind is Kind.NULL:
            return x
        return self.refuse(f"{word}; {x.sql('spark')} is {_article(kind)}", hint=hint or CAST_FIRST.get(kind, ""), code="wrong-kind")

    def condition(self, node: Tree) -> Tree:
        """A condition behind IF, WHEN, IS, AND, OR or NOT: Spark takes no number for one, and no bare null."""
        x = self.of(lambda k: k is Kind.BOOLEAN, "a condition is true or false", self.admit(node), "compare it with something")
        return e.cast(x, Kind.BOOLEAN) if isinstance(x, exp.Null) else x

    def worded(self, x: Tree, word: str = "this is of texts") -> Tree:
        return self.of(lambda k: k is Kind.STRING, word, x, "turn it into a text first: cast(x as string)")

    def computed(self, word: str, *values: Tree) -> list[Tree]:
        """Numbers to compute with, in 64 bits: integers, or doubles if one of them is no integer.

        Of narrower numbers, of decimals and of whole numbers that are written out, each engine has widths of its own.
        """
        found = [self.of(lambda k: k.numeric, word, x) for x in values]
        kinds = [self.kind(x) for x in found]
        if any(k in (Kind.FLOAT, Kind.DECIMAL) for k in kinds):
            return [e.double(x) if k is Kind.DECIMAL or self.narrow(x) else x for x, k in zip(found, kinds, strict=True)]
        written = all(_is_written(x) for x in found)
        return [
            e.cast(x, Kind.INTEGER) if k is Kind.INTEGER and (written or self.narrow(x)) else x for x, k in zip(found, kinds, strict=True)
        ]

    def narrow(self, x: Tree) -> bool:
        return isinstance(x, exp.Column) and self.schema[x.name].type.lower() in NARROW

    def alike(self, x: Tree, y: Tree) -> tuple[Tree, Tree]:
        """Two values that can be compared: numbers, texts, booleans, or points in time, of which one may be written as a text.

        A decimal or an integer beside a double becomes one, as it does on both engines.
        """
        kinds = self.kind(x), self.kind(y)
        if kinds[0].temporal and _is_text(y):
            return x, self.cast_from(y, Kind.STRING, kinds[0])
        if kinds[1].temporal and _is_text(x):
            return self.cast_from(x, Kind.STRING, kinds[1]), y
        if kinds[0] is not kinds[1] and Kind.FLOAT in kinds and kinds[0].numeric and kinds[1].numeric:
            return self.as_double(x), self.as_double(y)
        if not _comparable(*kinds):
            hint = "cast one of them first, such as cast(x as double) or cast(x as date)"
            self.refuse(f"{_article(kinds[0])} cannot be compared with {_article(kinds[1])}", hint=hint, code="not-comparable")
        return x, y

    def as_double(self, x: Tree) -> Tree:
        if self.kind(x) is Kind.FLOAT:
            return x
        return e.lit(float(x.this)) if isinstance(x, exp.Literal) else e.double(x)

    def compared(self, how: type[Tree], x: Tree, y: Tree) -> Tree:
        x, y = self.alike(x, y)
        pair: Tree = how(this=x.copy(), expression=y.copy())
        return e_paren(pair)

    def column(self, node: exp.Column) -> Tree:
        if node.args.get("table"):
            return self.refuse(
                f"{node.sql('spark')}: a name with a dot stands in back-quotes", hint=f"`{'.'.join(p.name for p in node.parts)}`"
            )
        name = node.name
        if name in self.schema:
            return e.col(name)
        matching = self.folded.get(name.casefold(), [])
        if len(matching) == 1 and not node.this.args.get("quoted"):
            return e.col(matching[0])
        hint = did_you_mean(name, self.schema.names)
        return self.refuse(f"there is no column {name!r}", listed(self.schema.names), hint, code="unknown-column")

    def literal(self, node: exp.Literal) -> Tree:
        if node.is_int and int(node.this) >= 2**63:
            return self.refuse(f"{node.this} does not fit 64 bits", hint=f"as a double: {node.this}e0")
        if node.is_string or node.is_int:
            return node.copy()
        try:
            return e.lit(float(node.this))
        except ValueError:
            return self.refuse(f"{node.this} is no number")

    def cast(self, node: Tree) -> Tree:
        to = CASTS.get(node.args["to"].this)
        if to is None:
            names = "bigint, double, string, boolean, date, timestamp"
            return self.refuse(f"a cast to {node.args['to'].sql('spark')}", accepted=f"a cast to {names}")
        x = self.admit(node.this)
        return self.cast_from(x, kind_of(x, self.schema), to)

    def cast_from(self, x: Tree, source: Kind, to: Kind) -> Tree:
        if source in (to, Kind.NULL):
            return x
        if source is Kind.STRING:
            return FROM_TEXT[to].of(x)
        if (source, to) == (Kind.DATE, Kind.STRING):
            return DateText.of(x)
        if (source, to) == (Kind.FLOAT, Kind.INTEGER) or (source, to) == (Kind.DECIMAL, Kind.INTEGER):
            return DoubleToInteger.of(e.double(x))
        if to is Kind.STRING and source not in (Kind.INTEGER, Kind.BOOLEAN):
            hint = "cut it off to an integer first: cast(x as bigint)" if source.numeric else ""
            return self.refuse(f"{_article(source)} has no text that all engines agree on", hint=hint)
        plain = {
            Kind.INTEGER: (Kind.BOOLEAN,),
            Kind.FLOAT: (Kind.INTEGER, Kind.DECIMAL),
            Kind.STRING: (Kind.INTEGER, Kind.BOOLEAN),
            Kind.DATE: (Kind.TIMESTAMP,),
            Kind.TIMESTAMP: (Kind.DATE,),
        }
        if source not in plain.get(to, ()):
            return self.refuse(f"{_article(source)} cannot be cast to {to}")
        return e.cast(x, to)

    def widened(self, values: list[Tree]) -> list[Tree]:
        """Values of which one is taken: other numbers among floats become floats, a text among points in time becomes one."""
        kinds = [self.kind(v) for v in values]
        times = {k for k in kinds if k.temporal}
        if len(times) == 1:
            values = [self.cast_from(v, Kind.STRING, *times) if _is_text(v) else v for v in values]
            kinds = [self.kind(v) for v in values]
        found = list(dict.fromkeys(k for k in kinds if k is not Kind.NULL))
        if len(found) > 1 and not all(k.numeric for k in found):
            told = f"one of several values is taken, and they are of different kinds: {listed(map(str, found))}"
            self.refuse(told, hint="cast them to one kind first, such as cast(x as double) or cast(x as string)", code="mixed-kinds")
        return (
            [self.as_double(v) if k.numeric else v for v, k in zip(values, kinds, strict=True)] if _wider(kinds) is Kind.FLOAT else values
        )

    def between(self, node: Tree) -> Tree:
        x, low, high = (self.admit(node.args[k]) for k in ("this", "low", "high"))
        return e_paren(exp.And(this=self.compared(exp.GTE, x, low), expression=self.compared(exp.LTE, x, high)))

    def matched(self, node: Tree, operation: type[Operation] = Matches) -> Tree:
        if not isinstance(node.expression, exp.Literal):
            return self.refuse("a pattern must be a text in quotes")
        try:
            return self.built(operation, self.worded(self.admit(node.this), "a pattern is for texts"), node.expression.copy())
        except ExpressionError as error:
            self.mistakes += error.mistakes
            return exp.Null()

    def built(self, operation: type[Operation], x: Tree, pattern: Tree) -> Tree:
        from tilth.regex import Regex

        if operation is not Like:
            Regex.parse(pattern.name)
        return operation.of(x, pattern)

    def in_list(self, node: Tree) -> Tree:
        if node.args.get("query") is not None or not node.expressions:
            return self.refuse("a sub-query", hint="CustomSql may hold one", code="sub-query")
        x = self.admit(node.this)
        pairs = [self.alike(x, self.admit(v)) for v in node.expressions]
        if any(one != pairs[0][0] or not isinstance(v, exp.Literal | exp.Boolean) for one, v in pairs):
            return e.or_(*(e.eq(*pair) for pair in pairs))
        return exp.Paren(this=exp.In(this=pairs[0][0], expressions=[v for _, v in pairs]))

    def rounded(self, node: Tree) -> Tree:
        places = node.args.get("decimals")
        if places is not None and not (isinstance(places, exp.Literal) and places.is_int and int(places.this) <= MOST_PLACES):
            return self.refuse(f"the places to round to must be a whole number from 0 to {MOST_PLACES}")
        (x,) = self.computed("round() is of numbers", self.admit(node.this))
        return Round.of(x, places.copy() if places is not None else e.lit(0))

    def refused(self, node: Tree) -> Tree:
        if isinstance(node, exp.Anonymous):
            word = node.name
            near = difflib.get_close_matches(word.lower(), FUNCTIONS, n=1)
            hint = f"did you mean {near[0]}()?" if near else ""
            return self.refuse(f"there is no function {word}()", listed(FUNCTIONS, 40), hint, code="unknown-function")
        if isinstance(node, exp.Query | exp.Subquery | exp.Exists):
            return self.refuse("a sub-query", hint="CustomSql may hold one", code="sub-query")
        if isinstance(node, exp.Window):
            return self.refuse("a window function", hint="CustomSql may hold one", code="window")
        if isinstance(node, exp.AggFunc):
            return self.refuse(
                f"the aggregate {node.sql('spark')}: a formula sees one row", hint="CustomSql may hold one", code="aggregate"
            )
        what = f"{node.sql_name().lower()}()" if isinstance(node, exp.Func) else node.key
        return self.refuse(f"{what} cannot be used: the engines do not agree on it, or it is more than a formula", listed(FUNCTIONS, 40))


def e_paren(tree: Tree) -> Tree:
    """A tree in parentheses."""
    return exp.Paren(this=tree)


def depth(tree: Tree) -> int:
    """How deep a tree is nested."""
    deepest, level = 0, [tree]
    while level:
        deepest += 1
        level = [child for node in level for child in node.iter_expressions()]
    return deepest


def _line(text: str, number: int | None) -> str | None:
    lines = text.splitlines()
    return lines[number - 1] if number and number <= len(lines) else None


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 80 else f"{flat[:77]}..."


def _is_text(x: Tree) -> bool:
    return isinstance(x, exp.Literal) and bool(x.is_string)


def _is_written(x: Tree) -> bool:
    """Whether a value is a number that stands in the formula."""
    inner = x.unnest()
    return isinstance(inner.this if isinstance(inner, exp.Neg) else inner, exp.Literal)


def _article(kind: Kind) -> str:
    return f"{'an' if kind.value[0] in 'aeio' else 'a'} {kind.value}"


AS_THEY_ARE: frozenset[type[Any]] = frozenset(
    {
        exp.Boolean, exp.Null, exp.Paren,
    }
)  # fmt: skip

CASTS = {
    exp.DType.BIGINT: Kind.INTEGER,
    exp.DType.INT: Kind.INTEGER,
    exp.DType.DOUBLE: Kind.FLOAT,
    exp.DType.FLOAT: Kind.FLOAT,
    exp.DType.TEXT: Kind.STRING,
    exp.DType.VARCHAR: Kind.STRING,
    exp.DType.BOOLEAN: Kind.BOOLEAN,
    exp.DType.DATE: Kind.DATE,
    exp.DType.TIMESTAMP: Kind.TIMESTAMP,
    exp.DType.TIMESTAMPNTZ: Kind.TIMESTAMP,
    exp.DType.TIMESTAMPTZ: Kind.TIMESTAMP,  # Spark's plain `timestamp`
    exp.DType.TIMESTAMPLTZ: Kind.TIMESTAMP,
}

FROM_TEXT: Mapping[Kind, type[Operation]] = {
    Kind.INTEGER: casts.TextToInteger,
    Kind.FLOAT: casts.TextToDouble,
    Kind.BOOLEAN: casts.TextToBoolean,
    Kind.DATE: casts.TextToDate,
    Kind.TIMESTAMP: casts.TextToTimestamp,
    Kind.TIMESTAMP_TZ: casts.TextToInstant,
}

CAST_FIRST: Mapping[Kind, str] = {
    Kind.STRING: "turn a text into a number first: cast(x as double)",
    **dict.fromkeys((Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMP_TZ), "days_between(a, b) counts the days between two dates"),
}

Rule = Callable[[_Admission, Any], Tree]


def _parts(a: _Admission, node: Tree) -> list[Tree]:
    return [a.admit(x) for x in (node.this, node.args.get("expression")) if isinstance(x, Tree)]


def _operation(operation: Any) -> Rule:
    return lambda a, node: operation.of(*a.computed(f"{node.key}() is of numbers", *_parts(a, node)))


def _of_texts(operation: Any) -> Rule:
    return lambda a, node: operation.of(*(a.worded(x, f"{node.key}() is of texts") for x in _parts(a, node)))


def _whole(a: _Admission, node: Tree) -> Tree:
    """DIV: of integers only. One engine's parts doubles with their fractions, the other's cuts them off first."""
    parts = [a.of(lambda k: k is Kind.INTEGER, "DIV is of integers", x, "cast(x as bigint) cuts a number off") for x in _parts(a, node)]
    return num.IntegerDivide.of(*a.computed("DIV is of integers", *parts))


def _null_safe(equal: bool) -> Rule:
    def rule(a: _Admission, node: Tree) -> Tree:
        x, y = a.alike(a.admit(node.this), a.admit(node.expression))
        same = e.or_(e.and_(e.is_null(x), e.is_null(y)), e.coalesce(e.eq(x, y), exp.false()))
        return same if equal else e.not_(same)

    return rule


def _if(a: _Admission, node: Tree) -> Tree:
    otherwise = node.args.get("false")
    yes, no = a.widened([a.admit(node.args["true"]), a.admit(otherwise) if otherwise is not None else exp.Null()])
    return e.if_else(a.condition(node.this), yes, no)


def _is(a: _Admission, node: Tree) -> Tree:
    """IS of NULL, TRUE and FALSE."""
    what = node.expression
    if not isinstance(what, exp.Null | exp.Boolean):
        return a.refuse(f"IS {what.sql('spark')}", accepted="IS NULL, IS TRUE, IS FALSE, each with NOT or without")
    x = a.admit(node.this) if isinstance(what, exp.Null) else a.condition(node.this)
    return e_paren(exp.Is(this=x, expression=what.copy()))


def _null_if(a: _Admission, node: Tree) -> Tree:
    x, y = a.admit(node.this), a.admit(node.expression)
    if a.alike(x, y) == (x, y):
        return e.null_if(x, y)
    return e.if_else(a.compared(exp.EQ, x, y), exp.Null(), x)


def _concat(a: _Admission, node: Tree) -> Tree:
    """`concat` and `||`: null if one part is. Whole numbers, booleans and dates are written out; engines write doubles differently."""
    given = node.expressions if isinstance(node, exp.Concat) else [node.this, node.expression]
    parts = [a.admit(x) for x in given]
    return e_paren(reduce(lambda x, y: exp.DPipe(this=x, expression=y), [a.cast_from(x, a.kind(x), Kind.STRING) for x in parts]))


def _length(a: _Admission, node: Tree) -> Tree:
    return exp.Length(this=a.worded(a.admit(node.this), "length() is of texts"))


def _trim(a: _Admission, node: Tree) -> Tree:
    if node.expression is not None or node.args.get("position"):
        return a.refuse("trim takes blanks, tabs and line ends from both ends, nothing else", accepted="trim(x)")
    return Trim.of(a.worded(a.admit(node.this), "trim() is of texts"))


def _case(a: _Admission, node: Tree) -> Tree:
    """CASE with a value in front becomes one with conditions."""
    value = None if node.this is None else a.admit(node.this)
    default = node.args.get("default")
    conditions = [
        (a.condition(b.this) if value is None else a.compared(exp.EQ, value, a.admit(b.this)), a.admit(b.args["true"]))
        for b in node.args["ifs"]
    ]
    *values, last = a.widened([*(v for _, v in conditions), exp.Null() if default is None else a.admit(default)])
    return e.case(*((c, v) for (c, _), v in zip(conditions, values, strict=True)), otherwise=last)


def _first_of(a: _Admission, node: Tree) -> Tree:
    """COALESCE, GREATEST and LEAST."""
    first, *rest = a.widened([a.admit(x) for x in (node.this, *node.expressions)])
    if not rest:
        return first  # Spark takes one value for no choice
    return type(node)(**node.args | {"this": first, "expressions": rest})


def _of_booleans(a: _Admission, node: Tree) -> Tree:
    """AND, OR and NOT."""
    given = [x for x in (node.this, node.args.get("expression")) if isinstance(x, Tree)]
    this, *expression = [a.of(lambda k: k is Kind.BOOLEAN, f"{node.key.upper()} stands between conditions", a.admit(x)) for x in given]
    return e_paren(type(node)(this=this, **({"expression": expression[0]} if expression else {})))


def _of_numbers(a: _Admission, node: Tree) -> Tree:
    """+ − × and signs."""
    this, *expression = a.computed(f"{node.key.upper()} is of numbers", *_parts(a, node))
    return e_paren(type(node)(this=this, **({"expression": expression[0]} if expression else {})))


def _sign(a: _Admission, node: Tree) -> Tree:
    return e_paren(node.copy()) if isinstance(node.this, exp.Literal) and node.this.is_int else _of_numbers(a, node)


def _compared(a: _Admission, node: Tree) -> Tree:
    return a.compared(type(node), a.admit(node.this), a.admit(node.expression))


def _comparable(a: Kind, b: Kind) -> bool:
    return a is b or Kind.NULL in (a, b) or (a.numeric and b.numeric)


def _part(operation: Any) -> Rule:
    """A part of a date or timestamp; the parser wraps the argument in a cast that is not wanted."""

    def rule(a: _Admission, node: Tree) -> Tree:
        inner = node.this.this if isinstance(node.this, exp.TsOrDsToDate) else node.this
        x = a.admit(inner)
        if not kind_of(x, a.schema).temporal:
            return a.refuse(
                f"{node.key}() is of dates and timestamps; {x.sql('spark')} is {_article(kind_of(x, a.schema))}",
                hint="cast it first: cast(x as date)",
            )
        made: Tree = operation.of(x)
        return made

    return rule


def _named(a: _Admission, node: exp.Anonymous) -> Tree:
    """A function by the name of its own that sqlglot does not know."""
    if node.name.lower() == "full_match" and len(node.expressions) == 2:
        return a.matched(exp.RegexpLike(this=node.expressions[0], expression=node.expressions[1]), FullMatches)
    name = node.name.lower()
    operation, takes = OWN.get(name, (None, 0))
    if operation is None:
        return a.refused(node)
    if len(node.expressions) != takes:
        return a.refuse(f"{name}() is of {takes} {'date' if takes == 1 else 'dates'}, not of {len(node.expressions)}")
    given = [a.admit(x) for x in node.expressions]
    dates = [a.cast_from(x, Kind.STRING, Kind.DATE) if _is_text(x) else x for x in given]
    hint = "cast it first: cast(x as date)"
    made: Tree = operation.of(*(a.of(lambda k: k.temporal, f"{name}() is of dates and timestamps", x, hint) for x in dates))
    return made


SAFE: Mapping[type[Any], Any] = {
    exp.Div: Divide,
    exp.Mod: num.Remainder,
    exp.Floor: num.Floor,
    exp.Ceil: num.Ceiling,
    exp.Sqrt: num.SquareRoot,
    exp.Ln: num.NaturalLogarithm,
    exp.Exp: num.Exponential,
    exp.Pow: num.Power,
}
"""SQL's operation on numbers → the named one that means the same on every engine; for formulas and whole queries."""

OF_TEXTS: Mapping[type[Any], Any] = {exp.Lower: LowerAscii, exp.Upper: UpperAscii}
"""The same for texts."""

RULES: Mapping[type[Any], Rule] = {
    exp.Column: lambda a, node: a.column(node),
    exp.Literal: lambda a, node: a.literal(node),
    exp.If: _if,
    exp.Case: _case,
    **dict.fromkeys((exp.Coalesce, exp.Greatest, exp.Least), _first_of),
    exp.Anonymous: _named,
    **dict.fromkeys((exp.And, exp.Or, exp.Not), _of_booleans),
    **dict.fromkeys((exp.Add, exp.Sub, exp.Mul, exp.Abs), _of_numbers),
    exp.Neg: _sign,
    exp.IntDiv: _whole,
    **dict.fromkeys((exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE), _compared),
    exp.Year: _part(times.Year),
    exp.Month: _part(times.Month),
    exp.Day: _part(times.Day),
    exp.Hour: _part(times.Hour),
    exp.Minute: _part(times.Minute),
    exp.Between: lambda a, node: a.between(node),
    exp.In: lambda a, node: a.in_list(node),
    exp.Like: lambda a, node: a.matched(node, Like),
    exp.RegexpLike: lambda a, node: a.matched(node),
    exp.RegexpFullMatch: lambda a, node: a.matched(node, FullMatches),
    exp.NullSafeEQ: _null_safe(True),
    exp.NullSafeNEQ: _null_safe(False),
    **{node: _operation(operation) for node, operation in SAFE.items()},
    **{node: _of_texts(operation) for node, operation in OF_TEXTS.items()},
    exp.IsNan: _operation(IsNan),
    exp.Is: _is,
    exp.Nullif: _null_if,
    exp.Length: _length,
    exp.Round: lambda a, node: a.rounded(node),
    exp.Trim: _trim,
    exp.Concat: _concat,
    exp.DPipe: _concat,
    exp.Cast: lambda a, node: a.cast(node),
    exp.TryCast: lambda a, node: a.cast(node),
}

OWN: Mapping[str, tuple[Any, int]] = {"days_between": (times.DaysBetween, 2), "weekday_of": (times.Weekday, 1)}
"""Functions of dates that have a name of ours → the operation, and of how many dates it is."""

FUNCTIONS = (
    "abs", "cast", "ceil", "coalesce", "concat", "day", "days_between", "exp", "floor", "full_match", "greatest", "hour", "if", "isnan",
    "least", "length", "ln", "lower", "minute", "month", "nullif", "power", "round", "sqrt", "trim", "upper", "weekday_of", "year",
)  # fmt: skip


# ── kinds ──

BOOLEANS = (exp.Predicate, exp.And, exp.Or, exp.Not, exp.Boolean, Matches, Like, IsNan, exp.In)
INTEGERS = (exp.Length, num.IntegerDivide, DoubleToInteger)
TEXTS = (exp.DPipe, Trim, LowerAscii, UpperAscii, DateText)


def kind_of(tree: Tree, schema: Schema) -> Kind:
    """The kind of an admitted tree's value.

    >>> kind_of(parse_expression("1 + 0.5", Schema(())), Schema(()))
    <Kind.FLOAT: 'float'>
    """
    match tree:
        case exp.Column():
            return schema[tree.name].kind
        case exp.Literal():
            return Kind.STRING if tree.is_string else Kind.INTEGER if tree.is_int else Kind.FLOAT
        case exp.Null():
            return Kind.NULL
        case exp.Paren() | exp.Neg() | exp.Abs() | exp.Nullif() | exp.If():
            return kind_of(tree.args["true"] if isinstance(tree, exp.If) else tree.this, schema)
        case exp.Cast() | exp.TryCast():
            return next((k for k, t in e.TYPES.items() if t == tree.args["to"].this), Kind.OTHER)
        case exp.Add() | exp.Sub() | exp.Mul() | num.Remainder():
            both = tree.expressions if isinstance(tree, num.Remainder) else [tree.this, tree.expression]
            return _wider(kind_of(x, schema) for x in both)
        case exp.Coalesce() | exp.Greatest() | exp.Least():
            return _wider(kind_of(x, schema) for x in (tree.this, *tree.expressions))
        case exp.Case():
            values = [branch.args["true"] for branch in tree.args["ifs"]]
            default = tree.args.get("default")
            return _wider(kind_of(x, schema) for x in (*values, *([default] if default is not None else [])))
    return Kind.BOOLEAN if isinstance(tree, BOOLEANS) else Kind.INTEGER if isinstance(tree, INTEGERS) else _of_operation(tree)


def _of_operation(tree: Tree) -> Kind:
    if isinstance(tree, TEXTS):
        return Kind.STRING
    for kind, operation in FROM_TEXT.items():
        if isinstance(tree, operation):
            return kind
    return getattr(tree, "kind", Kind.FLOAT)


def _wider(kinds: Any) -> Kind:
    """The kind of a value that may be any of these: null gives way, and a float wins over an integer."""
    found = [k for k in dict.fromkeys(kinds) if k is not Kind.NULL]
    if not found:
        return Kind.NULL
    return Kind.FLOAT if len(found) > 1 and all(k.numeric for k in found) else found[0]
