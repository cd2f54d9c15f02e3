"""Reads conditions and their operands."""

from __future__ import annotations

import re
from dataclasses import replace

from tilth.rules.language import syntax
from tilth.rules.language.cursor import Cursor, Fault, shown
from tilth.rules.language.diagnostics import Span
from tilth.rules.language.tokens import DECIMAL, INT, NAME, NOW

MOST_DIGITS = 18
"""Digits of a duration or a size, so that it fits 64 bits."""
KEYWORDS = {"null", "empty", "whitespaces_only"}
CONDITIONS = {"=", "!", ">", ">=", "<", "<=", "not", "between", "in", "matches"}
UNITS = tuple(syntax.UNITS)
GLUED = re.compile(rf"([0-9]+)({'|'.join(UNITS)})")
QUOTED_NUMBER = re.compile(r"-?[0-9]+\.[0-9]+")
DOUBLE_SIGNS = {"==": "=", "=>": ">=", "=<": "<=", "<>": "!="}
AN_OPERAND = "a number, a quoted string, a date, a duration, a size, a variable, NULL, EMPTY or WHITESPACES_ONLY"


class Operands(Cursor):
    """The part of the parser that reads what comes after `=`, `between`, `in` …"""

    def condition(self) -> syntax.Condition | None:
        """Parse a condition, if one begins here. Its family is determined by its operands."""
        start = self.here
        if start.kind not in CONDITIONS:
            return None
        operator = self.take().kind
        negated = operator == "not"
        if operator == "!":
            self.expect("=")
            operator = "!="
        elif negated:
            if self.here.kind not in ("between", "in", "matches"):
                raise self.unexpected("between, in or matches")
            operator = self.take().kind
        operands = self.operands(operator)
        family, operands = self.family(operator, operands, self.since(start))
        return syntax.Condition(family, operator, tuple(operands), negated, span=self.since(start))

    def operands(self, operator: str) -> list[syntax.Operand]:
        if operator == "matches":
            return [self.quoted("a regular expression in quotes")]
        if operator == "in":
            if self.here.kind == "$":
                return [self.operand()]
            self.expect("[", "a list in brackets or a variable", hint="write [1, 2, 3]" if self.here.kind in ("(", "{") else "")
            return self.separated(self.operand, "]")
        if self.here.kind in ("=", ">", "<"):
            raise self.unexpected(AN_OPERAND, f"write {DOUBLE_SIGNS.get(operator + self.here.kind, '>= or <=')}")
        first = self.operand()
        if operator != "between":
            return [first]
        self.expect("and", "and, with the upper bound")
        return [first, self.operand()]

    def operand(self) -> syntax.Operand:
        token = self.here
        match token.kind:
            case "text":
                return self.quoted()
            case "date" | "clock":
                self.take()
                return (syntax.Day if token.kind == "date" else syntax.Clock)(token.text[1:-1], span=token.span)
            case "empty" | "whitespaces_only":
                return self.keyword()
            case "$":
                self.take()
                return syntax.Reference(self.expect(NAME, "the name of a variable").text, span=self.since(token))
        if (operand := self.now() or self.quantity()) is not None:
            return operand
        number = self.number(AN_OPERAND)
        if self.here.kind in UNITS:
            raise self.unexpected("a whole number before a unit", "durations and sizes are whole numbers: 90 minutes, not 1.5 hours")
        return number

    def keyword(self) -> syntax.Keyword:
        token = self.take()
        return syntax.Keyword(token.kind.upper(), span=token.span)

    def now(self) -> syntax.Now | None:
        """`now()`, or shifted in parentheses."""
        start = self.here
        shifted = start.kind == "(" and self.peek().kind == NOW
        if not shifted and start.kind != NOW:
            return None
        if shifted:
            self.take()
        now = self.take()
        if now.text != NOW:
            self.report.extension("W-SPELLING", now.span, "Glue reads now() only without a blank", hint="write now()")
        if not shifted:
            return syntax.Now(span=now.span)
        if self.here.kind not in ("+", "-"):
            raise self.unexpected("+ or - and a duration")
        sign, shift = self.take().kind, self.quantity()
        if shift is None or shift.family != "duration":
            raise self.unexpected("a duration, such as 3 days")
        self.expect(")")
        return syntax.Now(sign, shift, span=self.since(start))

    def quantity(self) -> syntax.Quantity | None:
        """A whole number and a unit; written together only in default mode."""
        token = self.here
        if token.kind == INT and self.peek().kind in UNITS:
            count, unit = self.take().text, self.take().kind
        elif token.kind == NAME and (glued := GLUED.fullmatch(token.text)):
            self.take()
            count, unit = glued.groups()
            self.report.extension("W-SPELLING", token.span, "Glue reads a number and its unit only apart", hint=f"write {count} {unit}")
        else:
            return None
        span = self.since(token)
        if len(count) > MOST_DIGITS or (self.report.strict and int(count) >= 2**31):
            accepted = "up to 2147483647" if self.report.strict else f"up to {MOST_DIGITS} digits"
            raise self.fault("E-CONDITION", span, "this number is too large", accepted=accepted)
        return syntax.Quantity(count, unit, span=span)

    def number(self, accepted: str = "a number") -> syntax.Number:
        """Terms with `+ - * /` between them, all of one precedence."""
        start, first = self.here, self.term(accepted)
        rest: list[tuple[str, syntax.Number]] = []
        while self.here.kind in ("+", "-", "*", "/"):
            rest.append((self.take().kind, self.term()))
        return syntax.Arithmetic(first, tuple(rest), span=self.since(start)) if rest else first

    def term(self, accepted: str = "a number") -> syntax.Number:
        token = self.here
        if token.kind in (INT, DECIMAL):
            return syntax.Literal(self.take().text, span=token.span)
        if token.kind == "null":
            return syntax.Null(self.take().text, span=token.span)
        if token.kind == "-":
            self.take()
            if self.here.kind not in (INT, DECIMAL):
                raise self.unexpected("a number: a minus is written only before digits")
            return syntax.Literal("-" + self.take().text, span=self.since(token))
        if token.kind == "(":
            self.nest(self.take())
            inner = self.number()
            self.expect(")")
            self.depth -= 1
            return syntax.Group(inner, span=self.since(token))
        if token.kind == NAME and self.peek().kind == "(":
            return self.call()
        raise self.unexpected(accepted, f'strings are written in quotes: "{shown(token.text)}"' if token.kind == NAME else "")

    def call(self) -> syntax.Call:
        name = self.take()
        self.nest(self.take())
        arguments: list[syntax.Number] = []
        if not self.take_if(")"):
            arguments = self.separated(self.number, ")")
        self.depth -= 1
        return syntax.Call(name.text, tuple(arguments), span=self.since(name))

    def family(self, operator: str, operands: list[syntax.Operand], span: Span) -> tuple[str, list[syntax.Operand]]:
        """The family of a condition, and its operands as that family writes NULL."""
        if operator == "matches":
            return "string", operands
        kinds = {operand.family for operand in operands} - {"null"}
        if kinds <= {"number"}:
            return "number", operands
        if len(kinds) == 1 and kinds <= {"duration", "size"} and not any(isinstance(operand, syntax.Null) for operand in operands):
            return kinds.pop(), operands
        if kinds == {"date"}:
            return "date", [_as_keyword(operand) for operand in operands]
        has_now = any(isinstance(operand, syntax.Now) for operand in operands)
        if kinds <= {"string", "date"} and operator in ("=", "!=", "in") and not has_now:
            return "string", [self.as_string(operand) for operand in operands]
        raise self.mixed(operator, kinds, span)

    def as_string(self, operand: syntax.Operand) -> syntax.Operand:
        if isinstance(operand, syntax.Day | syntax.Clock):
            self.datelike(operand.span)
            return syntax.Text(operand.raw, span=operand.span)
        return _as_keyword(operand)

    def mixed(self, operator: str, kinds: set[str], span: Span) -> Fault:
        """The error for operands that are not of one family."""
        if kinds == {"string"}:
            low = "write numbers without quotes; compare two columns by CustomSql"
            hint = low if operator != "between" else "between takes numbers, dates, durations or sizes"
            return self.fault("E-CONDITION", span, "strings have no order", accepted="=, !=, in, not in, matches", hint=hint)
        if kinds & {"duration", "size"}:
            hint = "such as between 2 days and 4 days"
            return self.fault("E-CONDITION", span, "each number needs its unit, and NULL has none", hint=hint)
        return self.fault("E-CONDITION", span, f"{' and '.join(sorted(kinds))} operands are mixed", hint="all must be of one family")

    def unquoted(self, condition: syntax.Condition) -> syntax.Condition:
        """Numbers with a point in quotes, where only a number has a meaning, are numbers. AWS's pages write them so."""
        quoted = [operand for operand in condition.operands if isinstance(operand, syntax.Text) and QUOTED_NUMBER.fullmatch(operand.raw)]
        if condition.operator == "matches" or len(quoted) != len(condition.operands):
            return condition
        for text in quoted:
            message = "Glue expects this number without quotes"
            self.report.extension("W-SPELLING", text.span, message, strictly="E-CONDITION", hint=f"write {text.raw}")
        return replace(condition, family="number", operands=tuple(syntax.Literal(text.raw, span=text.span) for text in quoted))


def _as_keyword(operand: syntax.Operand) -> syntax.Operand:
    return syntax.Keyword("NULL", span=operand.span) if isinstance(operand, syntax.Null) else operand
