"""Example data with planted flaws: loan applications, any number of them, the same bytes for the same seed everywhere.

A clean application is drawn first (`_sound`), then its cells are corrupted by the table `_CELL_FLAWS` (`_corrupt`), then a few rows are
repeated (`_repeated`). Every corruption records the flaw's name with the row, and `planted` counts these records, so data and
description agree. `docs/example-data.md` lists every flaw and how to find it.

Only `random()` of Python's generator is used, with + − × ÷ and comparisons on its numbers: no logarithm, no cosine, no `gauss` or `choice`,
whose last digits or order of draws may differ between machines and versions. Curves are tables of quantiles.
"""

from __future__ import annotations

import csv
from array import array
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import NamedTuple

from tilth.errors import RequestError
from tilth.store.places import atomic

ROWS = 20_000
SEED = 2
NULLS = ("?", "N/A")  # what a flow lists under `nulls`; -999 and 9999-12-31 stay for a `null_if` step

# fmt: off
COLUMNS = (
    "application_id", "applied_at",
    "customer_no", "name", "email", "phone", "account", "sex", "age", "marital", "region", "employment",  # the person
    "employed_since", "channel", "income", "currency", "purpose", "amount", "term_months", "existing_loans", "credit.score",
    "debt to income (%)", "note", "disbursed_at", "approved",
)
# fmt: on
_AT = {name: i for i, name in enumerate(COLUMNS)}

# The bias: shares of those with merit who are rejected nevertheless. Merit looks at neither sex nor age.
REJECTED_WOMEN = 0.6
REJECTED_YOUNG = 0.4  # of those under YOUNG who remain after the first rejection
YOUNG = 25

_START = datetime(2023, 1, 1)  # local time without a zone, as such files have it
_SECONDS = 2 * 365 * 86_400  # the file covers two years, whatever its number of rows
_FAULTY_RELEASE = (0.60, 0.66)  # when the app sent incomes in thousands, as shares of those two years
_NEW_REGION = 0.90  # from when on the region `harbour` exists

Cells = list[str]
Draw = Callable[[], float]  # the next number in [0, 1)


@dataclass(frozen=True, slots=True)
class Flaw:
    """One planted flaw: what was done to which column, the rule that fails because of it, and its remedy in a flow.

    `rule` is DQDL for the table as read with the null tokens of `NULLS`; empty if no rule detects the flaw. `share` is the wanted share of
    the rows that can have it, 0 to 1, or `None` where the flaw is the column's or the table's. `count` and `rows` are filled by `planted`:
    row numbers count from 1, so row n is on line n + 1 of the file. `facts` are further exact figures, recounted from the rows.
    """

    name: str
    kind: str
    column: str
    what: str
    rule: str = ""
    remedy: str = ""
    share: float | None = None
    count: int = 0
    rows: Sequence[int] = field(default=(), hash=False)
    facts: Mapping[str, float] = field(default_factory=dict, hash=False)


# ── what is done to single cells ─────────────────────────────────────────────────────────────────────────────────


class _CellFlaw(NamedTuple):
    """A flaw of single cells: `corrupt` makes the new content of a cell; `among` says which rows can have it (empty cells never can)."""

    flaw: Flaw
    corrupt: Callable[[str, Draw], str]
    among: Callable[[Cells, float], bool] | None = None


def _always(text: str) -> Callable[[str, Draw], str]:
    return lambda _cell, _draw: text


def _other_case(cell: str, draw: Draw) -> str:
    return cell.upper() if draw() < 0.5 else cell.title()


def _padded(cell: str, draw: Draw) -> str:
    return f" {cell}" if draw() < 0.5 else f"{cell}  "


def _century_early(day: str, _draw: Draw) -> str:
    return f"{int(day[:4]) - 100}{day[4:]}"


def _thousands(cell: str, _draw: Draw) -> str:
    return f"{float(cell) / 1000:.3f}"


def _self_employed(cells: Cells, _position: float) -> bool:
    return cells[_AT["employment"]] == "self-employed"


def _by_faulty_app(cells: Cells, position: float) -> bool:
    return cells[_AT["channel"]] == "app" and _FAULTY_RELEASE[0] <= position < _FAULTY_RELEASE[1]


