"""The static semantics of DQDL: checks of a ruleset that was parsed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from tilth.errors import RulesError, joined, listed
from tilth.rules.conditions import clock, day
from tilth.rules.language import lints, syntax
from tilth.rules.language.cursor import miswritten, shown
from tilth.rules.language.diagnostics import Diagnostics, Span
from tilth.rules.language.functions import FUNCTIONS, NOT_IN_GLUE, misuse, numbers, walk
from tilth.rules.language.references import split_aggregate, split_mapping, split_reference
from tilth.rules.language.tags import TAG_VALUES, useless
from tilth.rules.types import RULE_TYPES, respelled
from tilth.rules.types.rule_type import GLUE, NEXT, NO, TILTH, Form, RuleType

MOST_LABELS, LONGEST_KEY, LONGEST_VALUE = 10, 128, 256
FARTHEST_DAYS = 730_000  # two thousand years from now are inside the calendar

QUOTED_SQL = re.compile(
    r"""'(?:[^'\\]++|\\.)*+(?:'|\Z)|"(?:[^"\\]++|\\.)*+(?:"|\Z)|`[^`]*+(?:`|\Z)|--[^\n]*+|/\*.*?(?:\*/|\Z)""", re.DOTALL
)
SUB_QUERY = re.compile(r"\bselect\b|\)\s*over\b", re.IGNORECASE)
NESTED = re.compile(r"\$[A-Za-z0-9_.]")


def check(ruleset: syntax.Ruleset, report: Diagnostics) -> None:
    """Adds to `report` all mistakes of a ruleset, and warnings about probably unintended rules."""
    _Validation(ruleset, report).everything()


