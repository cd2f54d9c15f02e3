"""What values are that do not look it: texts that stand for nothing, numbers that do, dates and numbers read as text, personal data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tilth.data import Dataset, Kind, Schema
from tilth.engine.expressions import col, lit
from tilth.engine.operations import FitsForm, IsToken
from tilth.engine.session import Session
from tilth.engine.statistics import count, count_of
from tilth.formats.guess import FORMS
from tilth.measures.profile import QUANTILES, ColumnProfile

SURE_TOKENS = ("?", "N/A", "NA", "#N/A", "null", "nan")
TOKENS = (*SURE_TOKENS, "-", "--", ".", "none", "nil", "unknown", "missing", "undefined")
TOO_MANY = 1 / 3  # the share of a column from which on a token that is not sure is a value like others
CODES = (-1, -9, -99, -999, -9999, 99, 999, 9999, 99999, 999999)  # numbers that often stand for "not known"

ADDRESS_INSIDE = r"[^@]*[A-Za-z0-9_]@[A-Za-z0-9][^@]*"
PRIVATE_VALUES = {  # what → how it is written, and the share of texts from which on it counts; the first that counts is told
    "e-mail addresses": (r"[^@ ]+@[^@ ]+\.[A-Za-z]+", 0.5),
    "phone numbers": (r"[+]?[0-9]*[ ]?[(]?[0-9]{2,4}[)]?[ /-][0-9]{3}[0-9 -]{2,9}", 0.5),
    "numbers like an IBAN": (r"[A-Z]{2}[0-9]{2} ?[A-Z0-9]{4} ?[A-Z0-9 ]{7,26}", 0.5),
    "addresses inside texts": (ADDRESS_INSIDE, 0.01),
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
class Texts:
    """What the texts of a column are: why they look private, how else they are written, and how many of them are not."""

    private: str = ""
    written: str = ""
    strays: int = 0


def null_tokens(data: Dataset, engine: Session) -> tuple[str, ...]:
    """The usual texts for "nothing" that stand in columns of texts, in one pass."""
    texts = [c.name for c in engine.schema(data) if c.kind is Kind.STRING]
    if not texts:
        return ()
    asked = {t: [(c, count(IsToken.of(col(c), lit(t)))) for c in texts] for t in TOKENS}
    there = {c: count_of(col(c)) for c in texts}
    answer = engine.answer(data, [*(s for several in asked.values() for _, s in several), *there.values()])

    def stands(token: str) -> bool:
        found = [(answer[s], answer[there[c]]) for c, s in asked[token]]
        return any(n for n, _ in found) and (token in SURE_TOKENS or all(n < TOO_MANY * whole for n, whole in found if n))

    return tuple(t for t in TOKENS if stands(t))


def texts_seen(schema: Schema, data: Dataset, engine: Session) -> dict[str, Texts]:
    """Column of texts → what its values look like, in one pass."""
    forms = PRIVATE_VALUES | WRITTEN
    texts = [c.name for c in schema if c.kind is Kind.STRING]
    asked = {(c, what): count(FitsForm.of(col(c), lit(form))) for c in texts for what, (form, _) in forms.items()}
    there = {c: count_of(col(c)) for c in texts}
    answer = engine.answer(data, [*asked.values(), *there.values()]) if texts else {}
    found = {}
    for c in texts:
        fits = {what: answer[asked[c, what]] for what in forms}
        told = [what for what, (_, share) in forms.items() if fits[what] and fits[what] >= share * answer[there[c]]]
        written = next((what for what in told if what in WRITTEN), "")
        private = next((what for what in told if what in PRIVATE_VALUES and not written), "")
        found[c] = Texts(private, written, answer[there[c]] - fits[written] if written else 0)
    return found


def code_of(profile: ColumnProfile) -> int | None:
    """A usual code for "not known" among a column's extreme values, far from where nearly all values lie."""
    return next((code for code in CODES if _looks_like_code(code, profile)), None)


def _looks_like_code(code: int, profile: ColumnProfile) -> bool:
    low, high = profile.minimum, profile.maximum
    if not isinstance(low, int | float) or code not in (low, high):
        return False
    inner = sorted(q for q in (getattr(profile, name) for name in QUANTILES) if q not in (None, code))
    if len(inner) < 2:
        return False
    width = max(inner[-1] - inner[0], 1e-9)
    return bool(code < inner[0] - width if code == low else code > inner[-1] + width)


def spellings(top: Iterable[tuple[Any, int]]) -> tuple[str, ...]:
    """The ways in which the most frequent texts spell one and the same."""
    folded: dict[str, set[str]] = {}
    for text in (v for v, _ in top if isinstance(v, str)):
        folded.setdefault(text.strip().casefold(), set()).add(text)
    return tuple(sorted(next((ways for ways in folded.values() if len(ways) > 1), ())))
