"""Example data with planted flaws: loan applications, any number of them, the same bytes for the same seed everywhere.

A clean application is drawn first (`_sound`), then its cells are corrupted by the table `_CELL_FLAWS` (`_corrupt`), then a few rows are
repeated (`_repeated`). Every corruption records the flaw's name with the row, and `planted` collects these records, so data and
description agree. `docs/example-data.md` lists every flaw and how to find it.

Only `random()` of Python's generator is used, with + − × ÷ and comparisons on its numbers: no logarithm, no cosine, no `gauss` or
`choice`, because their last digits or order of draws may differ between machines and versions. Curves are tables of quantiles.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby, islice
from pathlib import Path
from random import Random
from typing import NamedTuple

from tilth.errors import RequestError
from tilth.store.places import atomic

ROWS = 20_000
SEED = 2
NULLS = ("?", "N/A")  # listed under `nulls` in a flow; -999 and 9999-12-31 are left for a `null_if` step

# fmt: off
COLUMNS = (
    "application_id", "applied_at",
    "customer_no", "name", "email", "phone", "account", "sex", "age", "marital", "region", "employment",  # the person
    "employed_since", "channel", "income", "currency", "purpose", "amount", "term_months", "existing_loans", "credit.score",
    "debt to income (%)", "note", "disbursed_at", "approved",
)
# fmt: on
_AT = {name: i for i, name in enumerate(COLUMNS)}

MARITAL = ("divorced", "married", "partnered", "single", "widowed")
PURPOSES = ("business", "car", "debt consolidation", "education", "furniture", "home improvement", "medical", "travel")

# The bias: shares of applicants with merit who are rejected nevertheless. Merit depends on neither sex nor age.
REJECTED_WOMEN = 0.6
REJECTED_YOUNG = 0.4  # of those under YOUNG who remain after the first rejection
YOUNG = 25

_RETURNING = 0.04  # share of the applications by an earlier customer
_PRIVATE_REMARKS = 0.1  # share of the remarks
_REPEATED = {"repeated_exactly": 0.005, "repeated_changed": 0.003, "repeated_new_id": 0.003}  # shares of the rows
_ROW_FLAWS = (*_REPEATED, "returning_customer", "rejected_women", "rejected_young", "leak", "late_region", "note_private")

_START = datetime(2023, 1, 1)  # local time without a zone, as is usual in such files
_SECONDS = 2 * 365 * 86_400  # the file covers two years, whatever its number of rows
_FAULTY_RELEASE = (0.60, 0.66)  # the time in which the app sent incomes in thousands, as shares of the two years
_NEW_REGION = 0.90  # the region `harbour` exists from this share on

Cells = list[str]
Draw = Callable[[], float]  # the next number in [0, 1)


# ── flaws of single cells ────────────────────────────────────────────────────────────────────────────────────────


class _CellFlaw(NamedTuple):
    """A flaw of single cells: `corrupt` makes the new content; it is planted in this `share` of the rows `among`."""

    name: str
    column: str
    share: float
    corrupt: Callable[[str, Draw], str]
    among: Callable[[Cells, float], bool] = lambda _cells, _position: True


def _always(text: str) -> Callable[[str, Draw], str]:
    return lambda _cell, _draw: text


def _other_case(cell: str, draw: Draw) -> str:
    return cell.upper() if draw() < 0.5 else cell.title()


def _padded(cell: str, draw: Draw) -> str:
    return f" {cell}" if draw() < 0.5 else f"{cell}  "


def _by_faulty_app(cells: Cells, position: float) -> bool:
    return cells[_AT["channel"]] == "app" and _FAULTY_RELEASE[0] <= position < _FAULTY_RELEASE[1]


_EMPTY = _always("")

# A cell has at most one flaw: the first of its column whose share is drawn, among the rows that can have it.
_CELL_FLAWS = (
    _CellFlaw("name_padded", "name", 0.02, _padded),
    _CellFlaw("sex_missing", "sex", 0.005, _EMPTY),
    _CellFlaw("sex_case", "sex", 0.04, _other_case),
    _CellFlaw("sex_padded", "sex", 0.01, _padded),
    _CellFlaw("age_missing", "age", 0.01, _EMPTY),
    _CellFlaw("age_token", "age", 0.005, _always("N/A")),
    _CellFlaw("age_negative", "age", 0.002, lambda age, _: f"-{age}"),
    _CellFlaw("age_too_old", "age", 0.002, lambda age, _: f"{150 + int(age) % 50}"),
    _CellFlaw("marital_missing", "marital", 0.01, _EMPTY),
    _CellFlaw("marital_token", "marital", 0.012, _always("?")),
    _CellFlaw("marital_blank", "marital", 0.003, _always("   ")),
    _CellFlaw("marital_case", "marital", 0.02, _other_case),
    _CellFlaw("employed_before_birth", "employed_since", 0.003, lambda day, _: f"{int(day[:4]) - 100}{day[4:]}"),
    _CellFlaw("employed_forever", "employed_since", 0.005, _always("9999-12-31")),
    _CellFlaw("income_missing", "income", 0.02, _EMPTY),
    _CellFlaw("income_withheld", "income", 0.15, _EMPTY, lambda cells, _: cells[_AT["employment"]] == "self-employed"),
    _CellFlaw("income_token", "income", 0.005, _always("N/A")),
    _CellFlaw("income_thousands", "income", 1.0, lambda income, _: f"{float(income) / 1000:.3f}", _by_faulty_app),
    _CellFlaw("purpose_case", "purpose", 0.03, _other_case),
    _CellFlaw("purpose_padded", "purpose", 0.02, _padded),
    _CellFlaw("amount_slip", "amount", 0.001, lambda amount, _: f"{amount}00"),
    _CellFlaw("score_missing", "credit.score", 0.015, _EMPTY),
    _CellFlaw("score_code", "credit.score", 0.02, _always("-999")),
    _CellFlaw("label_missing", "approved", 0.004, _EMPTY),
)
_BY_COLUMN = [(_AT[column], list(flaws)) for column, flaws in groupby(_CELL_FLAWS, key=lambda flaw: flaw.column)]


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
    """The value at share `u` of a distribution given by evenly spaced quantiles, with linear interpolation."""
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
        marital="single" if age < YOUNG and draw() < 0.7 else _pick(MARITAL, draw),
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
    if draw() >= _PRIVATE_REMARKS:
        return _pick(_REMARKS, draw)
    return f"please call {person.phone}" if draw() < 0.5 else f"send papers to {person.email}"


def _merit(income: float, burden: float, loans: int, score: int, position: float, draw: Draw) -> bool:
    """Whether an applicant has merit: points for income and score, minus burden and loans, plus chance; the threshold rises with time."""
    points = score / 5 + min(income, 8000) / 100 - burden - 6 * loans + 30 * draw()
    return points >= 160 + 22 * position


def _sound(application: int, position: float, person: _Person, draw: Draw) -> tuple[Cells, list[str]]:
    """The cells of one application without a corrupted cell, and the flaws of the decision."""
    applied = _START + timedelta(seconds=int(position * _SECONDS))
    income = _quantile(_INCOMES[person.employment], draw()) * (1 + position / 8)
    term = _TERMS[int(draw() * len(_TERMS))]
    amount = 500 + int(income * term * (0.02 + 0.2 * draw()) / 100) * 100
    loans = int(6 * draw() * draw())
    score = int(_quantile(_SCORES, draw()))
    burden = 100 * (amount / term + 120 * loans) / income
    merit = _merit(income, burden, loans, score, position, draw)
    flaws = []
    if merit and person.sex == "female" and draw() < REJECTED_WOMEN:
        flaws.append("rejected_women")
    elif merit and person.age < YOUNG and draw() < REJECTED_YOUNG:
        flaws.append("rejected_young")
    approved = merit and not flaws
    remark = _remark(person, draw)
    cells = [
        f"LA-{application:08d}",
        str(applied),
        *map(str, person),
        _worked_since(person, applied, draw),
        _channel(position, draw),
        f"{income:.2f}",
        "EUR",
        _pick(PURPOSES, draw),
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
        flaws.append("leak")
    if person.region == "harbour":
        flaws.append("late_region")
    if "@" in remark or "555-" in remark:
        flaws.append("note_private")
    return cells, flaws


# ── corrupting and repeating them ────────────────────────────────────────────────────────────────────────────────


def _corrupt(cells: Cells, position: float, draw: Draw) -> list[str]:
    """Corrupt some cells of the row in place, each at most once; return the names of the flaws. Empty cells are not changed."""
    planted = []
    for at, flaws in _BY_COLUMN:
        u = draw()
        for flaw in flaws if cells[at] else ():
            if not flaw.among(cells, position):
                continue
            if u < flaw.share:
                cells[at] = flaw.corrupt(cells[at], draw)
                planted.append(flaw.name)
                break
            u -= flaw.share
    return planted


def _repeated(cells: Cells, application: int, draw: Draw) -> tuple[Cells, str] | None:
    """For a few rows, a repetition: unchanged, with another term, or under the next id; with the name of the flaw."""
    u, copy = draw(), dict(zip(COLUMNS, cells, strict=True))
    for flaw, share in _REPEATED.items():
        if u < share:
            if flaw == "repeated_changed":
                copy["term_months"] = str(_TERMS[(_TERMS.index(int(copy["term_months"])) + 1) % len(_TERMS)])
            elif flaw == "repeated_new_id":
                copy["application_id"] = f"LA-{application + 1:08d}"
            return list(copy.values()), flaw
        u -= share
    return None


def _noted(rows: int, seed: int) -> Iterator[tuple[Cells, list[str]]]:
    """Every row of the file, with the flaws planted in it. Errors: `RequestError` for a negative number of rows."""
    if rows < 0:
        raise RequestError(f"cannot make {rows} rows of example data", accepted="0 or more")
    return islice(_applications(rows, Random(f"tilth loans {seed}").random), rows)  # noqa: S311  repeatable, not for security


def _applications(rows: int, draw: Draw) -> Iterator[tuple[Cells, list[str]]]:
    """Applications in the order of time, some of them repeated, with the flaws of each; at least `rows`."""
    persons: deque[_Person] = deque(maxlen=1000)
    application = customers = made = 0
    while made < rows:
        position = (made + draw()) / rows
        application += 1
        returning = draw() < _RETURNING and len(persons) > 0
        if returning:
            person = persons[int(draw() * len(persons))]
        else:
            customers += 1
            person = _person(10_000_000 + 37 * customers + int(draw() * 37), position, draw)
            persons.append(person)
        cells, flaws = _sound(application, position, person, draw)
        flaws += ["returning_customer"] * returning + _corrupt(cells, position, draw)
        yield cells, flaws
        made += 1
        if again := _repeated(cells, application, draw):
            copy, flaw = again
            application += flaw == "repeated_new_id"
            yield copy, [*flaws, flaw]
            made += 1


# ── the public functions ─────────────────────────────────────────────────────────────────────────────


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
    return (dict(zip(COLUMNS, cells, strict=True)) for cells, _ in _noted(rows, seed))


def write_loans(path: str | Path, rows: int = ROWS, seed: int = SEED) -> Path:
    """Write the applications as CSV and return the path: UTF-8, comma, header, quotes only where needed, `\\n` at line ends.

    The write is atomic; missing folders are created. Raises `RequestError` for a negative number of rows, `MachineError` if the disk
    cannot be written.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_loans(Path(folder) / "loans.csv", rows=3).read_text("utf-8").count("\\n")
    4
    """
    path, made = Path(path), _noted(rows, seed)
    with atomic(path) as new, new.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(cells for cells, _ in made)
    return path


def planted(rows: int = ROWS, seed: int = SEED) -> dict[str, list[int]]:
    """Flaw → the numbers of the rows that have it, from 1: row n is on line n + 1 of the file.

    Flaws of a whole column or table are absent. Raises `RequestError` for a negative number of rows.

    >>> len(planted(rows=1000)["sex_missing"])
    2
    """
    where: dict[str, list[int]] = {name: [] for name in (*(flaw.name for flaw in _CELL_FLAWS), *_ROW_FLAWS)}
    for number, (_, flaws) in enumerate(_noted(rows, seed), start=1):
        for name in flaws:
            where[name].append(number)
    return where