class _Validation:
    """The checks of one ruleset."""

    def __init__(self, ruleset: syntax.Ruleset, report: Diagnostics) -> None:
        self.ruleset, self.report = ruleset, report
        self.variables: dict[str, syntax.Variable] = {}
        self.used: set[str] = set()
        self.aliases = dict.fromkeys([*(one.name for one in (*ruleset.sources, ruleset.primary) if one), "primary"])
        self.known_aliases = listed(self.aliases)

    def everything(self) -> None:
        self.sections()
        self.define_variables()
        self.labels(self.ruleset.default_labels, ())
        for rule in (*self.ruleset.rules, *self.ruleset.analyzers):
            self.rule(rule)
        for name, variable in self.variables.items():
            if name not in self.used:
                self.report.warn("W-UNUSED", variable.span, f"the variable {name} is not used")

    # Sections, variables, labels

    def sections(self) -> None:
        if not self.ruleset.rules and not self.ruleset.analyzers and not self.report.errors:
            glue = "No rules or analyzers provided."
            self.report.error("E-EMPTY", Span(0, 0), "there is neither a rule nor an analyzer", accepted="Rules = [ … ]", glue=glue)
        for source in (self.ruleset.primary, *self.ruleset.sources):
            if source and re.search(r"[\s,]", source.name):
                self.report.warn("W-NOT-IN-GLUE", source.span, f"Glue drops the blanks of {source} and splits it at its commas")

    def define_variables(self) -> None:
        for variable in self.ruleset.variables:
            name = variable.name
            if name in self.variables:
                self.report.error("E-VARIABLE", variable.span, f"{name} is defined twice", glue=f"Variable '{name}' is already defined")
                continue
            self.variables[name] = variable
            if name[0] in "._":
                self.report.error("E-VARIABLE", variable.span, f"the name of a variable cannot begin with {name[0]}")
            for value in variable.values:
                if isinstance(value, syntax.Text) and NESTED.search(value.raw):
                    message = "a variable inside a variable is not looked up, and Glue rejects it"
                    glue = f"Nested variables are not supported in variable '{name}'"
                    self.report.extension("W-NOT-IN-GLUE", value.span, message, strictly="E-VARIABLE", glue=glue)

    def labels(self, labels: Iterable[syntax.Label], defaults: Iterable[syntax.Label]) -> None:
        """The labels of one list, with the default labels that it overlays."""
        keys, count = {label.key.name for label in defaults}, len(tuple(defaults))
        full = count > MOST_LABELS  # noted already, at the default labels
        own: set[str] = set()
        for label in labels:
            key, value = label.key.name, label.value.name
            glue = "Label key or value cannot be empty"
            if not key:
                self.report.error("E-LABEL", label.span, "the key of a label is empty", glue=glue)
            if not value:
                self.report.extension("W-NOT-IN-GLUE", label.span, "Glue rejects a label without a value", strictly="E-LABEL", glue=glue)
            for what, text, longest in (("key", label.key, LONGEST_KEY), ("value", label.value, LONGEST_VALUE)):
                if len(text.name) > longest:
                    self.report.error("E-LABEL", text.span, f"the {what} of a label has at most {longest} characters, not {len(text.name)}")
            if key in own:
                self.report.error("E-LABEL", label.span, f"{label.key} is given twice", glue="Duplicate label key. Key must be unique.")
            own.add(key)
            keys.add(key)
            count += 1
            if (count if self.report.strict else len(keys)) > MOST_LABELS and not full:
                full = True
                glue = f"Number of labels exceed maximum allowed (MAX: {MOST_LABELS})"
                self.report.error("E-LABEL", label.span, f"a rule has at most {MOST_LABELS} labels, default labels included", glue=glue)

    # Rules and analyzers

    def rule(self, rule: syntax.Rule | syntax.Composite) -> None:
        self.labels(rule.labels, self.ruleset.default_labels)
        if isinstance(rule, syntax.Composite):
            for operand in rule.operands:
                self.rule(operand)
            return
        row = self.type_of(rule)
        self.references(rule)
        if row is None:
            return
        form = self.form(rule, row)
        self.where(rule, row)
        self.tags(rule, row)
        self.parameters(rule, row)
        self.threshold(rule, row)
        if form and not isinstance(rule, syntax.Analyzer):
            self.condition(rule, row, form)
        for condition in (rule.condition, rule.threshold):
            if condition:
                self.operands(condition, rule, row)
        lints.lint(rule, row, self.report)
        if row.lint and not isinstance(rule, syntax.Analyzer):
            row.lint(rule, [self.parameter_text(p) for p in rule.parameters], self.report)

    def type_of(self, node: syntax.Rule) -> RuleType | None:
        """The type of a rule or an analyzer, if it may be in its section."""
        row, span, is_rule = RULE_TYPES.get(node.type), _name_span(node), not isinstance(node, syntax.Analyzer)
        section, noun = ("Rule", "rule type") if is_rule else ("Analyzer", "analyzer")
        invalid = f"{section} Type: {node.type} is not valid"
        if row is None:
            names = [name for name, known in RULE_TYPES.items() if (known.rule if is_rule else known.analyzer is not NO)]
            message, hint = f"there is no {noun} {node.type}", self.report.near(node.type, names)
            self.report.error("E-RULETYPE", span, message, accepted=listed(names), hint=hint, glue=invalid)
            return None
        if is_rule and not row.rule:
            glue = f"Analyzer Type: {node.type} is not supported in rules section"
            self.report.error("E-RULETYPE", span, f"{node.type} is an analyzer, not a rule", hint="move it to Analyzers", glue=glue)
            return None
        if not is_rule and row.analyzer is NO:
            message = f"{node.type} is not an analyzer: {'it has a verdict, not a number' if row.boolean else 'it needs a condition'}"
            glue = f"Analyzer Type: {node.type} is not supported" if row.boolean else ""
            self.report.error("E-RULETYPE", span, message, hint="move it to Rules", glue=glue)
            return None
        if row.glue is TILTH:
            message = f"Glue's open grammar does not know {node.type}"
            self.report.extension("W-NOT-IN-GLUE", span, message, strictly="E-RULETYPE", glue=invalid)
        elif (row.glue if is_rule else row.analyzer) in (NEXT, TILTH):
            what = "" if is_rule else "the analyzer "
            self.report.warn("W-NOT-IN-GLUE", span, f"Glue's documentation does not list {what}{node.type}")
        return row

    def form(self, rule: syntax.Rule, row: RuleType) -> Form | None:
        """The form that was written. With a wrong number of parameters it is the only one there is, if there is only one."""
        given = len(rule.parameters)
        form = row.form(given)
        if form:
            return form
        most = max((form.most or 0) for form in row.forms)
        span = rule.parameters[most].span if given > most else _name_span(rule)
        bare = [parameter.raw for parameter in rule.parameters if not parameter.style]
        hint = next((f"is a comma missing before {word}?" if word in RULE_TYPES else miswritten(word) for word in bare), "")
        takes, section = joined([form.count for form in row.forms], "or"), type(rule).__name__
        glue = f"{section} Type: {rule.type} is not valid"
        self.report.error("E-ARITY", span, f"{rule.type} takes {takes}, not {given}", accepted=row.usage, hint=hint, glue=glue)
        return row.forms[0] if len(row.forms) == 1 else None

    # Conditions

    def condition(self, rule: syntax.Rule, row: RuleType, form: Form) -> None:
        condition, families = rule.condition, form.families
        kind = "boolean" if not families else families[0]
        glue = f"Unexpected condition for rule of type {rule.type} with {kind} return type"
        if condition is None:
            if not form.bare:
                message = f"{rule.type} needs a {joined(families, 'or')} condition"
                self.report.error("E-CONDITION", _name_span(rule), message, accepted=row.usage, glue=glue)
        elif not families:
            message = f"{rule.type} takes no condition"
            self.report.error("E-CONDITION", condition.span, message, accepted=row.usage, glue=glue)
        elif condition.family not in families:
            message = f"{rule.type} takes a {joined(families, 'or')} condition, not a {condition.family} condition"
            hint = "give a unit: days, hours or minutes" if (families, condition.family) == (("duration",), "number") else ""
            self.report.error("E-CONDITION", condition.span, message, accepted=row.usage, hint=hint, glue=glue)
        elif condition.family == "number" and "size" in families:
            self.whole_numbers(condition)
        elif condition.family == "number" and not row.dynamic:
            self.plain_numbers(condition, rule)

    def whole_numbers(self, condition: syntax.Condition) -> None:
        for operand in condition.operands:
            if not (isinstance(operand, syntax.Literal) and operand.integer):
                accepted = "a whole number of bytes, or a number and B, KB, MB, GB or TB"
                self.report.error("E-CONDITION", operand.span, f"{operand} is not a size", accepted=accepted)

    def plain_numbers(self, condition: syntax.Condition, rule: syntax.Rule) -> None:
        for call in filter(None, (next((part for part in walk(n) if isinstance(part, syntax.Call)), None) for n in numbers(condition))):
            glue = f"[{rule.type}] rule only supports simple atomic operands in thresholds."
            message = f"{rule.type} is compared with plain numbers, not with the history"
            self.report.error("E-CONDITION", call.span, message, glue=glue)

    def operands(self, condition: syntax.Condition, rule: syntax.Rule, row: RuleType) -> None:
        """Check for meaningless NULLs, invalid dates, and unknown functions."""
        in_set = condition is rule.condition and row.null_operands and condition.operator in ("=", "!=", "in")
        for operand in condition.operands:
            match operand:
                case syntax.Day() | syntax.Clock() | syntax.Now():
                    self.date(operand)
                case syntax.Keyword("NULL") if condition.family == "date" and condition.operator not in ("=", "!=", "in"):
                    self.null(operand.span)
        for number in numbers(condition) if condition.family == "number" else ():
            for part in walk(number):
                if isinstance(part, syntax.Call) and part.function in NOT_IN_GLUE:
                    self.report.warn("W-NOT-IN-GLUE", part.span, f"Glue's documentation does not list the function {part.function}")
                if isinstance(part, syntax.Null) and not (in_set and number is part):
                    self.null(part.span)
            reason = misuse(number)
            if reason and not isinstance(reason.node, syntax.Null):
                name = reason.node.function if isinstance(reason.node, syntax.Call) else ""
                hint = self.report.near(name, FUNCTIONS) if name not in FUNCTIONS else ""
                self.report.warn("W-UNJUDGED", reason.node.span, reason.reason, hint=hint, glue=reason.glue)

    def null(self, span: Span) -> None:
        accepted = 'ColumnValues "column" = NULL, and !=, in, not in'
        self.report.error("E-NULL-OPERAND", span, "NULL is neither more nor less than anything", accepted=accepted)

    def date(self, operand: syntax.Day | syntax.Clock | syntax.Now) -> None:
        try:
            match operand:
                case syntax.Day():
                    day(operand.raw)
                case syntax.Clock():
                    clock(operand.raw)
                case syntax.Now() if abs(operand.seconds) > FARTHEST_DAYS * 86_400:
                    self.report.error("E-DATE", operand.span, "the calendar ends before that", accepted=f"up to {FARTHEST_DAYS} days")
        except ValueError:
            accepted = "a day of the calendar" if isinstance(operand, syntax.Day) else "00:00 to 23:59, or 1:00 to 12:59 AM or PM"
            self.report.error("E-DATE", operand.span, f"there is no {operand}", accepted=accepted)

    # Clauses

    def where(self, rule: syntax.Rule, row: RuleType) -> None:
        if rule.where is None:
            return
        span, text = rule.where.span, rule.where.pattern
        if not row.where:
            glue = f"Where clause is not supported for rule type: {rule.type}"
            self.report.error("E-WHERE", span, f"{rule.type} takes no `where`", hint=row.instead_of_where, glue=glue)
        if not text.strip():
            glue = f"Empty where condition provided for rule type: {rule.type}"
            self.report.error("E-WHERE", span, "the where is empty", glue=glue)
        elif SUB_QUERY.search(QUOTED_SQL.sub(" ", text)):
            hint = "CustomSql can have sub-queries and window functions"
            self.report.error("E-WHERE-SUBQUERY", span, "a where looks at one row: no sub-query, no window function", hint=hint)

    def threshold(self, rule: syntax.Rule, row: RuleType) -> None:
        if rule.threshold is None:
            return
        span, glue = rule.threshold.span, f"Threshold condition not supported for rule type: {rule.type}"
        if row.threshold is NO:
            takers = listed(name for name, known in RULE_TYPES.items() if known.threshold is GLUE)
            self.report.error("E-THRESHOLD", span, f"{rule.type} takes no threshold", accepted=takers, glue=glue)
        elif row.threshold is TILTH:
            message = f"Glue knows no threshold for {rule.type}"
            self.report.extension("W-NOT-IN-GLUE", span, message, strictly="E-THRESHOLD", glue=glue)

    def tags(self, rule: syntax.Rule, row: RuleType) -> None:
        seen: dict[str, syntax.Tag] = {}
        for tag in rule.tags:
            if tag.name in seen:
                self.report.warn("W-UNUSED", seen[tag.name].span, f"{tag.name} is set again; this one has no effect")
            seen[tag.name] = tag
            if tag.name not in TAG_VALUES:
                hint = self.report.near(tag.name, ["threshold", *TAG_VALUES])
                message, accepted = f"there is no tag {tag.name}: it is ignored", listed(row.tags)
                self.report.warn("W-NOT-IN-GLUE", tag.span, message, accepted=accepted, hint=hint)
                continue
            fits, accepted = TAG_VALUES[tag.name]
            if not fits(tag):
                self.report.error("E-TAG", tag.value.span, f"{tag.name} cannot be {tag.value}", accepted=accepted)
            why = f"{rule.type} has no use for it" if tag.name not in row.tags else useless(tag, rule)
            if why:
                self.report.warn("W-UNUSED", tag.span, f"the tag {tag.name} has no effect: {why}")

    # Parameters

    def references(self, rule: syntax.Rule) -> None:
        """Check the use of variables."""
        for parameter in rule.parameters:
            if parameter.style == "$":
                self.reference(parameter.raw, parameter.span, as_text=True)
        if (condition := rule.condition) is None:
            return
        for operand in condition.operands:
            if isinstance(operand, syntax.Reference):
                known = self.reference(operand.name, operand.span, as_text=condition.operator != "in")
                if known and self.report.strict and (condition.operator != "in" or len(condition.operands) > 1):
                    self.report.error("E-VARIABLE", operand.span, "Glue fails on a variable here", accepted=f"in ${operand.name}")

    def reference(self, name: str, span: Span, *, as_text: bool) -> bool:
        """Whether a variable of that name and kind is defined."""
        variable = self.variables.get(name)
        self.used.add(name)
        if variable is None:
            define = f'define it before the rules: {name} = "…", or [ "…", "…" ]'
            hint, glue = self.report.near(name, self.variables) or define, f"Variable not found: {name}"
            self.report.error("E-VARIABLE", span, f"there is no variable {name}", accepted=listed(self.variables), hint=hint, glue=glue)
        elif as_text and (variable.listed or isinstance(variable.values[0], syntax.Keyword)):
            kind = "a list" if variable.listed else str(variable.values[0])
            message, glue = f"{name} is {kind}, and a string is expected here", f"Invalid variable type for '{name}': expected STRING"
            self.report.error("E-VARIABLE", span, message, hint="lists go with in and not in", glue=glue)
        else:
            return True
        return False

    def parameters(self, rule: syntax.Rule, row: RuleType) -> None:
        """Check the content of parameters: aliases, mappings, aggregates, and watched metrics."""
        for index, parameter in enumerate(rule.parameters):
            look, text = PARAMETER_CHECKS.get(row.kind(index)), self.parameter_text(parameter)
            if look and text is not None:
                look(self, text, parameter.span)

    def parameter_text(self, parameter: syntax.Parameter) -> str | None:
        if parameter.style != "$":
            return parameter.text.name
        variable = self.variables.get(parameter.raw)
        value = variable.values[0] if variable and not variable.listed else None
        return value.name if isinstance(value, syntax.Text) else None

    def alias(self, name: str, span: Span) -> None:
        if (self.ruleset.primary or self.ruleset.sources) and name not in self.aliases:
            hint = self.report.near(name, self.aliases)
            self.report.warn("W-ALIAS", span, f"DataSources does not name {name}", accepted=self.known_aliases, hint=hint)

    def reference_columns(self, text: str, span: Span) -> None:
        alias, _ = split_reference(text)
        if alias:
            self.alias(alias, span)
        else:
            self.report.warn("W-UNJUDGED", span, f"{shown(text)!r} names no table", accepted="alias.column, alias.{column,column}")

    def mapping(self, text: str, span: Span) -> None:
        with self.unjudged(span):
            split_mapping(text)

    def aggregate(self, text: str, span: Span) -> None:
        with self.unjudged(span):
            function, alias, _ = split_aggregate(text)
            if function not in ("sum", "avg"):
                self.report.warn("W-NOT-IN-GLUE", span, f"Glue knows only sum and avg here, not {function}")
            if alias:
                self.alias(alias, span)

    @contextmanager
    def unjudged(self, span: Span) -> Iterator[None]:
        """Add an error that means that the rule can only end as Error."""
        try:
            yield
        except RulesError as error:
            for mistake in error.mistakes:
                self.report.warn("W-UNJUDGED", span, mistake.message, accepted=mistake.accepted)

    def metric(self, name: str, span: Span) -> None:
        watchable = [known.name for known in RULE_TYPES.values() if known.watchable]
        if name not in watchable and respelled(name) != "CustomSql":
            hint = self.report.near(name, watchable)
            self.report.error("E-RULETYPE", span, f"{name} cannot be watched", accepted=listed(watchable, 20), hint=hint)


PARAMETER_CHECKS: dict[str, Callable[[_Validation, str, Span], None]] = {
    "alias": _Validation.alias,
    "reference": _Validation.reference_columns,
    "mapping": _Validation.mapping,
    "aggregate": _Validation.aggregate,
    "metric": _Validation.metric,
}


def _name_span(rule: syntax.Rule) -> Span:
    return Span(rule.span.start, rule.span.start + len(rule.type))
