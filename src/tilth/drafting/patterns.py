"""What column values really are: null tokens, placeholder numbers, dates and numbers read as strings, personal data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tilth.data import Dataset, Kind, Schema
from tilth.engine.expressions import col, lit
from tilth.engine.operations.casts import FitsForm, IsToken
from tilth.engine.session import Session
from tilth.engine.statistics import count, count_of
from tilth.formats.guess import FORMS
from tilth.measures.profile import QUANTILES, ColumnProfile

SURE_TOKENS = ("?", "N/A", "NA", "#N/A", "null", "nan")
TOKENS = (*SURE_TOKENS, "-", "--", ".", "none", "nil", "unknown", "missing", "undefined")
TOO_MANY = 1 / 3  # share of a column above which an unsure token counts as an ordinary value
PLACEHOLDERS = (-1, -9, -99, -999, -9999, 99, 999, 9999, 99999, 999999)  # numbers that often mean "not known"

ADDRESS_INSIDE = r"[^@]*[A-Za-z0-9_]@[A-Za-z0-9][^@]*"
PRIVATE_VALUES = {  # kind → pattern, and the smallest share of matching strings; the first that is reached counts
    "e-mail addresses": (r"[^@ ]+@[^@ ]+\.[A-Za-z]+", 0.5),
    "phone numbers": (r"[+]?[0-9]*[ ]?[(]?[0-9]{2,4}[)]?[ /-][0-9]{3}[0-9 -]{2,9}", 0.5),
    "numbers like an IBAN": (r"[A-Z]{2}[0-9]{2} ?[A-Z0-9]{4} ?[A-Z0-9 ]{7,26}", 0.5),
    "addresses inside strings": (ADDRESS_INSIDE, 0.01),
}
DAY = r"[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{2,4}|[0-9]{4}[./-][0-9]{1,2}[./-][0-9]{1,2}|[0-9]{4}[./-][0-9]{2}"
MONTHS, DATES, COMMAS, NUMBERS = "months", "dates", "numbers with a decimal comma", "numbers"
WRITTEN = {
    MONTHS: (r"[0-9]{4}-(?:0[1-9]|1[0-2])", 1.0),
    DATES: (rf"(?:{DAY})(?:[ T][0-9]{{1,2}}:[0-9:.]+)?(?: ?[AaPp][Mm])?", 0.95),
    COMMAS: (r"-?(?:[0-9]+|[0-9]{1,3}(?:\.[0-9]{3})+),[0-9]+|-?[0-9]+", 0.95),
    NUMBERS: (FORMS[Kind.FLOAT], 0.9),
}


@dataclass(frozen=True)
class StringPatterns:
    """The strings of a column: why they look private, what else they encode, and the number of exceptions."""

    private: str = ""
    written: str = ""
    exceptions: int = 0


def null_tokens(data: Dataset, engine: Session) -> tuple[str, ...]:
    """The common null tokens that occur in string columns, in one scan."""
    columns = [c.name for c in engine.schema(data) if c.kind is Kind.STRING]
    if not columns:
        return ()
    statistics = {t: [(c, count(IsToken.of(col(c), lit(t)))) for c in columns] for t in TOKENS}
    present = {c: count_of(col(c)) for c in columns}
    answer = engine.answer(data, [*(s for several in statistics.values() for _, s in several), *present.values()])

    def occurs(token: str) -> bool:
        counts = [(answer[s], answer[present[c]]) for c, s in statistics[token]]
        return any(n for n, _ in counts) and (token in SURE_TOKENS or all(n < TOO_MANY * whole for n, whole in counts if n))

    return tuple(t for t in TOKENS if occurs(t))


def string_patterns(schema: Schema, data: Dataset, engine: Session) -> dict[str, StringPatterns]:
    """String column → the patterns of its values, in one scan."""
    forms = PRIVATE_VALUES | WRITTEN
    columns = [c.name for c in schema if c.kind is Kind.STRING]
    statistics = {(c, what): count(FitsForm.of(col(c), lit(form))) for c in columns for what, (form, _) in forms.items()}
    present = {c: count_of(col(c)) for c in columns}
    answer = engine.answer(data, [*statistics.values(), *present.values()]) if columns else {}
    patterns = {}
    for c in columns:
        fits = {what: answer[statistics[c, what]] for what in forms}
        matching = [what for what, (_, share) in forms.items() if fits[what] and fits[what] >= share * answer[present[c]]]
        written = next((what for what in matching if what in WRITTEN), "")
        private = next((what for what in matching if what in PRIVATE_VALUES and not written), "")
        patterns[c] = StringPatterns(private, written, answer[present[c]] - fits[written] if written else 0)
    return patterns


def placeholder_of(profile: ColumnProfile) -> int | None:
    """A placeholder for "not known" that is a column's minimum or maximum, far from nearly all other values."""
    return next((number for number in PLACEHOLDERS if _looks_like_placeholder(number, profile)), None)


def _looks_like_placeholder(number: int, profile: ColumnProfile) -> bool:
    low, high = profile.minimum, profile.maximum
    if not isinstance(low, int | float) or number not in (low, high):
        return False
    inner = sorted(q for q in (getattr(profile, name) for name in QUANTILES) if q not in (None, number))
    if len(inner) < 2:
        return False
    width = max(inner[-1] - inner[0], 1e-9)
    return bool(number < inner[0] - width if number == low else number > inner[-1] + width)


def spellings(top: Iterable[tuple[Any, int]]) -> tuple[str, ...]:
    """Different spellings of one value among the most frequent strings."""
    folded: dict[str, set[str]] = {}
    for string in (v for v, _ in top if isinstance(v, str)):
        folded.setdefault(string.strip().casefold(), set()).add(string)
    return tuple(sorted(next((ways for ways in folded.values() if len(ways) > 1), ())))
