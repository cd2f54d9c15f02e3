"""Operations on strings that engines spell differently."""

from __future__ import annotations

import operator
import string
from collections.abc import Callable
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Kind
from tilth.engine.expressions import (
    add,
    and_,
    case,
    cast,
    cast_to,
    coalesce,
    concat,
    data_type,
    eq,
    ge,
    greatest,
    gt,
    if_else,
    in_,
    le,
    lit,
    lt,
    ne,
    not_null,
    or_,
    sub,
)
from tilth.engine.operations.numbers import FloorDivide
from tilth.engine.operations.operation import Operation, call

BLANKS = " \t\r\n"


class Trim(Operation):
    """A string without blanks, tabs and line ends at its ends (DuckDB alone would trim all of Unicode's blanks)."""

    total = True
    shared = True

    @classmethod
    def duckdb(cls, x: Tree) -> Tree:
        # its trim of given characters is ten times as slow as testing both ends, which nearly always need no trim
        ends = (exp.Left(this=x.copy(), expression=lit(1)), exp.Right(this=x.copy(), expression=lit(1)))
        return if_else(or_(*(le(end, lit(" ")) for end in ends)), cls.spark(x), x)

    @classmethod
    def spark(cls, x: Tree) -> Tree:
        return exp.Trim(this=x.copy(), expression=lit(BLANKS))

    @staticmethod
    def row(x: Any) -> str:
        return str(x).strip(BLANKS)


class BlankToNull(Operation):
    """A string, or null if it consists of blanks, tabs and line ends only. Steps treat such strings as missing."""

    identity_if = "{x} >= '!'"
    shared = True

    @classmethod
    def both(cls, x: Tree) -> Tree:
        # every blank sorts below "!", so one comparison settles nearly all rows and few are trimmed
        return case((ge(x, lit("!")), x), (ne(Trim.of(x), lit("")), x))

    @staticmethod
    def row(x: Any) -> str | None:
        return x if x.strip(BLANKS) else None


class LowerAscii(Operation):
    """A string with A–Z in lower case; other letters stay, because engines fold them differently."""

    @classmethod
    def duckdb(cls, x: Tree) -> Tree:
        # its lower() is ten times as fast as translate(), and exact where every character is one byte
        return if_else(eq(call("strlen", x), call("length", x)), call("lower", x), cls.spark(x))

    @classmethod
    def spark(cls, x: Tree) -> Tree:
        return call("translate", x, lit(string.ascii_uppercase), lit(string.ascii_lowercase))

    @staticmethod
    def row(x: Any) -> str:
        text = str(x)
        return text.lower() if text.isascii() else text.translate(_FOLD)


_FOLD = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


class UpperAscii(Operation):
    """A string with a–z in upper case; other letters stay, because engines fold them differently."""

    total = True

    @classmethod
    def both(cls, x: Tree) -> Tree:
        return exp.Anonymous(this="translate", expressions=[x.copy(), lit(string.ascii_lowercase), lit(string.ascii_uppercase)])

    @staticmethod
    def row(x: Any) -> str:
        text = str(x)
        return text.upper() if text.isascii() else text.translate(_RAISE)


_RAISE = str.maketrans(string.ascii_lowercase, string.ascii_uppercase)


class OneOf(Operation):
    """Whether a string is in a list; false for null."""

    null_input = True
    never_null = True

    @classmethod
    def duckdb(cls, x: Tree, *texts: Tree) -> Tree:
        # IN is evaluated for every row. If the column has a dictionary, a function of the column is evaluated once per entry instead:
        # ten times as fast with few distinct values, a third slower with many.
        return exp.Paren(this=not_null(call("list_position", call("list_value", *texts), x)))

    @classmethod
    def spark(cls, x: Tree, *texts: Tree) -> Tree:
        return coalesce(in_(x, texts), exp.false())

    @staticmethod
    def row(x: Any, *texts: str) -> bool:
        return x in texts