_SEXES = ("female", "male")
_MARITAL = ("divorced", "married", "partnered", "single", "widowed")
_PURPOSES = ("business", "car", "debt consolidation", "education", "furniture", "home improvement", "medical", "travel")


def _in(column: str, values: Sequence[str]) -> str:
    """The rule that a column holds only these values."""
    return f'ColumnValues "{column}" in [' + ", ".join(f'"{value}"' for value in values) + "]"


def _cell(
    name: str,
    kind: str,
    column: str,
    share: float,
    corrupt: Callable[[str, Draw], str],
    what: str,
    rule: str,
    remedy: str,
    among: Callable[[Cells, float], bool] | None = None,
) -> _CellFlaw:
    return _CellFlaw(Flaw(name, kind, column, what, rule, remedy, share), corrupt, among)


_IMPUTE, _NULL_IF, _NULLS, _TRIM, _LOWER = "`impute`", "`null_if`", "`nulls`", "`formula` with `trim`", "`formula` with `lower`"
_EMPTY = _always("")

# One flaw, one entry. A cell has at most one: the first of its column whose share is drawn, among the rows that can have it.
# fmt: off
_CELL_FLAWS = (
    _cell("name_padded", "padded", "name", 0.02, _padded,
          "spaces before or after the name", 'ColumnValues "name" matches "[^ ].*[^ ]"', _TRIM),
    _cell("sex_missing", "missing", "sex", 0.005, _EMPTY,
          "left empty", 'IsComplete "sex"', "bias metrics leave such rows out and count them"),
    _cell("sex_case", "case", "sex", 0.04, _other_case,
          "`Female`, `MALE` …", _in("sex", _SEXES), _LOWER),
    _cell("sex_padded", "padded", "sex", 0.01, _padded,
          "spaces before or after the value", _in("sex", _SEXES), _TRIM),
    _cell("age_missing", "missing", "age", 0.01, _EMPTY,
          "left empty", 'IsComplete "age"', _IMPUTE),
    _cell("age_token", "disguised", "age", 0.005, _always("N/A"),
          "`N/A` in a column of numbers", 'IsComplete "age"', _NULLS),
    _cell("age_negative", "impossible", "age", 0.002, lambda age, _: f"-{age}",
          "the sign is wrong: −75 to −18 years", 'ColumnValues "age" >= 18', _NULL_IF),
    _cell("age_too_old", "impossible", "age", 0.002, lambda age, _: f"{150 + int(age) % 50}",
          "150 to 199 years", 'ColumnValues "age" <= 110', _NULL_IF),
    _cell("marital_missing", "missing", "marital", 0.01, _EMPTY,
          "left empty", 'IsComplete "marital"', _IMPUTE),
    _cell("marital_token", "disguised", "marital", 0.012, _always("?"),
          "`?`", 'IsComplete "marital"', _NULLS),
    _cell("marital_blank", "missing", "marital", 0.003, _always("   "),
          "three spaces", 'ColumnValues "marital" != WHITESPACES_ONLY', _IMPUTE),
    _cell("marital_case", "case", "marital", 0.02, _other_case,
          "`Single`, `MARRIED` …", _in("marital", _MARITAL), _LOWER),
    _cell("employed_before_birth", "impossible", "employed_since", 0.003, _century_early,
          "a hundred years too early, so before birth", 'ColumnValues "employed_since" >= "1940-01-01"', _NULL_IF),
    _cell("employed_forever", "disguised", "employed_since", 0.005, _always("9999-12-31"),
          "`9999-12-31` for “not known”", 'ColumnValues "employed_since" <= now()', _NULL_IF),
    _cell("income_missing", "missing", "income", 0.02, _EMPTY,
          "left empty", 'IsComplete "income"', _IMPUTE),
    _cell("income_withheld", "missing", "income", 0.15, _EMPTY,
          "left empty by the self-employed: missing, but not by chance", "IsComplete \"income\" where \"employment = 'self-employed'\"",
          "`impute` with an indicator", _self_employed),
    _cell("income_token", "disguised", "income", 0.005, _always("N/A"),
          "`N/A` in a column of numbers", 'IsComplete "income"', _NULLS),
    _cell("income_thousands", "unit", "income", 1.0, _thousands,
          "in thousands, from a faulty release of the app, for six weeks", 'ColumnValues "income" >= 300',
          "`formula`: × 1000 where below 300", _by_faulty_app),
    _cell("purpose_case", "case", "purpose", 0.03, _other_case,
          "`Car`, `TRAVEL` …", _in("purpose", _PURPOSES), _LOWER),
    _cell("purpose_padded", "padded", "purpose", 0.02, _padded,
          "spaces before or after the value", _in("purpose", _PURPOSES), _TRIM),
    _cell("amount_slip", "outlier", "amount", 0.001, lambda amount, _: f"{amount}00",
          "two zeros too many: a typing error", "", "`formula` that caps it"),
    _cell("score_missing", "missing", "credit.score", 0.015, _EMPTY,
          "left empty", 'IsComplete "credit.score"', _IMPUTE),
    _cell("score_code", "disguised", "credit.score", 0.02, _always("-999"),
          "−999 for “not known”", 'ColumnValues "credit.score" >= 300', _NULL_IF),
    _cell("label_missing", "missing", "approved", 0.004, _EMPTY,
          "not decided yet", 'IsComplete "approved"', "`filter`"),
)

