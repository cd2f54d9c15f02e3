"""Rulesets for property tests: valid ones of every rule type, soups of their tokens, and valid rulesets that are mutated."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.rules.cases import cases
from tilth.rules.language.functions import FUNCTIONS
from tilth.rules.language.syntax import (
    Analyzer,
    Arithmetic,
    Call,
    Clock,
    Composite,
    Condition,
    Day,
    Group,
    Keyword,
    Label,
    Literal,
    Now,
    Null,
    Number,
    Parameter,
    Quantity,
    Reference,
    Rule,
    Ruleset,
    Tag,
    Text,
    Variable,
)
from tilth.rules.language.tokens import TEXT, tokenize
from tilth.rules.types import RULE_TYPES
from tilth.rules.types.rule_type import NO, RuleType

WATCHABLE = [row.name for row in RULE_TYPES.values() if row.watchable]


def is_text(text: Text) -> bool:
    """Whether it is a text to Glue too, no date and no clock time."""
    return tokenize(str(text))[0][0].kind == TEXT


raw = st.lists(
    st.sampled_from(["a", "B", "é", " ", "\n", "#", "'", "$", "//", r"\"", r"\\", r"\d", "2024-01-01", "(", ",", "]"]), max_size=6
)
texts = raw.map(lambda parts: Text("".join(parts))).filter(is_text)
filled = texts.filter(lambda text: bool(text.raw.strip()))
names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.]{0,8}", fullmatch=True).filter(
    lambda word: tokenize(word)[0][0].kind == "name" and word not in RULE_TYPES
)
digits = st.integers(0, 10**6).map(str)
literals = st.builds("{}{}{}".format, st.sampled_from(["", "-"]), digits, st.sampled_from(["", ".0", ".25"])).map(Literal)
durations = st.builds(Quantity, digits, st.sampled_from(["days", "hours", "minutes"])).filter(lambda d: d.amount < 60 * 10**9)
sizes = st.builds(Quantity, digits, st.sampled_from(["B", "KB", "MB", "GB", "TB"]))
days = st.dates().map(lambda day: Day(day.isoformat()))
clocks = st.one_of(
    st.times().map(lambda time: Clock(f"{time.hour:02}:{time.minute:02}")),
    st.builds("{}:{:02} {}".format, st.integers(1, 12), st.integers(0, 59), st.sampled_from(["AM", "PM"])).map(Clock),
)
times = st.one_of(days, clocks, st.just(Now()), st.builds(Now, st.sampled_from("+-"), durations))
numbers: st.SearchStrategy[Number] = st.recursive(
    literals,
    lambda inner: st.one_of(
        st.builds(Group, inner),
        st.builds(Call, st.sampled_from([*FUNCTIONS, "foo"]), st.lists(inner, max_size=3).map(tuple)),
        st.builds(
            Arithmetic,
            inner.filter(lambda number: not isinstance(number, Arithmetic)),
            st.lists(
                st.tuples(st.sampled_from("+-*/"), inner.filter(lambda number: not isinstance(number, Arithmetic))), min_size=1, max_size=3
            ).map(tuple),
        ),
    ),
    max_leaves=6,
)
keywords = st.sampled_from(["NULL", "EMPTY", "WHITESPACES_ONLY"]).map(Keyword)
nulls = st.sampled_from(["NULL", "null"]).map(Null)


def conditions(family: str, operand: st.SearchStrategy[object]) -> st.SearchStrategy[Condition]:
    """The conditions of a family: comparisons, ranges and sets."""
    signs = ["=", "!="] if family == "string" else ["=", "!=", ">", ">=", "<", "<="]
    ways = [
        st.builds(Condition, st.just(family), st.sampled_from(signs), st.tuples(operand)),
        st.builds(Condition, st.just(family), st.just("in"), st.lists(operand, min_size=1, max_size=4).map(tuple), st.booleans()),
    ]
    if family == "string":
        ways.append(st.builds(Condition, st.just(family), st.just("matches"), st.tuples(texts), st.booleans()))
    else:
        ways.append(st.builds(Condition, st.just(family), st.just("between"), st.tuples(operand, operand), st.booleans()))
    return st.one_of(ways)


whole = digits.map(Literal)
CONDITIONS = {
    "number": conditions("number", numbers),
    "duration": conditions("duration", durations),
    "size": conditions("size", sizes),
    "date": conditions("date", times),
    "string": conditions("string", st.one_of(texts, keywords, st.just(Reference("a.text")))).filter(
        lambda c: not all(isinstance(operand, Keyword) and operand.text == "NULL" for operand in c.operands)
    ),
}
thresholds = CONDITIONS["number"]
labels = st.lists(st.builds(Label, filled, texts), max_size=4, unique_by=lambda label: label.key.name).map(tuple)
TAGS = {
    "ignoreCase": [Text("true"), Text("false")],
    "timeZone": [Text("Europe/Berlin"), Text("UTC")],
    "format": [Text("dd-MM-yyyy"), Text("nonsense")],
    "recentFiles": [Literal("7")],
    "uriRegex": [Text(r".*\.csv")],
    "matchFileName": [Text("true")],
    "hashAlgorithm": [Text("MD5")],
    "failFast": [Text("false")],
    "bins": [Literal("20")],
}
tags = st.lists(
    st.one_of([st.builds(Tag, st.just(name), st.sampled_from(values)) for name, values in TAGS.items()]), max_size=2, unique_by=str
).map(tuple)


@st.composite
def parameters(draw: st.DrawFn, row: RuleType, count: int) -> tuple[Parameter, ...]:
    """So many parameters of a type, quoted, bare or a variable."""
    if row.name == "DetectAnomalies":
        inner = RULE_TYPES[draw(st.sampled_from(WATCHABLE))]
        return (Parameter(inner.name), *draw(parameters(inner, inner.forms[0].least)))
    bare = names.map(lambda name: Parameter(name, ""))
    quoted = filled.map(lambda text: Parameter(text.raw))
    one = st.one_of(quoted, bare, st.just(Parameter("a.text", "$")))
    found = draw(st.lists(one, min_size=count, max_size=count))
    connectors = draw(st.lists(st.sampled_from(["", "", "of", "and", "AND"]), min_size=count, max_size=count))
    return tuple(Parameter(p.raw, p.style, connector) for p, connector in zip(found, connectors, strict=True))


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    """A rule that default mode accepts, of any type."""
    row = draw(st.sampled_from([row for row in RULE_TYPES.values() if row.rule]))
    form = draw(st.sampled_from(row.forms))
    count = draw(st.integers(form.least, form.least + 2 if form.most is None else form.most))
    condition = None
    if form.families and not (form.bare and draw(st.booleans())):
        family = draw(st.sampled_from(form.families))
        operands = CONDITIONS[family]
        if family == "number" and not row.dynamic:
            operands = conditions("number", whole if "size" in form.families else literals)
        condition = draw(operands)
    wanted = row.threshold != NO and not (row.name == "CustomSql" and condition)
    return Rule(
        row.name,
        draw(parameters(row, count)),
        condition,
        draw(st.none() | filled) if row.where else None,
        draw(labels),
        draw(st.none() | thresholds) if wanted else None,
        tuple(tag for tag in draw(tags) if tag.name in row.tags),
    )


def chained(operator: str, operands: list[Rule | Composite], own: tuple[Label, ...]) -> Composite:
    """A composite as the parser makes it: unlabelled chains of the same operator dissolve."""
    flat: list[Rule | Composite] = []
    for one in operands:
        flat += one.operands if isinstance(one, Composite) and one.operator == operator and not one.labels else [one]
    return Composite(operator, tuple(flat), own)


trees = st.recursive(
    rules(),
    lambda inner: st.builds(chained, st.sampled_from(["AND", "OR"]), st.lists(inner, min_size=2, max_size=3), labels),
    max_leaves=4,
)


@st.composite
def analyzers(draw: st.DrawFn) -> Analyzer:
    row = draw(st.sampled_from([row for row in RULE_TYPES.values() if row.analyzer != NO]))
    form = row.forms[0]
    count = draw(st.integers(form.least, form.least + 2 if form.most is None else form.most))
    where = draw(st.none() | filled) if row.where else None
    return Analyzer(row.name, draw(parameters(row, count)), where=where, tags=tuple(t for t in draw(tags) if t.name in row.tags))


@st.composite
def rulesets(draw: st.DrawFn) -> Ruleset:
    """A whole ruleset that default mode accepts."""
    return Ruleset(
        draw(st.none() | texts),
        draw(st.none() | texts),
        tuple(draw(st.lists(texts, max_size=2))),
        (
            Variable("a.text", (Text("x"),)),
            *draw(st.lists(st.builds(Variable, st.just("list"), st.tuples(texts | keywords), st.just(True)), max_size=1)),
        ),
        draw(labels),
        tuple(draw(st.lists(trees, min_size=1, max_size=3))),
        tuple(draw(st.lists(analyzers(), max_size=2))),
    )


VALID = [case.source for case in cases() if case.canonical]
PIECES = sorted({token.text for text in VALID for token in tokenize(text)[0]} | {"\n", " ", "#", "//", '"', ";", "\r", "\\", "'", "Foo"})
soups = st.lists(st.sampled_from(PIECES), max_size=30).map(" ".join)


@st.composite
def mutations(draw: st.DrawFn) -> str:
    """A valid text with some of its characters taken out, doubled, or replaced by other pieces."""
    text = draw(st.sampled_from(VALID))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 8)))
        text = text[:start] + draw(st.sampled_from(["", text[start:end] * 2, *PIECES])) + text[end:]
    return text