class StartsWith(Operation):
    """Whether a string begins with another one; with an empty one always."""

    total = True
    duckdb_call, spark_call = "starts_with", "startswith"
    row = staticmethod(str.startswith)


class EndsWith(Operation):
    """Whether a string ends with another one; with an empty one always."""

    total = True
    duckdb_call, spark_call = "ends_with", "endswith"
    row = staticmethod(str.endswith)


class Contains(Operation):
    """Whether a string occurs in another one; an empty one always does."""

    total = True
    both_call = "contains"
    row = staticmethod(operator.contains)


class HasZeroByte(Operation):
    """Whether a string has the character U+0000, which some text formats cannot store."""

    total = True

    @classmethod
    def both(cls, x: Tree) -> Tree:
        return call("contains", x, call("chr", lit(0)))

    @staticmethod
    def row(x: str) -> bool:
        return "\0" in x


class Replace(Operation):
    """A string with every occurrence of a part replaced; an empty part occurs nowhere."""

    total = True
    both_call = "replace"

    @staticmethod
    def row(x: Any, part: str, by: str) -> str:
        return str(x.replace(part, by)) if part else str(x)


class Substring(Operation):
    """The characters of a string from a position on; a third argument limits their number.

    The position is a literal: 1 is the first character, -1 the last.
    """

    total = True

    @classmethod
    def both(cls, x: Tree, start: Tree, length: Tree | None = None) -> Tree:
        if not isinstance(start, exp.Neg):
            return exp.Substring(this=x.copy(), start=start.copy(), length=length and length.copy())
        last = exp.Right(this=x.copy(), expression=start.this.copy())  # engines differ where a place lies ahead of the string
        return last if length is None else exp.Left(this=last, expression=length.copy())

    @staticmethod
    def row(x: str, start: int, length: int | None = None) -> str:
        return x[start - 1 if start > 0 else start :][:length]


class SplitPart(Operation):
    """One part of a string between separators (a literal that is not empty): 1 is the first, -1 the last; empty if it does not exist."""

    total = True
    both_call = "split_part"

    @staticmethod
    def row(x: str, separator: str, place: int) -> str:
        parts = x.split(separator)
        return parts[place - 1 if place > 0 else place] if -len(parts) <= place <= len(parts) else ""


class PadLeft(Operation):
    """A string with repetitions of another in front, so that it has n characters; cut to n if it has more. Both are literals."""

    total = True
    both_call = "lpad"

    @classmethod
    def row(cls, x: str, n: int, fill: str) -> str:
        made = (fill * n)[: max(0, n - len(x))]
        return (made + x if cls.both_call == "lpad" else x + made) if made else x[:n]


class PadRight(PadLeft):
    """The same with the repetitions behind it."""

    both_call = "rpad"


class TrimCharacters(Operation):
    """A string without some characters (a literal) at its start and end, or one of them: `leading`, `trailing` or `both`, a literal too."""

    total = True
    STRIP: ClassVar[dict[str, tuple[str, Callable[[str, str], str]]]] = {
        "leading": ("ltrim", str.lstrip),
        "trailing": ("rtrim", str.rstrip),
        "both": ("trim", str.strip),
    }

    @classmethod
    def duckdb(cls, x: Tree, characters: Tree, side: Tree) -> Tree:
        return call(cls.STRIP[side.name][0], x, characters)

    @classmethod
    def spark(cls, x: Tree, characters: Tree, side: Tree) -> Tree:
        return exp.Trim(this=x.copy(), expression=characters.copy(), position=side.name.upper())

    @classmethod
    def row(cls, x: str, characters: str, side: str) -> str:
        return cls.STRIP[side][1](x, characters)


