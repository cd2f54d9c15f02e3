"""Type inference: decides the kind of a string column over all rows.

A column has a kind only if the cast loses nothing in any of its strings: `007`, `+49` and integers beyond 64 bits stay strings, `0` and `1`
are integers, and only `true` and `false` are booleans. The head of a file cheaply rules kinds out. The remaining kind is verified on all
rows while they are decoded, which stops at the first string that contradicts it. Only then does a separate scan count the strings that
contradict each kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise

from sqlglot.expressions import Expression as Tree

from tilth.data import Change, Dataset, Kind
from tilth.engine.expressions import case, coalesce, col, if_else, is_null, lit, not_
from tilth.engine.operations.casts import CONTRADICTION, DATE, INSTANT, TIMESTAMP, FitsForm, IsToken, StringToBoolean
from tilth.engine.operations.rows import Refuse
from tilth.engine.operations.strings import BLANKS
from tilth.engine.session import Session
from tilth.engine.statistics import count
from tilth.formats.decode import CASTS, cell, is_token

EXPONENT = r"[eE][+-]?[0-9]+"
FORMS: dict[Kind, str] = {
    Kind.INTEGER: r"-?(?:0|[1-9][0-9]{0,18})",
    # an integer among floats has at most 15 digits, because more do not fit a double
    Kind.FLOAT: rf"-?(?:0|[1-9][0-9]{{0,14}}|(?:0|[1-9][0-9]*)?\.[0-9]+(?:{EXPONENT})?|(?:0|[1-9][0-9]*)(?:\.{EXPONENT}|{EXPONENT}|\.))",
    Kind.BOOLEAN: "[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]",
    Kind.DATE: DATE,
    Kind.TIMESTAMP: TIMESTAMP,
    Kind.TIMESTAMP_TZ: INSTANT,
}
NEVER_TOO_LARGE = {Kind.INTEGER: 18, Kind.FLOAT: 300}  # a number without exponent of up to this length fits 64 bits or a double
END = "\x1f"  # terminates each of many joined values; no form contains it
NOTHING = ("", "?", "n/a", "na", "nan", "null", "none")  # strings that suggest neither a name nor a value


@dataclass(frozen=True)
class Guess:
    """The possible kinds of a column according to its first rows, narrowest first. `seen`: whether there was any value."""

    kinds: tuple[Kind, ...]
    seen: bool


def guess(values: Iterable[str], nulls: Iterable[str] = ()) -> Guess:
    """The kinds that all given values of a column fit.

    >>> guess(["1", " 2", ""]).kinds
    (<Kind.INTEGER: 'integer'>, <Kind.FLOAT: 'float'>)
    """
    tokens = ["", *nulls]
    longest, is_missing = max(map(len, tokens)), IsToken.prepared(*tokens)
    known = [v for v in dict.fromkeys(v.strip(BLANKS) for v in dict.fromkeys(values)) if len(v) > longest or not is_missing(v)]
    joined = END.join([*known, ""])
    return Guess(tuple(kind for kind in FORMS if joined.count(END) == len(known) and _fit(known, joined, kind)), bool(known))


def values_in_header(rows: Sequence[Sequence[str]]) -> list[str]:
    """The cells of the first row that look like values rather than names, compared with the other rows.

    A number or date above numbers or dates looks like a value, and so does a word that occurs again in its column. If any word is above
    numbers or dates, the row is a header and no cell looks like a value. Consecutive numbers, such as years or 0, 1, 2, are names.

    >>> values_in_header([["31", "cook"], ["50", "cook"]]), values_in_header([["age", "job"], ["31", "cook"], ["50", "cook"]])
    (['31', 'cook'], [])
    >>> values_in_header([["land", "2019", "2020"], ["Chad", "7", "8"], ["Fiji", "3", "9"]])
    []
    """
    if len(rows) < 2:
        return []
    numbers, others = list[str](), list[str]()
    for i, top in enumerate(rows[0]):
        values = [row[i] for row in rows[1:] if len(row) > i]
        column = guess(values, NOTHING)
        if top.strip().casefold() in NOTHING or not column.seen:
            continue
        kinds = guess([top]).kinds
        if column.kinds and not kinds:
            return []
        if column.kinds or top in values:
            (numbers if column.kinds and kinds[0] in (Kind.INTEGER, Kind.FLOAT) else others).append(top)
    counting = len(numbers) > 1 and all(float(b) - float(a) == 1 for a, b in pairwise(numbers))
    return numbers + others if others or not counting else []


def names_below(rows: Sequence[Sequence[str]]) -> int | None:
    """The index of the row with the names, if title lines are above it; None if the first row may have the names.

    A title fills at most half as many cells as the names. If it has fewer cells, a column must exist that has digits in all its values.
    A row in which only the first cell is empty has the names, the first for the numbers of rows.

    >>> names_below([["Sales of May", "", ""], ["", "", ""], ["no", "city", "sum"], ["1", "Oslo", "7.5"], ["2", "Rome", "3.5"]])
    2
    >>> names_below([["", "city"], ["1", "Oslo"], ["2", "Rome"]])
    """
    if rows and [bool(cell.strip()) for cell in rows[0]] == [False, *[True] * (len(rows[0]) - 1)] and len(rows[0]) > 1:
        return None
    filled = [sum(bool(cell.strip()) for cell in row) for row in rows]
    width = sorted(filled)[len(filled) // 2] if rows else 0
    at = next((i for i, n in enumerate(filled) if n >= max(width, 2) and n == len(rows[i])), 0)
    below = rows[at + 1 :]
    if not at or len({len(row) for row in rows[at:]}) > 1 or any(2 * n > width for n in filled[:at]) or values_in_header(rows[at:]):
        return None
    digits = ([any(c.isdigit() for c in row[i]) for row in below if row[i].strip()] for i in range(len(rows[at])))
    return at if len(rows[0]) == len(rows[at]) or any(column and all(column) for column in digits) else None


def assumed(guesses: Mapping[str, Guess]) -> dict[str, Kind]:
    """Column → the first kind of its guess; string if no value was seen."""
    return {name: g.kinds[0] if g.seen and g.kinds else Kind.STRING for name, g in guesses.items()}


def verifying(decode: Change, guesses: Mapping[str, Guess], nulls: Iterable[str], stated: Mapping[str, Kind]) -> Change:
    """A decoding that stops the query at the first string that contradicts the assumed or `stated` kind of its column."""
    columns = {n: _verified(col(n), made, guesses[n], nulls) if n in guesses else made for n, made in decode.columns}
    values = {n: coalesce(CASTS[kind].of(col(n)), case(_stop(col(n), nulls))) for n, kind in stated.items()}
    columns |= {n: cell(col(n), kind, tuple(nulls), values[n]) for n, kind in stated.items()}
    return replace(decode, columns=tuple(columns.items()))


def _stop(x: Tree, nulls: Iterable[str]) -> tuple[Tree, Tree]:
    """The branch of a CASE that stops the query at a string that is not missing."""
    return not_(_token(x, nulls)), Refuse.of(lit(CONTRADICTION))


def _verified(x: Tree, made: Tree | None, guess: Guess, nulls: Iterable[str]) -> Tree | None:
    if made is None or (guess.seen and not guess.kinds):
        return made
    stop = _stop(x, nulls)
    if not guess.seen:
        return case(stop, otherwise=made)
    kind = guess.kinds[0]
    form = lit(FORMS[kind])
    value = if_else(FitsForm.of(x, form), StringToBoolean.of(x)) if kind is Kind.BOOLEAN else CASTS[kind].of(x, form)
    return cell(x, kind, tuple(nulls), coalesce(value, case(stop)))


def inferred(raw: Dataset, guesses: Mapping[str, Guess], nulls: Iterable[str], engine: Session) -> dict[str, Kind]:
    """Column → its kind over all rows of a table of strings: the first kind of its guess that no value contradicts, otherwise string.

    A column without values is a string column. It takes one scan.
    """
    nulls = tuple(nulls)
    known = {name: count(not_(_token(col(name), nulls))) for name in guesses}
    asked = {name: {kind: count(contradicts(col(name), kind, nulls)) for kind in g.kinds} for name, g in guesses.items()}
    counts = engine.answer(raw, [*known.values(), *(s for of in asked.values() for s in of.values())])
    holding = {name: [kind for kind, s in of.items() if counts[known[name]] and not counts[s]] for name, of in asked.items()}
    return {name: kinds[0] if kinds else Kind.STRING for name, kinds in holding.items()}


def contradicts(x: Tree, kind: Kind, nulls: Iterable[str]) -> Tree:
    """Whether a string cannot be converted to a kind without loss. False for null tokens, null for null."""
    return if_else(FitsForm.of(x, lit(FORMS[kind])), is_null(CASTS[kind].of(x)), not_(_token(x, nulls)))


def _token(x: Tree, nulls: Iterable[str]) -> Tree:
    return is_token(x, ("", *nulls))


def _fit(values: Sequence[str], joined: str, kind: Kind) -> bool:
    """Whether all stripped values can be converted to a kind without loss. `joined`: all of them, each followed by `END`."""
    row = CASTS[kind].row
    if row is None or _forms(kind).fullmatch(joined) is None:
        return False
    if (sure := NEVER_TOO_LARGE.get(kind, 0)) and "e" not in joined and "E" not in joined:
        values = [v for v in values if len(v) > sure]
    return all(row(v) is not None for v in values)


@cache
def _forms(kind: Kind) -> re.Pattern[str]:
    """The pattern of many joined values of a kind. Matching them at once takes a fifth of the time."""
    return re.compile(f"(?:(?:{FORMS[kind]}){END})*+")