# ── flaws of rows, columns and of the whole table ────────────────────────────────────────────────────────────────

_ROW_FLAWS = (
    Flaw("repeated_exactly", "duplicate", "application_id", "the row occurs twice, cell by cell",
         "DuplicateRowCount = 0", "`dedupe: {on: application_id}`", 0.005),
    Flaw("repeated_changed", "duplicate", "application_id", "a second row of the same application, with another term",
         'IsPrimaryKey "application_id"', "`dedupe: {on: application_id}`", 0.003),
    Flaw("repeated_new_id", "duplicate", "application_id", "the same application sent again: all equal except its id",
         'IsUnique "applied_at" "customer_no"', "`dedupe: {on: [applied_at, customer_no]}`", 0.003),
    Flaw("returning_customer", "group", "customer_no", "a customer who applied before: a split must keep such rows together",
         'IsUnique "customer_no"', "`split` by `hash(customer_no)`", 0.04),
    Flaw("rejected_women", "bias", "approved", "women rejected despite merit",
         "", "bias metrics, facet `sex`; the facts below are what they must give", REJECTED_WOMEN),
    Flaw("rejected_young", "bias", "approved", f"applicants under {YOUNG} rejected despite merit",
         "", "bias metrics, facet `age`; the facts below are what they must give", REJECTED_YOUNG),
    Flaw("imbalance", "imbalance", "approved", "few are approved: these are the rows of the minority class",
         'Entropy "approved" > 0.6', "`balance`, of the training part only"),
    Flaw("leak", "leak", "disbursed_at", "filled in after the decision and only for the approved: it reveals the label",
         'ColumnValues "disbursed_at" = NULL', "`select` without it"),
    Flaw("late_region", "drift", "region", "the region `harbour` exists in the last tenth only: unseen by a flow fitted on earlier data",
         "", "`encode` with a policy for unseen values"),
    Flaw("note_private", "private", "note", "a phone number or an e-mail address inside free text",
         'ColumnValues "note" not matches ".*(@|555-).*"', "role `private`", 0.1),
)

