"""Rules that hold for inspected data, each with its evidence, for drafts of flows and recommended rulesets."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, localcontext
from itertools import groupby
from typing import Any

from tilth.data import Kind
from tilth.data.names import names_postcode, snake
from tilth.drafting.summary import FEW, MANY, ColumnSummary
from tilth.engine.user_sql.writing import fits_rule, identifier, rule_sql, rule_string
from tilth.metrics.intervals import wilson_interval
from tilth.report.blocks import counted
from tilth.rules.language.tokens import TEXT, tokenize

WIDTH = 120  # characters of a line of rules, and of a string that is listed
LEAST_COMPLETE = 0.2  # share of values that rules for a column require
UNIQUE = 0.95
SEEN_ONCE, OFTEN_SEEN_ONCE = 0.1, 0.4  # of the distinct values, as shares: a closed list, and one with exceptions
COVERED = 0.9  # share of rows that listed values must cover if there are exceptions
OF_A_CLOCK = {"month": (1, 12), "day": (1, 31), "hour": (0, 23), "minute": (0, 59)}  # there are no others, whatever was seen
FEWEST_DAYS = 10  # of a series of days
MARGIN = Decimal("0.1")  # of the range of numbers, on either side


@dataclass(frozen=True)
class Proposal:
    """A rule in DQDL, the evidence for it, and its column, if it is about one."""

    rule: str
    evidence: str
    column: str = ""


def proposals(seen: Sequence[ColumnSummary], ids: Collection[str]) -> Iterator[Proposal]:
    """The rules that hold for a table, by its column summaries. `ids` identify rows. Values of private columns are not shown."""
    if rows := seen[0].rows:
        yield Proposal(f"RowCount between {rows // 2} and {math.ceil(rows * 1.5)}", f"{rows:,} rows")
    yield Proposal(f"ColumnCount = {len(seen)}", "all columns")
    for s in seen:
        if fits_rule(s.name):
            for rule, evidence in _of_column(s, s.name in ids):
                yield Proposal(rule, evidence, s.name)


def rule_lines(seen: Sequence[ColumnSummary], ids: Collection[str]) -> list[str]:
    """The rules without their evidence, those of one column on one line if they fit, separated by commas."""
    lines: list[str] = []
    for _, group in groupby(proposals(seen, ids), lambda p: p.column):
        first, *others = (p.rule for p in group)
        lines.append(first)
        for rule in others:
            if len(lines[-1]) + len(rule) < WIDTH:
                lines[-1] += f", {rule}"
            else:
                lines.append(rule)
    return [f"{line}," for line in lines[:-1]] + lines[-1:]


Rule = tuple[str, str]  # with its evidence


def _of_column(s: ColumnSummary, is_key: bool) -> Iterator[Rule]:
    name = rule_string(s.name)
    identifies = is_key or s.counts_up or (s.near_unique and not names_postcode(s.name))  # many are seen once by chance
    if is_key and s.unique:
        yield f"IsPrimaryKey {name}", f"{s.distinct:,} distinct values"
    else:
        yield from _presence(s, name)
        yield from _uniqueness(s, name) if identifies or _is_daily(s) else ()
    if not s.present or s.nested:
        return
    where = f" where {rule_sql(f'{identifier(s.name)} is not null')}" if s.missing > s.blank else ""
    if s.private:
        if s.kind is Kind.STRING and not s.blank:
            yield f"ColumnValues {name} != EMPTY", "none seen"
            yield f"ColumnValues {name} != WHITESPACES_ONLY", "none seen"
    elif s.whole and snake(s.name).split("_")[-1] == "year":
        yield f"ColumnValues {name} >= {s.low:.0f}{where}", f"{_span(s.low, s.high)}, and years go on"
    elif not (identifies or s.separator) and (listed := _listed(s, name)):
        yield f"{listed[0]}{where}{listed[1]}", listed[2]
    elif s.reads_as:
        yield f'ColumnDataType {name} = "{s.reads_as}"{where}', f"{s.present:,} strings that read as such"
        if s.shortest == s.longest and s.reads_as in ("Integer", "Long"):  # a code, such as 01067
            yield f"ColumnLength {name} = {s.longest}{where}", f"{s.longest} characters"
    elif s.kind is Kind.STRING:
        yield f"ColumnLength {name} {_between(s.shortest, s.longest)}{where}", f"{_span(s.shortest, s.longest)} characters"
        if not s.blank:
            yield f"ColumnValues {name} != WHITESPACES_ONLY", "none seen"
    elif s.kind.numeric and not (identifies or s.infinite or None in (s.low, s.high)):
        yield from _bounds(s, name, where)


def _bounds(s: ColumnSummary, name: str, where: str) -> Iterator[Rule]:
    least, most = OF_A_CLOCK.get(snake(s.name), (1, 0))
    if least <= s.low <= s.high <= most:
        yield f"ColumnValues {name} between {least - 1} and {most + 1}{where}", _span(s.low, s.high)
        return
    low_bound, high_bound = widened(*((int(s.low), int(s.high)) if s.whole else (s.low, s.high)))
    if s.low >= 0 >= float(low_bound):
        yield f"ColumnValues {name} >= 0{where}", f"from {s.low}"
        yield f"ColumnValues {name} <= {high_bound}{where}", f"to {s.high}"
    else:
        yield f"ColumnValues {name} between {low_bound} and {high_bound}{where}", _span(s.low, s.high)


def _is_daily(s: ColumnSummary) -> bool:
    """Whether its days are as dense as in a time series. Dates of birth may also be distinct, by chance, but are less dense."""
    return s.kind is Kind.DATE and s.rows >= FEWEST_DAYS and s.unique and (s.high - s.low).days < 2 * s.rows


def _span(low: Any, high: Any) -> str:
    return f"{low}" if low == high else f"{low} to {high}"


def _between(low: int, high: int) -> str:
    """The condition of an integer that is from `low` to `high`."""
    if low == high:
        return f"= {high}"
    return f"between {low - 1} and {high + 1}" if low else f"<= {high}"


def _presence(s: ColumnSummary, name: str) -> Iterator[Rule]:
    there = s.present + s.blank  # a blank string is a value
    if there == s.rows and s.rows:
        yield f"IsComplete {name}", f"{s.rows:,} values"
    elif there > LEAST_COMPLETE * s.rows and (share := _at_least(there, s.rows)):
        yield f"Completeness {name} >= {share}", f"{there:,} values in {s.rows:,} rows"
    if s.blank and (share := _at_least(s.rows - s.blank, s.rows)) > LEAST_COMPLETE:
        rule = f"ColumnValues {name} not in [EMPTY,WHITESPACES_ONLY] with threshold >= {share}"
        yield rule, f"{s.blank:,} of {s.rows:,} values {'is' if s.blank == 1 else 'are'} blank"


def _uniqueness(s: ColumnSummary, name: str) -> Iterator[Rule]:
    if s.unique:
        yield f"IsUnique {name}", f"{s.distinct:,} distinct values"
    elif s.full and s.exact and 2 * s.distinct - s.rows > UNIQUE * s.rows:  # at least this many values occur once
        yield f"Uniqueness {name} > {UNIQUE}", f"{s.distinct:,} distinct values in {s.rows:,} rows"


def _listed(s: ColumnSummary, name: str) -> tuple[str, str, str] | None:
    """The rule that lists the values, its threshold, and the evidence; None where values are too many, too long, or often seen once.

    Integers, also written as floats, are listed if they are codes, or consecutive.
    """
    if not 0 < s.distinct == len(s.top) <= MANY:
        return None
    once = sum(n == 1 for _, n in s.top) / s.distinct
    if s.whole:
        closed = s.coded or (s.distinct <= FEW and s.high - s.low + 1 == s.distinct)
        listable = closed and once <= SEEN_ONCE
    else:
        readable = s.kind is Kind.STRING and not (s.ambiguous or s.blank) and s.longest <= WIDTH
        listable = readable and once <= OFTEN_SEEN_ONCE and all(_is_plain(v) for v, _ in s.top)
    if not listable:
        return None
    listed, covered = list[Any](), 0
    for value, n in s.top:
        if once > SEEN_ONCE and covered >= COVERED * s.present:
            break
        listed.append(value)
        covered += n
    rule = f"ColumnValues {name} in [{','.join(map(_written, sorted(listed)))}]"
    if once <= SEEN_ONCE:
        rarest = counted(s.top[-1][1], "row")
        return rule, "", f"{s.distinct:,} values, the rarest in {rarest}" if s.distinct > 1 else f"one value, in {rarest}"
    evidence = f"{len(listed):,} of {s.distinct:,} values, in {covered:,} of {s.present:,} rows"
    return rule, f" with threshold >= {_at_least(covered, s.present)}", evidence


def _is_plain(text: str) -> bool:
    """Whether a string can be listed in a rule. One like a day or a time of day would be read as such."""
    return fits_rule(text) and tokenize(rule_string(text))[0][0].kind == TEXT


def _written(value: Any) -> str:
    return rule_string(value) if isinstance(value, str) else f"{value:.0f}" if isinstance(value, float) else str(value)


def _at_least(count: int, rows: int) -> float:
    """The lower end of the 95 % interval of a share, rounded down to hundredths."""
    return math.floor(wilson_interval(count, rows)[0] * 100) / 100


def widened(low: int | float | Decimal, high: int | float | Decimal) -> tuple[str, str]:
    """A range of numbers that is wider by a tenth on either side, rounded outwards; without exponents, which rules do not support.

    >>> widened(17, 90), widened(2001, 2019), widened(0.25, 0.75), widened(7.5, 7.5), widened(0.0, 1.99e-10)
    (('9', '98'), ('1999', '2021'), ('0.2', '0.8'), ('6.7', '8.3'), ('-0.00000000002', '0.00000000022'))
    """
    a, b = (Decimal(repr(x)) if isinstance(x, float) else Decimal(x) for x in (low, high))
    with localcontext(prec=100):
        spread = b - a or abs(a) or Decimal(1)
        margin = max(spread * MARGIN, max(abs(a), abs(b)) / 10**12)  # the latter so that bounds differ as doubles, too
        step = Decimal(1).scaleb(margin.adjusted() if isinstance(low, float | Decimal) else max(margin.adjusted(), 0))
        ends = ((a - margin) / step).to_integral(ROUND_FLOOR) * step, ((b + margin) / step).to_integral(ROUND_CEILING) * step
        lower, upper = (f"{end.normalize():f}" if end else "0" for end in ends)
    return lower, upper
