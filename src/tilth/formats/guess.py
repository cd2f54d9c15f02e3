"""Which kind a column of texts holds: decided once, over all of its rows.

A column is of a kind only if every text in it is written like one, so that the cast loses nothing: `007`, `+49` and whole numbers beyond
64 bits stay text, `0` and `1` are integers, and only `true` and `false` are booleans. The head of a file can rule kinds out, cheaply; what
is left is proved on all rows, while they are read: the proof makes the same values as decoding and stops at the first text that
contradicts it. Only then the kinds are counted out, in a pass of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from sqlglot.expressions import Expression as Tree

from tilth.data import Change, Dataset, Kind
from tilth.engine.expressions import case, coalesce, col, if_else, is_null, lit, not_
from tilth.engine.operations import FitsForm, IsToken, Refuse, StringToBoolean
from tilth.engine.operations.casts import CONTRADICTION, DATE, INSTANT, TIMESTAMP
from tilth.engine.session import Session
from tilth.engine.statistics import Statistic, count
from tilth.formats.decode import CASTS, cell

EXPONENT = r"[eE][+-]?[0-9]+"
FORMS: dict[Kind, str] = {
    Kind.INTEGER: r"-?(?:0|[1-9][0-9]{0,18})",
    # a whole number among the floats has 15 digits at most: more do not fit a double
    Kind.FLOAT: rf"-?(?:0|[1-9][0-9]{{0,14}}|(?:0|[1-9][0-9]*)?\.[0-9]+(?:{EXPONENT})?|(?:0|[1-9][0-9]*)(?:\.{EXPONENT}|{EXPONENT}|\.))",
    Kind.BOOLEAN: "[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]",
    Kind.DATE: DATE,
    Kind.TIMESTAMP: TIMESTAMP,
    Kind.TIMESTAMP_TZ: INSTANT,
}


@dataclass(frozen=True)
class Guess:
    """The kinds, from the narrowest on, that a column may be of by its first rows; `seen`: whether there was any value to look at."""

    kinds: tuple[Kind, ...]
    seen: bool


def guess(values: Iterable[str], nulls: Iterable[str] = ()) -> Guess:
    """What some values of a column leave open.

    >>> guess(["1", " 2", ""]).kinds
    (<Kind.INTEGER: 'integer'>, <Kind.FLOAT: 'float'>)
    """
    tokens = ["", *nulls]
    there = [v for v in dict.fromkeys(values) if not IsToken.row(v, *tokens)]
    return Guess(tuple(kind for kind in FORMS if all(_fits(v, kind) for v in there)), bool(there))


def believed(guesses: Mapping[str, Guess]) -> dict[str, Kind]:
    """Column → the first kind of its guess; text where nothing was seen."""
    return {name: g.kinds[0] if g.seen and g.kinds else Kind.STRING for name, g in guesses.items()}


def proof(decode: Change, guesses: Mapping[str, Guess], nulls: Iterable[str]) -> Change:
    """The decoding, but it stops the query at the first string that contradicts what is believed of its column."""
    columns = ((n, _proved(col(n), made, guesses[n], nulls) if n in guesses else made) for n, made in decode.columns)
    return replace(decode, columns=tuple(columns))


def _proved(x: Tree, made: Tree | None, guess: Guess, nulls: Iterable[str]) -> Tree | None:
    if made is None or (guess.seen and not guess.kinds):
        return made
    stop = (not_(_token(x, nulls)), Refuse.of(lit(CONTRADICTION)))
    if not guess.seen:
        return case(stop, otherwise=made)
    kind = guess.kinds[0]
    form = lit(FORMS[kind])
    value = if_else(FitsForm.of(x, form), StringToBoolean.of(x)) if kind is Kind.BOOLEAN else CASTS[kind].of(x, form)
    return cell(x, kind, tuple(nulls), coalesce(value, case(stop)))


def decided(raw: Dataset, guesses: Mapping[str, Guess], nulls: Iterable[str], engine: Session) -> dict[str, Kind]:
    """Column → its kind, over all rows of a table of texts: the first kind of its guess that no value contradicts, else text.

    A column without any value is text. One scan where the first guesses hold.
    """
    nulls = tuple(nulls)
    kinds = dict.fromkeys(guesses, Kind.STRING)
    waiting = {name: g for name, g in guesses.items() if g.kinds}
    while waiting:
        asked = {
            (name, kind): count(contradicts(col(name), kind, nulls))
            for name, g in waiting.items()
            for kind in (g.kinds[:1] if g.seen else g.kinds)
        }
        there = {name: present(col(name), nulls) for name, g in waiting.items() if not g.seen}
        found = engine.answer(raw, [*asked.values(), *there.values()])
        for name, g in list(waiting.items()):
            tried = g.kinds[:1] if g.seen else g.kinds
            holds = next((k for k in tried if found[asked[name, k]] == 0), None)
            if holds and (g.seen or found[there[name]]):
                kinds[name] = holds
            if holds or len(tried) == len(g.kinds):
                del waiting[name]
            else:
                waiting[name] = Guess(g.kinds[1:], g.seen)
    return kinds


def contradicts(x: Tree, kind: Kind, nulls: Iterable[str]) -> Tree:
    """Whether a text that is there is not written like a kind; null where it is null."""
    return if_else(FitsForm.of(x, lit(FORMS[kind])), is_null(CASTS[kind].of(x)), not_(_token(x, nulls)))


def present(x: Tree, nulls: Iterable[str]) -> Statistic:
    """The number of texts that are there: not null, not blank and no null token."""
    return count(not_(_token(x, nulls)))


def _token(x: Tree, nulls: Iterable[str]) -> Tree:
    return IsToken.of(x, lit(""), *(lit(t) for t in nulls))


def _fits(value: str, kind: Kind) -> bool:
    row = CASTS[kind].row
    return FitsForm.row(value, FORMS[kind]) and row is not None and row(value) is not None