_TABLE_FLAWS = (
    Flaw("private_name", "private", "name", "names of persons", "", "role `private`"),
    Flaw("private_email", "private", "email", "e-mail addresses, in reserved domains", "", "role `private`"),
    Flaw("private_phone", "private", "phone", "phone numbers, 555-01xx: reserved for fiction", "", "role `private`"),
    Flaw("private_account", "private", "account", "numbers like an IBAN; country ZZ and check digits 00 do not exist",
         "", "role `private`"),
    Flaw("constant", "constant", "currency", "`EUR` in every row", 'DistinctValuesCount "currency" > 1', "`select` without it"),
    Flaw("near_unique", "near_unique", "customer_no", "a number that is nearly an id: not a feature, though it could be scaled",
         'UniqueValueRatio "customer_no" < 0.5', "`select` without it"),
    Flaw("odd_name_dot", "odd_name", "credit.score", "a dot in the name", "", "nothing: names are always quoted"),
    Flaw("odd_name_blank", "odd_name", "debt to income (%)", "spaces, parentheses, a percent sign in the name",
         "", "nothing: names are always quoted"),
    Flaw("time_order", "order", "applied_at", "rows are in order of time", "", "`split` by time"),
    Flaw("drift_channel", "drift", "channel", "applications move from the branch to the app", "", "`split` by time, to see it"),
    Flaw("drift_income", "drift", "income", "incomes rise by an eighth", "", "`split` by time, to see it"),
    Flaw("drift_label", "drift", "approved", "the bank grows stricter: the same applicant is approved less and less often",
         "", "`split` by time, to see it"),
)
# fmt: on

PLANTED: tuple[Flaw, ...] = tuple(c.flaw for c in _CELL_FLAWS) + _ROW_FLAWS + _TABLE_FLAWS

_SHARE = {flaw.name: flaw.share or 0.0 for flaw in PLANTED}


# ── persons ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_WOMEN = _words("""
    Ada Aisha Alba Amina Anneli Beatriz Brigid Carla Chloé Dagny Daria Edith Elif Esther Fatou Freya Greta Hana Heidi Ines Ingrid
    Irina Jana Jolanta Kamala Katrin Leila Lena Lucía Mae Magda Mei Mira Nadia Nina Noor Olga Paula Petra Priya Rosa Ruth Sanna
    Selma Signe Tamar Teresa Ulla Vera Wanda Yara Zoë
""")
_MEN = _words("""
    Abel Ahmed Anton Arjun Bela Björn Bruno Carlos Chen Daniel David Dmitri Eino Emil Enzo Farid Felix Georg Hamid Hugo Ivan Jamal
    Jan Jonas José Jürgen Kofi Lars Leo Luca Malik Marek Mateo Milan Nils Noah Oleg Omar Oskar Pavel Pedro Ravi René Samir Sven
    Tariq Theo Tomas Viktor Walter Yusuf Zoltan
""")
_SURNAMES = _words("""
    Abara Acker Baptiste Becker Bergström Bianchi Boateng Brandt Castillo Chaudhry Costa Dahl Dubois Eriksen Falk Ferreira Fischer
    Fontaine García Grabowski Haddad Hansen Horváth Ibrahim Ivanova Jansen Jensen Kaya Keller Khan Kim Kowalska Kumar Laine Larsen
    Lindqvist Lopez Maier Mbeki Mendes Moreau Müller Nakamura Nguyen Novak O'Hara Okafor Olsen Orlova Papadakis Park Petrov
    Popescu Quist Rao Richter Romano Rossi Ruiz Saari Santos Schmidt Sharma Silva Sokolov Suzuki Tanaka Toth Urbanek Vasquez
    Virtanen Vogel Wagner Weber Wójcik Yilmaz Zhang Zielinski
