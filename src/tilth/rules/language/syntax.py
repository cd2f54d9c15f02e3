"""The syntax tree of DQDL. Every node is a frozen value that prints in canonical form; its place in the source is not part of it.

    Ruleset ── Variable, Label
      ├── Rule | Composite (of Rule | Composite)
      │     ├── Parameter
      │     ├── Condition ── operands: Number | Text | Keyword | Reference | Day | Clock | Now | Quantity
      │     ├── Text (where), Condition (threshold)
      │     └── Label, Tag
      └── Analyzer

    Number: Literal, Null, Call, Arithmetic or Group

Strings keep their source between the quotes (`raw`): what a backslash means depends on where the string is, so it is
read as `name`, `value` or `pattern`.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, TypeAlias

from tilth.errors import Place
from tilth.rules.language.diagnostics import MISREADINGS, NOWHERE, RuleMistake, SourceText, Span
from tilth.rules.language.tokens import TIME_UNITS

_NAME_ESCAPE = re.compile(r'\\(["\\])')
_VALUE_ESCAPE = re.compile(r"""\\(["'\\])""")
UNITS = {"minutes": 60, "hours": 3600, "days": 86_400, "B": 1, "KB": 1024, "MB": 1024**2, "GB": 1024**3, "TB": 1024**4}


@dataclass(frozen=True, slots=True)
class Node:
    """A node, and the characters it was read from."""

    span: Span = field(default=NOWHERE, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Word(Node):
    """A node that is printed as it was written."""

    text: str

    def __str__(self) -> str:
        return self.text


# Numbers


@dataclass(frozen=True, slots=True)
class Number(Node):
    """A number, which may have others in it."""

    family: ClassVar[str] = "number"

    @property
    def parts(self) -> tuple[Number, ...]:
        """The numbers in it, from left to right."""
        return ()


@dataclass(frozen=True, slots=True)
class Literal(Word, Number):
    """A number with its sign: `-0.25`."""

    @property
    def value(self) -> float:
        """The number as a double; one too large for it is infinite."""
        return float(self.text)

    @property
    def integer(self) -> bool:
        """Whether it is written without a point."""
        return "." not in self.text


@dataclass(frozen=True, slots=True)
class Null(Word, Number):
    """NULL among numbers."""

    family: ClassVar[str] = "null"
    text: str = "NULL"


@dataclass(frozen=True, slots=True)
class Call(Number):
    """A function of the history: `avg(last(5))`."""

    function: str
    arguments: tuple[Number, ...] = ()

    def __str__(self) -> str:
        return f"{self.function}({','.join(map(str, self.arguments))})"

    @property
    def parts(self) -> tuple[Number, ...]:
        """The arguments."""
        return self.arguments


@dataclass(frozen=True, slots=True)
class Group(Number):
    """A number in parentheses."""

    number: Number

    def __str__(self) -> str:
        return f"({self.number})"

    @property
    def parts(self) -> tuple[Number, ...]:
        """The number in the parentheses."""
        return (self.number,)


@dataclass(frozen=True, slots=True)
class Arithmetic(Number):
    """A chain of `+ - * /`, all of one precedence, computed from left to right: `1 + 2 * 3` is 9."""

    first: Number
    rest: tuple[tuple[str, Number], ...]

    def __str__(self) -> str:
        return " ".join([str(self.first), *(f"{sign} {number}" for sign, number in self.rest)])

    @property
    def parts(self) -> tuple[Number, ...]:
        """The terms."""
        return (self.first, *(term for _, term in self.rest))


# Strings, dates, durations, sizes


@dataclass(frozen=True, slots=True)
class Quoted(Node):
    """The text between quotes."""

    raw: str

    def __str__(self) -> str:
        return f'"{self.raw}"'


@dataclass(frozen=True, slots=True)
class Text(Quoted):
    """A quoted string."""

    family: ClassVar[str] = "string"

    @property
    def name(self) -> str:
        r"""Decoded as a name, a label, an alias or a path: `\"` and `\\` lose their backslash."""
        return _NAME_ESCAPE.sub(r"\1", self.raw)

    @property
    def value(self) -> str:
        r"""Decoded as a value to compare with: `\"`, `\\` and `\'` lose their backslash."""
        return _VALUE_ESCAPE.sub(r"\1", self.raw)

    @property
    def pattern(self) -> str:
        r"""Decoded as a regular expression or as SQL: only `\"` loses its backslash."""
        return self.raw.replace('\\"', '"')


@dataclass(frozen=True, slots=True)
class Keyword(Word):
    """NULL, EMPTY or WHITESPACES_ONLY among strings or dates; `true` or `false` as the value of a tag."""

    family: ClassVar[str] = "string"


@dataclass(frozen=True, slots=True)
class Reference(Node):
    """A variable in use: `$states`."""

    family: ClassVar[str] = "string"

    name: str

    def __str__(self) -> str:
        return f"${self.name}"


@dataclass(frozen=True, slots=True)
class Day(Quoted):
    """A day: `"2024-03-01"`."""

    family: ClassVar[str] = "date"


@dataclass(frozen=True, slots=True)
class Clock(Quoted):
    """A clock time of today: `"9:30 AM"`, `"21:30"`."""

    family: ClassVar[str] = "date"


@dataclass(frozen=True, slots=True)
class Quantity(Node):
    """A whole number and its unit, as they were written: a duration (`days`, `hours`, `minutes`) or a size (`B` to `TB`)."""

    count: str
    unit: str

    def __str__(self) -> str:
        return f"{self.count} {self.unit}"

    @property
    def family(self) -> str:
        """`duration` or `size`."""
        return "duration" if self.unit in TIME_UNITS else "size"

    @property
    def amount(self) -> int:
        """In seconds (a day has 24 hours) or bytes (1 KB has 1024 of them)."""
        return int(self.count) * UNITS[self.unit]


@dataclass(frozen=True, slots=True)
class Now(Node):
    """The time of evaluation, or a time before (`-`) or after (`+`) it: `(now() - 3 days)`."""

    family: ClassVar[str] = "date"

    sign: str = ""
    shift: Quantity | None = None

    def __str__(self) -> str:
        return f"(now() {self.sign} {self.shift})" if self.shift else "now()"

    @property
    def seconds(self) -> int:
        """How far from now, in seconds."""
        return 0 if self.shift is None else self.shift.amount if self.sign == "+" else -self.shift.amount


Operand: TypeAlias = Number | Text | Keyword | Reference | Day | Clock | Now | Quantity
Value: TypeAlias = Text | Keyword
"""What a variable may hold."""


# Rules


@dataclass(frozen=True, slots=True)
class Condition(Node):
    """A comparison of one family: `number`, `string`, `date`, `duration` or `size`.

    `operator` is one of `= != > >= < <= between in matches`; the last three may be `negated`.

    >>> print(Condition("number", "between", (Literal("1"), Literal("2.0")), negated=True))
    not between 1 and 2.0
    """

    family: str
    operator: str
    operands: tuple[Operand, ...]
    negated: bool = False

    def __str__(self) -> str:
        words = f"not {self.operator}" if self.negated else self.operator
        match self.operator, self.operands:
            case "between", (low, high):
                return f"{words} {low} and {high}"
            case "in", (Reference() as reference,):
                return f"{words} {reference}"
            case "in", members:
                return f"{words} [{','.join(map(str, members))}]"
        return f"{words} {self.operands[0]}"


@dataclass(frozen=True, slots=True)
class Parameter(Node):
    """A parameter: quoted, a bare word, or a variable (`style` `"`, empty or `$`), with the connector `of` or `and` before it."""

    raw: str
    style: str = '"'
    connector: str = ""

    def __str__(self) -> str:
        written = {'"': f'"{self.raw}"', "$": f"${self.raw}"}.get(self.style, self.raw)
        return f"{self.connector} {written}" if self.connector else written

    @property
    def text(self) -> Text:
        """The operand as written. A variable must be resolved first."""
        return Text(self.raw, span=self.span)


@dataclass(frozen=True, slots=True)
class Label(Node):
    """A label: `"team"="sales"`."""

    key: Text
    value: Text

    def __str__(self) -> str:
        return f"{self.key}={self.value}"


@dataclass(frozen=True, slots=True)
class Texts(Node):
    """A list of strings as the value of a tag."""

    members: tuple[Text, ...]

    def __str__(self) -> str:
        return f"[{','.join(map(str, self.members))}]"


@dataclass(frozen=True, slots=True)
class Tag(Node):
    """A tag other than the threshold: `with format = "dd-MM-yyyy"`."""

    name: str
    value: Number | Text | Keyword | Texts

    def __str__(self) -> str:
        return f"with {self.name} = {self.value}"

    @property
    def word(self) -> str:
        """The value as a string: `"true"` and `true` are the same."""
        return self.value.value if isinstance(self.value, Text) else str(self.value)


@dataclass(frozen=True, slots=True)
class Rule(Node):
    """One rule. `str` is its canonical form, which distinguishes it from other rules; `full` has the labels too.

    >>> rule = Rule("Mean", (Parameter("age"),), Condition("number", ">", (Literal("1"),)), labels=(Label(Text("k"), Text("v")),))
    >>> print(rule, rule.full, sep=" | ")
    Mean "age" > 1 | Mean "age" > 1 labels=["k"="v"]
    """

    type: str
    parameters: tuple[Parameter, ...] = ()
    condition: Condition | None = None
    where: Text | None = None
    labels: tuple[Label, ...] = ()
    threshold: Condition | None = None
    tags: tuple[Tag, ...] = ()

    def __str__(self) -> str:
        return self._text(labelled=False)

    @property
    def full(self) -> str:
        """The canonical form with the labels."""
        return self._text(labelled=True)

    @property
    def leaves(self) -> tuple[Rule, ...]:
        """Itself."""
        return (self,)

    @property
    def needed(self) -> Condition:
        """The condition, for a rule type whose grammar requires one."""
        assert self.condition is not None  # noqa: S101 -- the grammar asks for it
        return self.condition

    def tag(self, name: str) -> Tag | None:
        """The last tag of that name, which is the one that counts."""
        return next((tag for tag in reversed(self.tags) if tag.name == name), None)

    def flag(self, name: str) -> bool:
        """Whether a tag of that name is there and is true."""
        tag = self.tag(name)
        return tag is not None and tag.word.casefold() == "true"

    def _text(self, *, labelled: bool) -> str:
        parts = [
            self.type,
            *map(str, self.parameters),
            str(self.condition) if self.condition else "",
            f"where {self.where}" if self.where else "",
            labels_text(self.labels) if labelled else "",
            f"with threshold {self.threshold}" if self.threshold else "",
            *map(str, self.tags),
        ]
        return " ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Composite(Node):
    """Rules joined by `AND` or by `OR`. An operand with the same operator and no labels is merged into the chain.

    >>> print(Composite("OR", (Rule("IsComplete", (Parameter("a"),)), Rule("IsUnique", (Parameter("a"),)))))
    (IsComplete "a") OR (IsUnique "a")
    """

    operator: str
    operands: tuple[Rule | Composite, ...]
    labels: tuple[Label, ...] = ()

    def __str__(self) -> str:
        return f" {self.operator} ".join(f"({operand})" for operand in self._chain())

    def _chain(self) -> Iterator[Rule | Composite]:
        """The operands, with nested chains of the same operator flattened, because labels do not appear in the canonical form."""
        for operand in self.operands:
            if isinstance(operand, Composite) and operand.operator == self.operator:
                yield from operand._chain()
            else:
                yield operand

    @property
    def full(self) -> str:
        """The canonical form with its labels and its operands'."""
        chain = f" {self.operator} ".join(f"({operand.full})" for operand in self.operands)
        return f"({chain}) {labels_text(self.labels)}" if self.labels else chain

    @property
    def leaves(self) -> tuple[Rule, ...]:
        """The rules in it, from left to right."""
        return tuple(leaf for operand in self.operands for leaf in operand.leaves)


@dataclass(frozen=True, slots=True)
class Analyzer(Rule):
    """A rule without a condition, which measures and does not judge: `Mean "amount"`."""


@dataclass(frozen=True, slots=True)
class Variable(Node):
    """A constant, defined once: a string (`listed` false) or a list of strings."""

    name: str
    values: tuple[Value, ...]
    listed: bool = False

    def __str__(self) -> str:
        members = ", ".join(map(str, self.values))
        return f"{self.name} = [{members}]" if self.listed else f"{self.name} = {members}"


@dataclass(frozen=True, slots=True)
class Ruleset(Node):
    """A whole ruleset. `warnings` are the results of `lint`, `source` is its text; neither is compared.

    >>> print(Ruleset(rules=(Rule("ColumnCount", condition=Condition("number", "=", (Literal("3"),))),)))
    Rules = [
        ColumnCount = 3
    ]
    """

    version: Text | None = None
    primary: Text | None = None
    sources: tuple[Text, ...] = ()
    variables: tuple[Variable, ...] = ()
    default_labels: tuple[Label, ...] = ()
    rules: tuple[Rule | Composite, ...] = ()
    analyzers: tuple[Analyzer, ...] = ()
    warnings: tuple[RuleMistake, ...] = field(default=(), compare=False, repr=False)
    source: SourceText | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return "\n".join(self._sections())

    def place_of(self, rule: Rule | Composite) -> Place | None:
        """The place of a rule in the source, if known."""
        return None if self.source is None or rule.span == NOWHERE else self.source.place(rule.span)

    def misreadings_of(self, rule: Rule | Composite) -> Iterator[str]:
        """The warnings that a rule may mean something else than was thought; all warnings are in the order of the source."""
        if not self.warnings or self.source is None or rule.span == NOWHERE:
            return
        ends = (self.source.place(Span(at, at)) for at in rule.span)
        first, last = (bisect_left(self.warnings, (end.line or 0, end.column or 0), key=_start) for end in ends)
        yield from (f"{m.code}: {m.message}; {m.hint}" for m in self.warnings[first:last] if m.code in MISREADINGS)

    @property
    def leaves(self) -> Iterator[Rule]:
        """Every simple rule, those in composites too, in the order of the source."""
        return (leaf for rule in self.rules for leaf in rule.leaves)

    @property
    def labels(self) -> Iterator[Mapping[str, str]]:
        """The labels that hold for each rule."""
        return map(self.labels_of, self.rules)

    def labels_of(self, rule: Rule | Composite) -> dict[str, str]:
        """The labels that hold for a rule: the default labels, overlaid by its own."""
        return {label.key.name: label.value.name for label in (*self.default_labels, *rule.labels)}

    def _sections(self) -> Iterator[str]:
        if self.version is not None:
            yield f'Metadata = {{ "Version": {self.version} }}'
        named = [f'"Primary": {self.primary}'] if self.primary is not None else []
        if self.sources:
            named.append(f'"AdditionalDataSources": [{", ".join(map(str, self.sources))}]')
        if named:
            yield f"DataSources = {{ {', '.join(named)} }}"
        yield from map(str, self.variables)
        if self.default_labels:
            yield f"DefaultLabels = [{', '.join(map(str, self.default_labels))}]"
        if self.rules:
            yield _listed("Rules", (rule.full for rule in self.rules))
        if self.analyzers:
            yield _listed("Analyzers", map(str, self.analyzers))


def _start(mistake: RuleMistake) -> tuple[int, int]:
    place = mistake.place or Place()
    return place.line or 0, place.column or 0


def labels_text(labels: Iterable[Label]) -> str:
    """A `labels` clause, or nothing without labels."""
    written = ", ".join(map(str, labels))
    return f"labels=[{written}]" if written else ""


def _listed(section: str, items: Iterable[str]) -> str:
    return f"{section} = [\n    " + ",\n    ".join(items) + "\n]"