class TitleCase(Operation):
    """A string with the first character of each word between blanks in upper case and the others in lower case: A–Z only."""

    total = True

    @classmethod
    def _word(cls) -> Tree:
        word = exp.column("w")
        first, rest = exp.Left(this=word, expression=lit(1)), exp.Substring(this=word.copy(), start=lit(2))
        return exp.Lambda(this=concat(UpperAscii.of(first), LowerAscii.of(rest)), expressions=[exp.to_identifier("w")])

    @classmethod
    def duckdb(cls, x: Tree) -> Tree:
        return call("array_to_string", call("list_transform", call("string_split", x, lit(" ")), cls._word()), lit(" "))

    @classmethod
    def spark(cls, x: Tree) -> Tree:
        return call("array_join", call("transform", call("split", x, lit(" "), lit(-1)), cls._word()), lit(" "))

    @staticmethod
    def row(x: str) -> str:
        return " ".join(word[:1].translate(_RAISE) + word[1:].translate(_FOLD) for word in x.split(" "))


class Translate(Operation):
    """A string with characters of one literal replaced by those at the same position in another, or removed if there is none."""

    total = True
    both_call = "translate"

    @staticmethod
    def row(x: str, characters: str, by: str) -> str:
        return x.translate({ord(c): by[i : i + 1] for i, c in enumerate(characters)})


class Position(Operation):
    """The position from 1 of the first occurrence of a literal that is not empty; 0 without one."""

    total = True

    @classmethod
    def both(cls, x: Tree, part: Tree) -> Tree:
        return cast(exp.StrPosition(this=x.copy(), substr=part.copy()), Kind.INTEGER)

    @staticmethod
    def row(x: str, part: str) -> int:
        return x.find(part) + 1


class CodePoint(Operation):
    """The number of a string's first character in Unicode; 0 of an empty string."""

    total = True

    @classmethod
    def both(cls, x: Tree) -> Tree:
        return cast(call("ascii", x), Kind.INTEGER)

    @staticmethod
    def row(x: str) -> int:
        return ord(x[0]) if x else 0


class Character(Operation):
    """The character with a Unicode code point; null if it does not exist. (Spark's own function takes the number modulo 256.)"""

    @classmethod
    def _known(cls, n: Tree, made: Tree) -> Tree:
        return if_else(and_(ge(n, lit(1)), le(n, lit(0x10FFFF)), or_(lt(n, lit(0xD800)), gt(n, lit(0xDFFF)))), made)

    @classmethod
    def duckdb(cls, n: Tree) -> Tree:
        return cls._known(n, call("chr", cast_to(n, data_type("int"))))

    @classmethod
    def spark(cls, n: Tree) -> Tree:
        def unit(x: Tree) -> Tree:
            return call("lpad", call("hex", x), lit(4), lit("0"))

        above = sub(n, lit(0x10000))
        high = add(FloorDivide.of(above, lit(0x400)), lit(0xD800))
        low = add(exp.Paren(this=exp.Mod(this=exp.Paren(this=above.copy()), expression=lit(0x400))), lit(0xDC00))
        units = if_else(lt(n, lit(0x10000)), unit(n), concat(unit(high), unit(low)))
        return cls._known(n, call("decode", call("unhex", units), lit("UTF-16BE")))

    @staticmethod
    def row(n: int) -> str | None:
        return chr(n) if 1 <= n <= 0x10FFFF and not 0xD800 <= n <= 0xDFFF else None


class Repeat(Operation):
    """A string n times, a literal."""

    total = True
    both_call = "repeat"
    row = staticmethod(operator.mul)


class Center(Operation):
    """A string between repetitions of one character, so that it has n characters; both are literals. A longer one stays.

    Of an odd number the one more is on the right, or on the left where n is odd, as Python's `str.center` has it.
    """

    total = True

    @classmethod
    def both(cls, x: Tree, n: Tree, fill: Tree) -> Tree:
        width = int(n.name)
        gap = greatest(sub(n, exp.Length(this=x.copy())), lit(0))
        before = FloorDivide.of(add(gap, lit(width % 2)), lit(2))
        around = [
            exp.Left(this=lit(fill.name * width), expression=cast_to(size, data_type("int"))) for size in (before, sub(gap, before.copy()))
        ]
        return concat(around[0], x, around[1])

    row = staticmethod(str.center)