""")
_ASCII = str.maketrans("áäåæçéëíïñóôöøúüýł'", "aaaaceeiinoooouuyl-")
_DOMAINS = ("example.com", "example.net", "example.org", "mail.invalid")

_AGES = (18, 22, 27, 33, 40, 48, 57, 66, 76)
_INCOMES = {  # quantiles of the monthly income, in units of money, by employment
    "employed": (900, 1500, 1900, 2250, 2600, 3000, 3500, 4200, 5400, 9800),
    "self-employed": (500, 1100, 1700, 2300, 2900, 3600, 4500, 5800, 8200, 18000),
    "unemployed": (400, 550, 650, 720, 790, 860, 950, 1100, 1300, 1700),
    "student": (350, 450, 520, 600, 680, 760, 850, 980, 1200, 1800),
    "retired": (600, 950, 1200, 1400, 1600, 1800, 2050, 2400, 3000, 5200),
}
_SCORES = (300, 470, 530, 575, 610, 640, 670, 700, 735, 775, 850)
_REGIONS = ("east", "lakes", "midlands", "north", "south", "valley", "west")
_TERMS = (12, 24, 36, 48, 60, 72)
_REMARKS = (
    "asked for a call back",
    "documents complete",
    'says "as soon as possible"',
    "moved house last year, new address to be checked",
    "second income in the household; not stated here",
    "came with a guarantor",
)


class _Person(NamedTuple):
    """The attributes of a customer, in the order of the columns."""

    number: int
    name: str
    email: str
    phone: str
    account: str
    sex: str
    age: int
    marital: str
    region: str
    employment: str


def _pick(values: Sequence[str], draw: Draw) -> str:
    return values[int(draw() * len(values))]


def _quantile(table: Sequence[float], u: float) -> float:
    """The value at share `u` of a distribution given by evenly spaced quantiles, straight lines between them."""
    place = u * (len(table) - 1)
    below = int(place)
    return table[below] + (place - below) * (table[below + 1] - table[below])


def _employment(age: int, draw: Draw) -> str:
    if age < YOUNG and draw() < 0.35:
        return "student"
    if age >= 65 and draw() < 0.85:
        return "retired"
    u = draw()
    return "employed" if u < 0.76 else "self-employed" if u < 0.92 else "unemployed"


def _person(number: int, position: float, draw: Draw) -> _Person:
    sex = "female" if draw() < 0.38 else "male"
    first, last = _pick(_WOMEN if sex == "female" else _MEN, draw), _pick(_SURNAMES, draw)
    age = int(_quantile(_AGES, draw()))
    return _Person(
        number=number,
        name=f"{first} {last}",
        email=f"{first}.{last}.{number % 1_000_000}@{_pick(_DOMAINS, draw)}".lower().translate(_ASCII),
        phone=f"+1-{200 + int(draw() * 700)}-555-01{int(draw() * 100):02d}",
        account=f"ZZ00TILT{number:014d}",
        sex=sex,
        age=age,
        marital="single" if age < YOUNG and draw() < 0.7 else _pick(_MARITAL, draw),
        region="harbour" if position >= _NEW_REGION and draw() < 0.15 else _pick(_REGIONS, draw),
        employment=_employment(age, draw),
    )


# ── sound applications ───────────────────────────────────────────────────────────────────────────────────────────


def _worked_since(person: _Person, applied: datetime, draw: Draw) -> str:
    """The first day of the current job, at 17 or later; empty for those without one."""
    if person.employment not in ("employed", "self-employed"):
        return ""
    days = 30 + int(draw() * draw() * (person.age - 17) * 365)
    return date.fromordinal(applied.toordinal() - days).isoformat()


def _channel(position: float, draw: Draw) -> str:
    """Branch, web or app: over the two years the app grows from 10 to 50 per cent, the branch shrinks from 55 to 15."""
    u = draw()
    return "branch" if u < 0.55 - 0.4 * position else "web" if u < 0.9 - 0.4 * position else "app"


def _remark(person: _Person, draw: Draw) -> str:
    """Free text for one application in eight; one remark in ten gives a way to reach the person."""
    if draw() >= 0.125:
        return ""
    if draw() >= _SHARE["note_private"]:
        return _pick(_REMARKS, draw)
    return f"please call {person.phone}" if draw() < 0.5 else f"send papers to {person.email}"


def _merit(income: float, burden: float, loans: int, score: int, position: float, draw: Draw) -> bool:
    """Whether the bank's own standard is met: points for income and score, less burden and loans, some luck; the bar rises with time."""
    points = score / 5 + min(income, 8000) / 100 - burden - 6 * loans + 30 * draw()
    return points >= 160 + 22 * position


