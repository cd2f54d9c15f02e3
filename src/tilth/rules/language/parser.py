"""From tokens to the syntax tree: a recursive descent over DQDL's grammar, one method for each of its rules.

A rule that cannot be read raises a `Fault`, which is noted; reading continues after the next comma of the list, so that one mistake
does not hide another. Default mode also reads Tilth's extensions of DQDL, each with a warning; in strict mode these are errors.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

from tilth.rules.language import syntax
from tilth.rules.language.cursor import Fault, shown
from tilth.rules.language.diagnostics import Diagnostics, Span, TooMany
from tilth.rules.language.operands import CONDITIONS, KEYWORDS, Operands
from tilth.rules.language.tags import TAG_VALUES
from tilth.rules.language.tokens import BROKEN, CLOCK, DATE, DECIMAL, END, INT, NAME, NOW, SECTIONS, TEXT, Oddity, Token, tokenize
from tilth.rules.types import RULE_TYPES, respelled

T = TypeVar("T")
FOLDED_SECTIONS = {section.casefold(): section for section in SECTIONS}
TAG_NAMES = {"threshold", *TAG_VALUES}
CLAUSES = ("where", "labels", "with")
PARAMETERS = {TEXT, DATE, CLOCK, NAME, "$"}
SCALARS = {TEXT, DATE, CLOCK, *KEYWORDS}
ORDER = {"Metadata": 0, "DataSources": 1, NAME: 2, "DefaultLabels": 3, "Rules": 4, "Analyzers": 4}
KEYS = {"Metadata": {"Version": False}, "DataSources": {"Primary": False, "AdditionalDataSources": True}}  # whether it is a list
BODIES = {"Rules", "Analyzers"}
A_SECTION = "Metadata, DataSources, a variable, DefaultLabels, Rules, Analyzers (in this order)"

NEGATED = "a rule cannot be negated: write !=, not in, not between or not matches"
SLIPS = {  # token in the place of a rule type → what to write instead
    **dict.fromkeys((TEXT, DATE, CLOCK), "rules are separated by commas, the parameters of one by blanks"),
    **dict.fromkeys((INT, DECIMAL), "a comma separates rules: write 1000, not 1,000"),
}


def read(report: Diagnostics) -> syntax.Ruleset:
    """The ruleset of a source, as far as it can be read; what cannot is noted in `report`."""
    tokens, odd = tokenize(report.source.text)
    parser = Parser(tokens, report)
    with suppress(TooMany):
        parser.document()
        _note_oddities((one for one in odd if one.span.start < parser.here.start), report)  # anything may follow the last section
    (version, *_), (primary, *_) = (parser.keyed.get(key, [None]) for key in ("Version", "Primary"))
    return syntax.Ruleset(
        version,
        primary,
        tuple(parser.keyed.get("AdditionalDataSources", ())),
        tuple(parser.variables),
        parser.default_labels,
        tuple(parser.rules),
        tuple(parser.analyzers),
        span=Span(0, parser.here.start),
    )


STRAIGHT = "strings are written in straight double quotes"
STRAY = {  # characters that DQDL does not have → what to write instead
    "'`“”‘’„«»": STRAIGHT,
    "%": "a share is a number between 0 and 1: 95 % is 0.95",
    ";": "rules are separated by commas",
    "≥": "write >=",
    "≤": "write <=",
    "≠": "write !=",
    "&": "write AND between rules in parentheses",
    "|": "write OR between rules in parentheses",
}


def _note_oddities(odd: Iterable[Oddity], report: Diagnostics) -> None:
    """Notes what the tokens leave out: each stray character, and each kind of comment or white space that Glue does not read, once."""
    seen = set()
    for kind, span, text in odd:
        if kind == "character":
            hint = next((hint for characters, hint in STRAY.items() if set(text) & set(characters)), "")
            report.error("E-SYNTAX", span, f"{text[:20]!r} has no meaning here", hint=hint)
        elif kind == "single":
            report.error("E-SYNTAX", span, "a string in single quotes", accepted=f'"{text[1:-1]}"', hint=STRAIGHT)
        elif kind == "quote":
            hint = 'a string ends with ", and \\" inside it means a quote'
            report.error("E-SYNTAX", span, "a string that is not closed on its line", accepted='"', hint=hint)
        elif kind not in seen:
            seen.add(kind)
            code, message = {
                "return": ("W-NOT-IN-GLUE", "Windows line ends or form feeds: Glue reads only line feeds"),
                "mark": ("W-NOT-IN-GLUE", "a byte-order mark: Glue does not read it"),
                "slashes": ("W-COMMENT", "a comment with //: Glue reads only #"),
                "comment": ("W-COMMENT", "a comment at the very end: Glue needs a line end after it"),
            }[kind]
            report.extension(code, span, message)


class Parser(Operands):
    """Reads the sections of a ruleset, and the rules and analyzers in them."""

    def __init__(self, tokens: list[Token], report: Diagnostics) -> None:
        super().__init__(tokens, report)
        self.keyed: dict[str, list[syntax.Text]] = {}  # the keys of Metadata and DataSources
        self.variables: list[syntax.Variable] = []
        self.default_labels: tuple[syntax.Label, ...] = ()
        self.rules: list[syntax.Rule | syntax.Composite] = []
        self.analyzers: list[syntax.Analyzer] = []

    # Sections

    def document(self) -> None:
        """The sections in their order. What follows the last one is ignored."""
        earlier: dict[str, None] = {}  # the kinds of section so far, in their order
        while self.here.kind != END:
            section = self.section()
            bodies = BODIES.intersection(earlier)
            if bodies and (section not in BODIES - bodies or (self.report.strict and section == "Rules")):
                hint = f"{section} must come before {next(reversed(earlier))}" if section in SECTIONS and section not in bodies else ""
                self.report.warn("W-TRAILING", self.here.span, "the rest of the ruleset is ignored", hint=hint)
                return
            if section:
                self.in_order(section, earlier)
                earlier[section] = None
                self.read_section(section)
            elif not self.lost():
                return

    def section(self) -> str:
        """The section that begins here, `name` for a variable, or an empty string. A misspelt one is noted and read as intended."""
        token = self.here
        if token.kind in SECTIONS:
            return token.kind
        if token.kind != NAME or self.peek().kind != "=":
            return ""
        listed = self.peek(2).kind == "["
        is_variable = self.peek(2 + listed).kind in SCALARS and not (listed and self.peek(4).kind == "=")
        near = [] if is_variable else difflib.get_close_matches(token.text.casefold(), FOLDED_SECTIONS, 1, 0.7)
        if not near:
            return NAME
        section, message = FOLDED_SECTIONS[near[0]], f"there is no section {shown(token.text)}"
        self.report.error("E-SYNTAX", token.span, message, accepted=A_SECTION, hint=f"did you mean {section!r}?")
        return section

    def in_order(self, section: str, earlier: dict[str, None]) -> None:
        """Notes a section that comes too late or twice."""
        span = self.here.span
        if section == "Rules" and "Analyzers" in earlier:
            self.report.extension("W-ORDER", span, "Rules after Analyzers: Glue does not read them", hint="put Rules first")
        elif section != NAME and section in earlier:
            self.report.error("E-SYNTAX", span, f"there are two sections {section}")
        elif earlier and ORDER[section] < max(ORDER[one] for one in earlier):
            what = "a variable" if section == NAME else section
            self.report.error("E-SYNTAX", span, f"{what} is not expected here", accepted=A_SECTION)

    def lost(self) -> bool:
        """Notes that no section begins here, and moves to the next one, if there is any."""
        first = self.at
        while self.here.kind != END and not self.section_starts():
            self.take()
        after, self.at = self.at, first
        rules = self.here.text in RULE_TYPES or self.here.kind == "("
        self.unexpected(A_SECTION, hint="rules are written in a list: Rules = [ … ]" if rules else "")
        if self.tokens[after].kind == END:
            return False
        self.at = after
        return True

    def read_section(self, section: str) -> None:
        start = self.at
        name = self.take()
        try:
            if not self.take_if("="):
                fault = self.unexpected("=")
                if self.here.kind not in ("[", "{"):
                    raise fault
            match section:
                case "Metadata" | "DataSources":
                    self.settings(section)
                case "DefaultLabels":
                    self.default_labels += self.label_list()
                case "Rules":
                    self.items(self.rule, self.rules)
                case "Analyzers":
                    self.items(self.analyzer, self.analyzers)
                case _:
                    self.variable(name)
        except Fault:
            self.at = max(self.at, start + 1)
            while self.here.kind not in (END, *SECTIONS) and not (self.here.kind == NAME and self.peek().kind == "="):
                self.take()

    def settings(self, section: str) -> None:
        """The keys of Metadata or DataSources, each with a string, or a list if the key takes one."""
        known = KEYS[section]
        for key, values, listed in self.dictionary():
            takes_list = known.get(key.name)
            if takes_list is None:
                message, near = f"{section} has no key {key}", self.report.near(key.name, known)
                glue = f"Unsupported key provided in {section.removeprefix('Data')} section"
                self.report.error("E-SYNTAX", key.span, message, accepted=", ".join(known), hint=near, glue=glue)
            elif listed and not takes_list:
                self.report.error("E-SYNTAX", values[0].span, f"{key.name} is one string, not a list")
            elif takes_list and not listed:
                glue = "Additional sources must be an array of values."
                self.report.error("E-SYNTAX", values[0].span, f"{key.name} is a list", hint=f"write [{values[0]}]", glue=glue)
            else:
                if before := self.keyed.get(key.name):
                    self.report.warn("W-UNUSED", before[0].span, f"{key} is set again below; this value has no effect")
                self.keyed[key.name] = values

    def dictionary(self) -> list[tuple[syntax.Text, list[syntax.Text], bool]]:
        """Pairs of a key and its strings, and whether these were a list."""
        start = self.expect("{")
        if self.take_if("}"):
            self.report.error("E-EMPTY", self.since(start), "the dictionary is empty", glue="Empty dictionary provided")
            return []
        return self.separated(self.pair, "}")

    def pair(self) -> tuple[syntax.Text, list[syntax.Text], bool]:
        key = self.quoted("a quoted key")
        self.expect(":")
        if self.take_if("["):
            return key, self.separated(self.quoted, "]"), True
        return key, [self.quoted("a quoted string or a list of them")], False

    def variable(self, name: Token) -> None:
        listed = bool(self.take_if("["))
        values = self.separated(self.scalar, "]") if listed else [self.scalar()]
        self.variables.append(syntax.Variable(name.text, tuple(values), listed, span=name.span))

    def scalar(self) -> syntax.Value:
        if self.here.kind in KEYWORDS:
            return self.keyword()
        hint = "a variable holds a string or a list of strings, not numbers or dates" if self.here.kind in (INT, DECIMAL, NOW, "-") else ""
        return self.quoted("a quoted string, NULL, EMPTY or WHITESPACES_ONLY", hint)

    def items(self, one: Callable[[], T], into: list[T]) -> None:
        """The items of a section between `[` and `]`. A mistake in one item does not hide mistakes in others."""
        broken = False
        if not self.take_if("["):
            fault, broken = self.unexpected("["), True
            if self.here.kind not in (NAME, "("):
                raise fault
        while self.here.kind != "]":
            if self.here.kind == END or self.section_starts():
                if not broken:
                    self.unexpected("]", "the list is not closed")
                return
            start, self.depth = self.at, 0
            try:
                item = one()
                self.separator()
                into.append(item)
            except Fault:
                self.resync(start)
                if not self.take_if(","):
                    broken |= bool(self.take_if(BROKEN))
        self.take()

    def separator(self) -> None:
        """Read the comma after an item. If it is missing, that is noted, and the next item is still read."""
        if self.take_if(","):
            if self.here.kind == "]":
                self.trailing_comma()
        elif self.here.kind not in ("]", END) and not self.section_starts():
            fault = self.unexpected(", or ]", hint=self.misplaced())
            if self.here.text not in RULE_TYPES and self.here.kind != "(":
                raise fault

    def misplaced(self) -> str:
        kind, before = self.here.kind, self.tokens[self.at - 1].kind
        if self.here.text.casefold() == "threshold":
            return f"write with {self.here.text}"
        if kind in ("+", "-", "*", "/") and before == NOW:
            return "a shifted now() needs parentheses: (now() - 3 days)"
        return "a clause of one rule belongs inside its parentheses" if kind in ("where", "with") and before == ")" else ""

    # Rules

    def rule(self) -> syntax.Rule | syntax.Composite:
        """Units joined by `and` and `or`; `and` binds tighter."""
        start = self.here
        units, signs = [self.unit()], list[Token]()
        while self.here.kind in ("and", "or"):
            signs.append(self.take())
            units.append(self.unit())
        if not signs:
            return units[0]
        self.surprises(units, signs)
        groups = [[units[0]]]
        for sign, unit in zip(signs, units[1:], strict=True):
            if sign.kind == "and":
                groups[-1].append(unit)
            else:
                groups.append([unit])
        return _joined("OR", [_joined("AND", group) for group in groups], self.since(start))

    def surprises(self, units: list[syntax.Rule | syntax.Composite], signs: list[Token]) -> None:
        """Warns of chains that are easily misread."""
        mixed = next((sign for sign in signs if sign.kind != signs[0].kind), None)
        if mixed:
            self.report.warn("W-MIXED", mixed.span, "AND binds tighter than OR", hint="use parentheses to group them")
        *others, last = (unit.labels for unit in units)
        if last and self.tokens[self.at - 1].kind == "]" and not any(others):
            span = last[0].span.to(last[-1].span)
            hint = "for labels of the whole put it in parentheses: ((A) AND (B)) labels=[…]"
            self.report.warn("W-LABEL-LEAF", span, "these labels belong to the last operand only", hint=hint)

    def unit(self) -> syntax.Rule | syntax.Composite:
        """A rule in parentheses, with labels or without, or a simple rule."""
        if not (opening := self.take_if("(")):
            rule = self.simple_rule()
            if self.here.kind == BROKEN:
                raise Fault
            return rule
        self.nest(opening)
        inner = self.rule()
        self.expect(")", "), and, or", hint="the parenthesis is not closed")
        self.depth -= 1
        labels = self.labels() if self.here.kind == "labels" else ()
        return replace(inner, labels=(*inner.labels, *labels)) if labels else inner

    def simple_rule(self) -> syntax.Rule:
        if self.here.text.casefold() == "not":
            message = f"{self.here.text!r} is not expected here"
            raise self.fault("E-SYNTAX", self.here.span, message, accepted="a rule type", hint=NEGATED)
        start = self.expect(NAME, "a rule type", hint=SLIPS.get(self.here.kind, ""))
        name = self.type_name(start, "Rule")
        parameters = self.parameters()
        condition = self.condition()
        where, labels, threshold, tags = self.clauses(CLAUSES)
        if condition and name in RULE_TYPES and not any("string" in form.families for form in RULE_TYPES[name].forms):
            condition = self.unquoted(condition)
        return syntax.Rule(name, parameters, condition, where, labels, threshold, tags, span=self.since(start))

    def type_name(self, token: Token, section: str) -> str:
        """The name of the type; one that differs only in case is corrected."""
        meant = None if token.text in RULE_TYPES else respelled(token.text)
        if not meant:
            return token.text
        message, glue = f"{token.text} is written {meant}", f"{section} Type: {token.text} is not valid"
        self.report.extension("W-SPELLING", token.span, message, strictly="E-RULETYPE", hint=f"did you mean {meant!r}?", glue=glue)
        return meant

    def parameters(self) -> tuple[syntax.Parameter, ...]:
        """Parameters as long as there are any, with the connectors `of` and `and` before them."""
        parameters: list[syntax.Parameter] = []
        while True:
            start, connector = self.here, ""
            if start.kind in ("of", "and") and self.peek().kind in PARAMETERS:
                if start.kind == "and" and self.peek().text in RULE_TYPES and self.logical():
                    break
                connector = self.take().text
            if self.here.kind not in PARAMETERS:
                break
            parameters.append(self.parameter(start, connector))
        return tuple(parameters)

    def parameter(self, start: Token, connector: str) -> syntax.Parameter:
        if self.take_if("$"):
            return syntax.Parameter(self.expect(NAME, "the name of a variable").text, "$", connector, span=self.since(start))
        if token := self.take_if(NAME):
            if token.text in RULE_TYPES and not connector:
                hint = f'is a comma missing before it? If it is a column, write "{token.text}"'
                self.report.warn("W-PARENS", token.span, f"{token.text} is read as a parameter here, not as a rule", hint=hint)
            return syntax.Parameter(token.text, "", connector, span=token.span)
        text = self.quoted()
        return syntax.Parameter(text.raw, '"', connector, span=text.span)

    def logical(self) -> bool:
        """Whether the `and` here, before the name of a rule type, joins two rules. Glue takes it for a connector."""
        reads = "Glue reads this `and` as part of the parameters of the rule before it"
        self.report.warn("W-PARENS", self.here.span, reads, hint="write each operand in parentheses: (A) and (B)")
        return not self.report.strict

    # Clauses

    def clauses(
        self, allowed: tuple[str, ...]
    ) -> tuple[syntax.Text | None, tuple[syntax.Label, ...], syntax.Condition | None, tuple[syntax.Tag, ...]]:
        """`where`, `labels` and `with`, in any order; Glue reads them in this one."""
        where: syntax.Text | None = None
        labels: tuple[syntax.Label, ...] = ()
        threshold: list[syntax.Condition] = []
        tags: list[syntax.Tag] = []
        rank, late = 0, None
        while (token := self.here).kind in allowed:
            late = late or (token if CLAUSES.index(token.kind) < rank else None)
            rank = max(rank, CLAUSES.index(token.kind))
            if token.kind == "with":
                self.tags(threshold, tags)
            elif token.kind == "labels":
                if labels:
                    self.report.error("E-LABEL", token.span, "there are two lists of labels", hint="join them into one")
                labels += self.labels()
            else:
                if where:
                    self.report.error("E-WHERE", token.span, "there are two `where` clauses", hint='join them: where "(…) and (…)"')
                self.take()
                where = self.quoted("an SQL condition in quotes")
        if late:
            message = f"Glue reads where, then labels, then with: {late.text} comes too late"
            self.report.extension("W-ORDER", late.span, message)
        return where, labels, threshold[0] if threshold else None, tuple(tags)

    def labels(self) -> tuple[syntax.Label, ...]:
        self.take()
        self.expect("=")
        return self.label_list()

    def label_list(self) -> tuple[syntax.Label, ...]:
        start = self.expect("[")
        if self.take_if("]"):
            self.report.error("E-LABEL", self.since(start), "the list of labels is empty", glue="Labels must have at least one label")
            return ()
        return tuple(self.separated(self.label, "]"))

    def label(self) -> syntax.Label:
        start, key = self.here, self.quoted('a label: "key"="value"')
        self.expect("=")
        return syntax.Label(key, self.quoted("the label's value in quotes"), span=self.since(start))

    def tags(self, threshold: list[syntax.Condition], tags: list[syntax.Tag]) -> None:
        """One or more tags after `with`. After a comma, tags continue only if a known tag follows."""
        self.take()
        while True:
            name = self.expect(NAME, "threshold or the name of another tag")
            if name.text.casefold() == "threshold":
                self.threshold(threshold)
            else:
                tags.append(self.tag(name))
            follows = self.peek().text in TAG_NAMES and self.peek(2).kind in CONDITIONS
            if self.here.kind != "," or not follows:
                return
            self.report.extension("W-NOT-IN-GLUE", self.here.span, "Glue's open grammar reads one tag after each with")
            self.take()

    def threshold(self, thresholds: list[syntax.Condition]) -> None:
        condition = self.condition()
        if condition is None:
            raise self.unexpected("a number condition, such as > 0.9")
        condition = self.unquoted(condition)
        if condition.family != "number":
            self.report.error("E-THRESHOLD", condition.span, "a threshold is compared with a number", accepted="a share from 0 to 1")
        elif thresholds:
            glue = "Only one threshold condition at a time is supported."
            self.report.error(
                "E-THRESHOLD", condition.span, "there are two thresholds", hint="one can be a range: between 0.5 and 0.9", glue=glue
            )
        else:
            thresholds.append(condition)

    def tag(self, name: Token) -> syntax.Tag:
        """A tag and its value."""
        sign, value = self.here, self.peek()
        made: syntax.Keyword | syntax.Texts | None = None
        if sign.kind == "=" and value.text in ("true", "false"):
            self.at += 2
            made = syntax.Keyword(value.text, span=value.span)
        elif sign.kind == "=" and value.kind == "[":
            self.at += 2
            made = syntax.Texts(tuple(self.separated(self.quoted, "]")), span=self.since(value))
        if made:
            self.report.extension("W-NOT-IN-GLUE", made.span, "Glue's open grammar has no lists, no true and no false for tags")
            return syntax.Tag(name.text, made, span=self.since(name))
        condition = self.condition()
        if condition is None:
            raise self.unexpected("= and a value")
        return syntax.Tag(name.text, self.tag_value(condition), span=self.since(name))

    def tag_value(self, condition: syntax.Condition) -> syntax.Number | syntax.Text | syntax.Keyword:
        operand = condition.operands[0]
        if condition.operator != "=":
            kind = "String" if condition.family == "string" else "Number"
            glue = f"{kind} tags only support the equality operator."
            self.report.error("E-TAG", condition.span, "a tag takes = and a value", accepted="=", glue=glue)
        operand = self.as_string(operand)
        if isinstance(operand, syntax.Reference):
            raise self.fault("E-VARIABLE", operand.span, "a variable cannot be the value of a tag")
        if not isinstance(operand, syntax.Number | syntax.Text | syntax.Keyword):
            raise self.fault("E-TAG", operand.span, "a tag takes a string or a number", hint=f'write "{operand}"')
        return operand

    # Analyzers

    def analyzer(self) -> syntax.Analyzer:
        start = self.expect(NAME, "an analyzer", hint="analyzers cannot be joined" if self.here.kind == "(" else "")
        name = self.type_name(start, "Analyzer")
        parameters = self.parameters()
        if condition := self.condition():
            self.report.error(
                "E-CONDITION", condition.span, "an analyzer measures and does not judge: it has no condition", hint="move it to Rules"
            )
        clauses = self.here
        where, _, threshold, tags = self.clauses(("where", "with"))
        if threshold:
            self.report.error("E-THRESHOLD", threshold.span, "an analyzer has no threshold")
        if clauses.kind in ("where", "with"):
            self.report.extension("W-NOT-IN-GLUE", clauses.span, f"Glue's open grammar does not allow {clauses.text} after an analyzer")
        if self.here.kind == BROKEN:
            raise Fault
        return syntax.Analyzer(name, parameters, where=where, tags=tags, span=self.since(start))


def _joined(operator: str, operands: list[syntax.Rule | syntax.Composite], span: Span | None = None) -> syntax.Rule | syntax.Composite:
    """A chain of operands. Unlabelled chains of the same operator are merged into it."""
    if len(operands) == 1:
        return operands[0]
    flat: list[syntax.Rule | syntax.Composite] = []
    for one in operands:
        if isinstance(one, syntax.Composite) and one.operator == operator and not one.labels:
            flat += one.operands
        else:
            flat.append(one)
    return syntax.Composite(operator, tuple(flat), span=span or operands[0].span.to(operands[-1].span))
