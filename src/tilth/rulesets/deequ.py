"""Constraints of Deequ: the JSON of its suggestions, which holds the code of each constraint, in Scala or Python."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tilth.engine.user_sql.writing import identifier, rule_sql, rule_string
from tilth.rulesets.check import Check, Converter
from tilth.rulesets.writing import Arguments, Unsupported, column_name, custom_sql, found, limits, members, number, present, rows_meet

SUGGESTIONS, CODE = "constraint_suggestions", "code_for_constraint"
CALL = re.compile(r"\s*\.?(?P<name>\w+)\((?P<arguments>.*)\)\s*", re.DOTALL)
STRING = r'"(?:[^"\\]|\\.)*"'
NUMBER = r"-?[0-9]+(?:\.[0-9]+)?"
ARGUMENT = re.compile(
    rf"""\s*(?:
      (?P<string>{STRING})(?:\.r)?
    | (?:_|lambda\s+(?P<x>\w+)\s*:\s*(?P=x))\s*(?P<operator>>=|<=|==|!=|>|<)\s*(?P<limit>{NUMBER})
    | (?:Array\(|Seq\(|\[)(?P<values>(?:[^()\[\]"]|{STRING})*)[)\]]
    | (?P<hint>Some\(\s*{STRING}\s*\)|None)
    | ConstrainableDataTypes\.(?P<type>\w+)
    | (?P<number>{NUMBER})
    )\s*(?:,|$)""",
    re.VERBOSE | re.DOTALL,
)
DIFFERS = {"hasApproxCountDistinct": "distinct values are counted, not estimated"}
TYPES = {"Integral": "Long", "Fractional": "Double", "Numeric": "Double", "Boolean": "Boolean"}


@dataclass
class Call:
    """The arguments of a constraint. `condition` is its assertion in DQDL; a string behind that, or in `Some`, is a hint."""

    strings: list[str] = field(default_factory=list)
    numbers: list[float] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    type: str = ""
    condition: str = ""

    def columns(self, count: int) -> list[str]:
        """Exactly this many columns."""
        given = self.strings or self.values
        if len(given) != count:
            raise Unsupported(f"it has {len(given)} strings, where the names of {count} columns are expected")
        return [column_name(text) for text in given]

    def asserted(self) -> str:
        """The assertion, without which there is nothing to compare."""
        if not self.condition:
            raise Unsupported("it has no assertion that could be read")
        return self.condition


def _recognises(given: Any) -> bool:
    return isinstance(given, dict) and isinstance(given.get(SUGGESTIONS), list)


def _checks(given: Mapping[str, Any]) -> Iterator[Check]:
    for i, suggestion in enumerate(given[SUGGESTIONS]):
        code = suggestion.get(CODE) if isinstance(suggestion, dict) else None
        yield Check(f"suggestion {i + 1}, {code}", partial(rules_in, str(code)), notes=notes_on(str(code)))


def notes_on(code: str) -> tuple[str, ...]:
    """How the rules of a constraint may differ from it."""
    return tuple(differs for name, differs in DIFFERS.items() if f"{name}(" in code)


def rules_in(code: str) -> list[str]:
    """The rules of a constraint, by its code. Errors: `Unsupported`."""
    called = CALL.fullmatch(code)
    if not called or called["name"] not in CONSTRAINTS:
        raise Unsupported("no rule says this")
    return CONSTRAINTS[called["name"]](_call(called["arguments"]))


def _call(text: str) -> Call:
    call, at = Call(), 0
    while at < len(text.rstrip()):
        read = ARGUMENT.match(text, at)
        if not read:
            raise Unsupported(f"its argument {text[at:].strip()} cannot be read")
        at = read.end()
        if read["string"] and not call.condition:
            call.strings.append(_unquoted(read["string"]))
        elif read["operator"]:
            call.condition = f"{read['operator'].replace('==', '=')} {number(float(read['limit']))}"
        elif read["values"]:
            call.values = [_unquoted(s) for s in re.findall(STRING, read["values"])]
        elif read["type"]:
            call.type = read["type"]
        elif read["number"]:
            call.numbers.append(float(read["number"]))
    return call


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1])


def _rule(rule: str, columns: int, c: Call) -> list[str]:
    return [" ".join([rule, *map(rule_string, c.columns(columns)), c.asserted()])]


def _sql(sql: str, c: Call) -> list[str]:
    return [custom_sql(f"select {sql.format(identifier(c.columns(1)[0]))} from primary", c.asserted())]


def _plain(rule: str, c: Call) -> list[str]:
    _reject_share(c)
    return [f"{rule} {rule_string(c.columns(1)[0])}"]


def _reject_share(c: Call) -> None:
    if c.condition not in ("", "= 1"):
        raise Unsupported("no rule says this share")


def _values(condition: str, c: Call) -> list[str]:
    _reject_share(c)
    (column,) = c.columns(1)
    return [f"ColumnValues {rule_string(column)} {condition} where {rule_sql(present(column))}"]


def _contained(c: Call) -> list[str]:
    """Nulls count as contained, in the share as well."""
    (column,) = c.columns(1)
    if len(c.numbers) == 2:
        return [rule for limit in limits(c.numbers[0], c.numbers[1]) for rule in _values(limit, c)]
    return [f"ColumnValues {rule_string(column)} in {members(c.values)[:-1]},NULL]{_share(c)}"]


def _pattern(c: Call) -> list[str]:
    """A pattern that is found in the string. An empty match does not count, and null fails."""
    column, pattern = c.columns(2)
    try:
        may_be_empty = any(match and not match[0] for match in (re.search(pattern, text) for text in ("", "a")))
    except re.error as error:
        raise Unsupported(f"{pattern} is not a pattern that a rule can have") from error
    if may_be_empty:
        raise Unsupported(f"{pattern} matches the empty string, which does not count there")
    return [f"ColumnValues {rule_string(column)} matches {rule_sql(found(pattern))}{_share(c)}"]


def _share(c: Call) -> str:
    """The clause of the share of rows that is asserted; empty for all rows."""
    return f" with threshold {c.condition}" if c.condition not in ("", "= 1") else ""


def _type(c: Call) -> list[str]:
    if c.type not in TYPES:
        raise Unsupported(f"no rule says that values are of the type {c.type}")
    (column,) = c.columns(1)
    return [f'ColumnDataType {rule_string(column)} = "{TYPES[c.type]}" where {rule_sql(present(column))}']


def _unique(c: Call) -> list[str]:
    _reject_share(c)
    return [f"IsUnique {' '.join(rule_string(column_name(text)) for text in (*c.strings, *c.values))}"]


def _satisfies(c: Call) -> list[str]:
    """A named SQL condition. A row for which it is null fails."""
    if len(c.strings) != 2 or not (c.condition in ("", "= 1") or c.condition.startswith(">=")):
        raise Unsupported("it is not a condition with a name, and the share of rows that meet it at least")
    share = 1 if c.condition in ("", "= 1") else float(c.condition.removeprefix(">="))
    return rows_meet(Arguments({}), f"({c.strings[0]})", "", share)


def _pair(operator: str, c: Call) -> list[str]:
    _reject_share(c)
    one, other = map(identifier, c.columns(2))
    return rows_meet(Arguments({}), f"{one} {operator} {other}", "")


CONSTRAINTS: dict[str, Callable[[Call], list[str]]] = {
    "hasSize": partial(_rule, "RowCount", 0),
    "isComplete": partial(_plain, "IsComplete"),
    "hasCompleteness": partial(_rule, "Completeness", 1),
    "isUnique": partial(_plain, "IsUnique"),
    "isPrimaryKey": _unique,
    "hasUniqueness": partial(_rule, "Uniqueness", 1),
    "hasUniqueValueRatio": partial(_rule, "UniqueValueRatio", 1),
    "hasDistinctness": partial(_sql, "count(distinct {0}) / count({0})"),
    "hasApproxCountDistinct": partial(_rule, "DistinctValuesCount", 1),
    "hasNumberOfDistinctValues": partial(_rule, "DistinctValuesCount", 1),
    "isContainedIn": _contained,
    "isNonNegative": partial(_values, ">= 0"),
    "isPositive": partial(_values, "> 0"),
    "hasPattern": _pattern,
    "hasDataType": _type,
    "hasMin": partial(_sql, "min({})"),
    "hasMax": partial(_sql, "max({})"),
    "hasMinLength": partial(_sql, "min(length({}))"),
    "hasMaxLength": partial(_sql, "max(length({}))"),
    "hasMean": partial(_rule, "Mean", 1),
    "hasSum": partial(_rule, "Sum", 1),
    "hasStandardDeviation": partial(_rule, "StandardDeviation", 1),
    "hasEntropy": partial(_rule, "Entropy", 1),
    "hasCorrelation": partial(_rule, "ColumnCorrelation", 2),
    "satisfies": _satisfies,
    "isLessThan": partial(_pair, "<"),
    "isLessThanOrEqualTo": partial(_pair, "<="),
    "isGreaterThan": partial(_pair, ">"),
    "isGreaterThanOrEqualTo": partial(_pair, ">="),
}
CONVERTER = Converter("suggested constraints of Deequ", "suggestion", _recognises, _checks)