def _sound(application: int, position: float, person: _Person, draw: Draw) -> tuple[Cells, list[str], bool]:
    """The cells of one application without a corrupted cell, the flaws of the decision, and whether there was merit."""
    applied = _START + timedelta(seconds=int(position * _SECONDS))
    income = _quantile(_INCOMES[person.employment], draw()) * (1 + position / 8)
    term = _TERMS[int(draw() * len(_TERMS))]
    amount = 500 + int(income * term * (0.02 + 0.2 * draw()) / 100) * 100
    loans = int(6 * draw() * draw())
    score = int(_quantile(_SCORES, draw()))
    burden = 100 * (amount / term + 120 * loans) / income
    merit = _merit(income, burden, loans, score, position, draw)
    notes = []
    if merit and person.sex == "female" and draw() < REJECTED_WOMEN:
        notes.append("rejected_women")
    elif merit and person.age < YOUNG and draw() < REJECTED_YOUNG:
        notes.append("rejected_young")
    approved = merit and not notes
    remark = _remark(person, draw)
    cells = [
        f"LA-{application:08d}",
        str(applied),
        *map(str, person),
        _worked_since(person, applied, draw),
        _channel(position, draw),
        f"{income:.2f}",
        "EUR",
        _pick(_PURPOSES, draw),
        str(amount),
        str(term),
        str(loans),
        str(score),
        f"{burden:.1f}",
        remark,
        str((applied + timedelta(days=2 + int(draw() * 19))).date()) if approved else "",
        "yes" if approved else "no",
    ]
    if approved:
        notes.append("leak")
    if person.region == "harbour":
        notes.append("late_region")
    if "@" in remark or "555-" in remark:
        notes.append("note_private")
    return cells, notes, merit


# ── spoiling and repeating them ──────────────────────────────────────────────────────────────────────────────────


def _by_column() -> tuple[tuple[int, float, tuple[_CellFlaw, ...]], ...]:
    """The flaws of each column, with its place in the row and the sum of their shares."""
    columns = dict.fromkeys(c.flaw.column for c in _CELL_FLAWS)
    grouped = {column: tuple(c for c in _CELL_FLAWS if c.flaw.column == column) for column in columns}
    return tuple((_AT[column], sum(c.flaw.share or 0.0 for c in flaws), flaws) for column, flaws in grouped.items())


_CORRUPTIONS = _by_column()


def _corrupt(cells: Cells, notes: list[str], position: float, draw: Draw) -> None:
    """Spoil some cells of the row in place, each at most once, and note the flaws. Empty cells stay: they are sound."""
    for at, total, flaws in _CORRUPTIONS:
        u = draw()
        if u >= total or not cells[at]:
            continue
        for flaw, corrupt, among in flaws:
            if among is not None and not among(cells, position):
                continue
            share = flaw.share or 0.0
            if u < share:
                cells[at] = corrupt(cells[at], draw)
                notes.append(flaw.name)
                break
            u -= share


def _repeated(cells: Cells, application: int, draw: Draw) -> tuple[Cells, str] | None:
    """The row once more, for a few rows: as it is, with another term, or under the next id."""
    u = draw()
    if u < _SHARE["repeated_exactly"]:
        return cells, "repeated_exactly"
    u -= _SHARE["repeated_exactly"]
    at_id, at_term = _AT["application_id"], _AT["term_months"]
    if u < _SHARE["repeated_changed"]:
        next_term = _TERMS[(_TERMS.index(int(cells[at_term])) + 1) % len(_TERMS)]
        return [*cells[:at_term], str(next_term), *cells[at_term + 1 :]], "repeated_changed"
    u -= _SHARE["repeated_changed"]
    if u < _SHARE["repeated_new_id"]:
        return [*cells[:at_id], f"LA-{application + 1:08d}", *cells[at_id + 1 :]], "repeated_new_id"
    return None


def _noted(rows: int, seed: int) -> Iterator[tuple[Cells, list[str], bool]]:
    """Every row of the file, with the flaws planted in it and whether the application had merit."""
    draw = Random(f"tilth loans {seed}").random  # noqa: S311  repeatable, not for security
    persons: deque[_Person] = deque(maxlen=1000)
    application = customers = made = 0
    while made < rows:
        position = (made + draw()) / rows
        application += 1
        returning = draw() < _SHARE["returning_customer"] and len(persons) > 0
        if returning:
            person = persons[int(draw() * len(persons))]
        else:
            customers += 1
            person = _person(10_000_000 + 37 * customers + int(draw() * 37), position, draw)
            persons.append(person)
        cells, notes, merit = _sound(application, position, person, draw)
        if returning:
            notes.append("returning_customer")
        _corrupt(cells, notes, position, draw)
        yield cells, notes, merit
        made += 1
        again = _repeated(cells, application, draw)
        if again and made < rows:
            copy, flaw = again
            application += flaw == "repeated_new_id"
            yield copy, [*notes, flaw], merit
            made += 1


# ── figures recounted from the rows ──────────────────────────────────────────────────────────────────────────────


class _Figures:
    """Counts of decisions and of drift, from cells as a flow has them once it trimmed, lowered and dropped the impossible."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.positives = array("q")  # the row numbers of the approved
        self.decisions: Counter[tuple[str, bool | None, bool, str]] = Counter()  # by sex, young, merit, label
        self.tenths: Counter[tuple[str, int]] = Counter()  # by what is counted and tenth of the file
        self.incomes = [0.0] * 10

    def add(self, number: int, cells: Cells, merit: bool) -> None:
        """Count one row."""
        label, age, income = cells[_AT["approved"]], cells[_AT["age"]], cells[_AT["income"]]
        young = int(age) < YOUNG if len(age) == 2 and age.isdigit() else None
        self.decisions[cells[_AT["sex"]].strip().lower(), young, merit, label] += 1
        if label == "yes":
            self.positives.append(number)
        tenth = (number - 1) * 10 // self.rows
        if tenth in (0, 9):
            self.tenths["rows", tenth] += 1
            self.tenths[cells[_AT["channel"]], tenth] += 1
            self.tenths[label, tenth] += 1
            if income not in ("", *NULLS) and float(income) >= 300:
                self.tenths["incomes", tenth] += 1
                self.incomes[tenth] += float(income)

    def facts(self) -> dict[str, dict[str, float]]:
        """The figures by flaw; those without a value (no rows, an empty group) are absent."""
        yes, no = self._labelled("yes"), self._labelled("no")
        return {
            "rejected_women": self._bias(lambda sex, _: {"female": True, "male": False}.get(sex)),
            "rejected_young": self._bias(lambda _, young: young),
            "imbalance": _ratios(positives=(yes, 1), negatives=(no, 1), positive_share=(yes, yes + no)),
            "drift_channel": self._drift("app_share", lambda tenth: (self.tenths["app", tenth], self.tenths["rows", tenth])),
            "drift_income": self._drift("mean_income", lambda tenth: (self.incomes[tenth], self.tenths["incomes", tenth])),
            "drift_label": self._drift(
                "positive_share", lambda tenth: (self.tenths["yes", tenth], self.tenths["yes", tenth] + self.tenths["no", tenth])
            ),
        }

    def _labelled(self, label: str) -> int:
        return sum(n for key, n in self.decisions.items() if key[3] == label)

    def _bias(self, disfavoured: Callable[[str, bool | None], bool | None]) -> dict[str, float]:
        """CI, and DPL of the label and of merit (share of positives, reference group less disfavoured), over rows with facet and label."""
        n, positive, merited = Counter[bool](), Counter[bool](), Counter[bool]()
        for (sex, young, merit, label), count in self.decisions.items():
            side = disfavoured(sex, young)
            if side is not None and label:
                n[side] += count
                positive[side] += count * (label == "yes")
                merited[side] += count * merit
        if not n[True] or not n[False]:
            return {}
        return {
            "n_a": n[False],
            "n_d": n[True],
            "ci": (n[False] - n[True]) / (n[False] + n[True]),
            "dpl": positive[False] / n[False] - positive[True] / n[True],
            "dpl_by_merit": merited[False] / n[False] - merited[True] / n[True],
        }

    @staticmethod
    def _drift(name: str, share: Callable[[int], tuple[float, float]]) -> dict[str, float]:
        return _ratios(**{f"{name}_first_tenth": share(0), f"{name}_last_tenth": share(9)})


def _ratios(**parts: tuple[float, float]) -> dict[str, float]:
    """Each part divided by its whole; those without a whole are left out."""
    return {name: part / whole for name, (part, whole) in parts.items() if whole}


# ── the public functions ─────────────────────────────────────────────────────────────────────────────


def _check(rows: int) -> None:
    if rows < 0:
        raise RequestError(f"cannot make {rows} rows of example data", accepted="0 or more")


def loans(rows: int = ROWS, seed: int = SEED) -> Iterator[dict[str, str]]:
    """Loan applications in the order of time, one at a time, each cell as a string, as in the file.

    `rows`: how many, 0 or more; all sizes cover the same two years. `seed`: any whole number; the same seed gives the same rows everywhere.
    A cell left empty is `""`. Memory does not grow with `rows`. Raises `RequestError` for a negative number of rows.

    >>> first = next(loans(rows=1000))
    >>> first["application_id"], first["currency"], list(first) == list(COLUMNS)
    ('LA-00000001', 'EUR', True)
    >>> list(loans(rows=50)) == list(loans(rows=50)), list(loans(rows=0))
    (True, [])
    """
    _check(rows)
    return (dict(zip(COLUMNS, cells, strict=True)) for cells, _, _ in _noted(rows, seed))


def write_loans(path: str | Path, rows: int = ROWS, seed: int = SEED) -> Path:
    """Write the applications as CSV and return the path: UTF-8, comma, header, quotes only where needed, `\\n` at line ends.

    The write is atomic; missing folders are created. Raises `RequestError` for a negative number of rows, `MachineError` if the disk
    cannot be written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_loans(Path(folder) / "loans.csv", rows=3).read_text("utf-8").count("\\n")
    4
    """
    _check(rows)
    path = Path(path)
    with atomic(path) as new, new.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(cells for cells, _, _ in _noted(rows, seed))
    return path


def planted(rows: int = ROWS, seed: int = SEED) -> list[Flaw]:
    """Every flaw of `PLANTED` with its exact count, row numbers and facts for this number of rows and this seed, in the same order.

    Takes as long as making the rows; memory grows with the number of corrupted rows only.

    >>> {flaw.name: flaw.count for flaw in planted(rows=1000)}["constant"]
    1000
    """
    _check(rows)
    where = {flaw.name: array("q") for flaw in PLANTED}
    figures = _Figures(rows)
    for number, (cells, notes, merit) in enumerate(_noted(rows, seed), start=1):
        for name in notes:
            where[name].append(number)
        figures.add(number, cells, merit)
    whole_table = {flaw.name: range(1, rows + 1) for flaw in _TABLE_FLAWS}
    found: dict[str, Sequence[int]] = {**where, **whole_table, "imbalance": figures.positives}
    facts = figures.facts()
    return [replace(flaw, count=len(found[flaw.name]), rows=found[flaw.name], facts=facts.get(flaw.name, {})) for flaw in PLANTED]


def table(flaws: Sequence[Flaw]) -> str:
    """The flaws as a Markdown table, one line each.

    >>> print(table([flaw for flaw in planted(rows=1000) if flaw.name == "constant"]))
    | flaw | column | what is planted | rows | rule that fails | what a flow does |
    |---|---|---|---:|---|---|
    | constant | `currency` | `EUR` in every row | 1,000 | `DistinctValuesCount "currency" > 1` | `select` without it |
    """
    head = "| flaw | column | what is planted | rows | rule that fails | what a flow does |\n|---|---|---|---:|---|---|"
    lines = (f"| {flaw.name} | `{flaw.column}` | {flaw.what} | {flaw.count:,} | {_code(flaw.rule)} | {flaw.remedy} |" for flaw in flaws)
    return "\n".join([head, *lines])


def facts_table(flaws: Sequence[Flaw]) -> str:
    """The facts of the flaws as a Markdown table, six significant digits each.

    >>> print(facts_table([flaw for flaw in planted(rows=1000) if flaw.name == "drift_channel"]).splitlines()[0])
    | flaw | figure | value |
    """
    lines = (f"| {flaw.name} | `{name}` | {value:.6g} |" for flaw in flaws for name, value in flaw.facts.items())
    return "\n".join(["| flaw | figure | value |\n|---|---|---:|", *lines])


def _code(text: str) -> str:
    return "`" + text.replace("|", "\\|") + "`" if text else "–"
