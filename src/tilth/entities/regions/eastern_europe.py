"""Entities of central and eastern Europe, and Turkey."""

from __future__ import annotations

from datetime import date

from tilth.entities.entity import Entity
from tilth.entities.validators import Tier, Validator, birth, is_date, last, mod_11_10, total

_pesel = total("1 3 7 9 1 3 7 9 1 3 1", 10)
polish_card = total("7 3 1 9 7 3 1 7 3", 10)
_nip = last("6 5 7 2 3 4 5 6 7", "0123456789?")
_regon, _long_regon = last("8 9 2 3 4 5 6 7", "01234567890"), last("2 4 8 5 0 9 7 3 6 1 2 4 8", "01234567890")
_polish_passport = total("7 3 9 1 7 3 1 7 3", 10)
_czech_vat = last("8 7 6 5 4 3 2", "10987654321")
hungarian_insured = last("3 7 3 7 3 7 3 7", "0123456789")
hungarian_tax = last("1 2 3 4 5 6 7 8 9", "0123456789?")
_hungarian_vat = total("9 7 3 1 9 7 3 1", 10)
_cnp, _romanian_vat = last("2 7 9 1 4 6 3 5 8 2 7 9", "01234567891"), last("7 5 3 2 1 7 5 3 2", "00987654321")
_egn = last("2 4 8 5 10 9 7 3 6", "01234567890")
_foreigner, _other = last("21 19 17 13 11 9 7 3 1", "0123456789"), last("4 3 2 7 6 5 4 3 2", "0?987654321")
_jmbg = last("7 6 5 4 3 2 7 6 5 4 3 2", "00987654321")
_slovenian = last("8 7 6 5 4 3 2", "?0987654321")
_ukrainian = last("-1 5 7 9 4 6 10 5 7", "01234567890")


def pesel(s: str) -> bool:
    """Poland's PESEL: a date, with the century encoded in the month, and modulo 10."""
    return bool(_pesel(s)) and is_date(
        {0: 1900, 1: 2000, 2: 2100, 3: 2200, 4: 1800}[int(s[2]) // 2] + int(s[:2]), int(s[2:4]) % 20, int(s[4:6])
    )


def nip(s: str) -> bool:
    """Poland's NIP: modulo 11."""
    return bool(_nip(s.removeprefix("PL")))


def regon(s: str) -> bool:
    """Poland's REGON of nine or fourteen digits: modulo 11."""
    return bool(_regon(s[:9])) and (len(s) == 9 or bool(_long_regon(s)))


def polish_passport(s: str) -> bool:
    """Poland's passport: the first digit checks the other characters, so its weight is −1."""
    return bool(_polish_passport(s))


def birth_number(s: str) -> bool | Tier:
    """The birth number of Czechia and Slovakia: a date, with 50, 20 or 70 added to the month, and from 1954 modulo 11."""
    month = int(s[2:4]) % 50
    if not is_date(int(s[:2]), month - 20 if month > 20 else month, int(s[4:6])):
        return False
    return "B" if len(s) == 9 else int(s[:9]) % 11 % 10 == int(s[9])


def czech_vat(s: str) -> bool | Tier:
    """Czechia's VAT number: for companies modulo 11, otherwise a birth number."""
    d = s[2:]
    if len(d) == 8:
        return d[0] != "9" and bool(_czech_vat(d))
    if len(d) == 9 and d[0] == "6":
        rest = sum(w * int(c) for w, c in zip((8, 7, 6, 5, 4, 3, 2), d[1:], strict=False)) % 11
        return d[8] == str((8 - (10 - rest) % 11) % 10)
    return birth_number(d)


def slovak_vat(s: str) -> bool:
    """Slovakia's VAT number: a multiple of 11."""
    return s[4] in "234789" and s[2] != "0" and int(s[2:]) % 11 == 0


def hungarian_vat(s: str) -> bool:
    """Hungary's VAT number: weights 9 7 3 1, modulo 10."""
    return bool(_hungarian_vat(s[2:]))


def romanian_person(s: str) -> bool:
    """Romania's CNP: a date, a county, and modulo 11."""
    return bool(_cnp(s)) and birth(s[1:], "yymmdd") and (1 <= int(s[7:9]) <= 48 or s[7:9] in ("51", "52", "70", "80", "81", "82", "83"))


def romanian_vat(s: str) -> bool:
    """Romania's VAT number: two to ten digits, modulo 11."""
    return s[2] != "0" and bool(_romanian_vat(s[2:].zfill(10)))


def civil_number(s: str) -> bool:
    """Bulgaria's EGN: a date, with 20 or 40 added to the month by century, and modulo 11."""
    return is_date({0: 1900, 1: 1800, 2: 2000}.get(int(s[2]) // 2, -9999) + int(s[:2]), int(s[2:4]) % 20, int(s[4:6])) and bool(_egn(s))


def bulgarian_vat(s: str) -> bool:
    """Bulgaria's VAT number: for companies modulo 11; with ten digits the number of a citizen, a foreigner or another person."""
    d = s[2:]
    if len(d) == 10:
        return civil_number(d) or bool(_foreigner(d)) or bool(_other(d))
    rest = sum(w * int(c) for w, c in enumerate(d[:8], 1)) % 11
    return int(d[8]) == (rest if rest < 10 else sum(w * int(c) for w, c in enumerate(d[:8], 3)) % 11 % 10)


def jmbg(*regions: range) -> Validator:
    """The master citizen number of Yugoslavia's successors: a date, the region of birth, and modulo 11."""

    def master_citizen(s: str) -> bool:
        year = int(s[4:7])
        dated = is_date(year + (1000 if year > 800 else 2000), int(s[2:4]), int(s[:2]))
        return dated and any(int(s[7:9]) in region for region in regions) and bool(_jmbg(s))

    return master_citizen


def slovenian_tax(s: str) -> bool:
    """Slovenia's tax number: modulo 11."""
    return bool(_slovenian(s.removeprefix("SI")))


def ukrainian_tax(s: str) -> bool:
    """Ukraine's individual number: the days from the end of 1899 to the birth, and modulo 11."""
    return 0 < int(s[:5]) <= (date.today() - date(1899, 12, 31)).days and bool(_ukrainian(s))


def turkish_person(s: str) -> bool:
    """Turkey's identity number: two check digits."""
    d = [int(c) for c in s]
    return (7 * sum(d[:9:2]) - sum(d[1:8:2])) % 10 == d[9] and sum(d[:10]) % 10 == d[10]


def turkish_tax(s: str) -> bool:
    """Turkey's tax number: each digit, shifted by its position, times a power of two, modulo 9."""
    moved = [((int(c) + 9 - i) % 10, 9 - i) for i, c in enumerate(s[:9])]
    return int(s[9]) == -sum((a * 2**n % 9 or 9) if a else 0 for a, n in moved) % 10


ENTITIES = (
    Entity("POLAND_IDENTIFICATION_NUMBER", r"\b[A-Z]{3} ?\d{6}\b", "PL", "identity", "A", polish_card, example="ABA300000"),
    Entity("POLAND_SSN", r"\b\d{11}\b", "PL", "social", "A", pesel, example="44051401359"),
    Entity("POLAND_TAX_IDENTIFICATION_NUMBER", r"\b(?:PL ?)?\d{3}-?\d{3}-?\d{2}-?\d{2}\b", "PL", "tax", "A", nip, example="8567346215"),
    Entity("POLAND_VALUE_ADDED_TAX", r"\b(?:PL ?)?\d{3}-?\d{3}-?\d{2}-?\d{2}\b", "PL", "vat", "A", nip, example="8567346215"),
    Entity("POLAND_REGON_NUMBER", r"\b\d{9}(?:\d{5})?\b", "PL", "company", "A", regon, example="123456785"),
    Entity("POLAND_PASSPORT_NUMBER", r"\b[A-Z]{2} ?\d{7}\b", "PL", "passport", "B", polish_passport),
    Entity("POLAND_DRIVING_LICENSE", r"\b\d{5}/\d{2}/\d{4}\b", "PL", "driving", "B", example="12345/06/1234"),
    Entity(
        "CZECHIA_PERSONAL_IDENTIFICATION_NUMBER",
        r"\b\d{2}[0156]\d[0-3]\d/?\d{3,4}\b",
        "CZ",
        "identity",
        "A",
        birth_number,
        example="710319/2745",
    ),
    Entity(
        "SLOVAKIA_NATIONAL_IDENTIFICATION_NUMBER",
        r"\b\d{2}[0156]\d[0-3]\d/?\d{3,4}\b",
        "SK",
        "identity",
        "A",
        birth_number,
        example="710319/2745",
    ),
    Entity("CZECHIA_VALUE_ADDED_TAX", r"\bCZ ?\d{8,10}\b", "CZ", "vat", "A", czech_vat, example="CZ25123891"),
    Entity("CZECHIA_DRIVING_LICENSE", r"\b[A-Z]{2} ?\d{6}\b", "CZ", "driving"),
    Entity("SLOVAKIA_VALUE_ADDED_TAX", r"\bSK ?\d{3} ?\d{3} ?\d{2} ?\d{2}\b", "SK", "vat", "A", slovak_vat, example="SK 202 274 96 19"),
    Entity("SLOVAKIA_PASSPORT_NUMBER", r"\b[A-Z0-9]{2}\d{7}\b", "SK", "passport"),
    Entity("SLOVAKIA_DRIVING_LICENSE", r"\b[A-Z]\d{7}\b", "SK", "driving"),
    Entity("HUNGARY_SSN", r"\b\d{3} ?\d{3} ?\d{3}\b", "HU", "social", "A", hungarian_insured),
    Entity("HUNGARY_TAX_IDENTIFICATION_NUMBER", r"\b8\d{9}\b", "HU", "tax", "A", hungarian_tax),
    Entity("HUNGARY_VALUE_ADDED_TAX", r"\bHU-?\d{8}\b", "HU", "vat", "A", hungarian_vat, example="HU-12892312"),
    Entity("HUNGARY_PASSPORT_NUMBER", r"\b[A-Z]{2} ?\d{6,7}\b", "HU", "passport"),
    Entity("HUNGARY_DRIVING_LICENSE", r"\b[A-Z]{2}\d{6}\b", "HU", "driving"),
    Entity("ROMANIA_NUMERICAL_PERSONAL_CODE", r"\b[1-9]\d{12}\b", "RO", "identity", "A", romanian_person, example="1630615123457"),
    Entity("ROMANIA_VALUE_ADDED_TAX", r"\bRO ?\d{2,10}\b", "RO", "vat", "A", romanian_vat, example="RO 18547290"),
    Entity("ROMANIA_PASSPORT_NUMBER", r"\b\d{8,9}\b", "RO", "passport"),
    Entity("ROMANIA_DRIVING_LICENSE", r"\b[A-Z]\d{8}[A-Z]?\b", "RO", "driving"),
    Entity("BULGARIA_UNIFORM_CIVIL_NUMBER", r"\b\d{10}\b", "BG", "tax", "A", civil_number, example="8032056031"),
    Entity("BULGARIA_VALUE_ADDED_TAX", r"\bBG ?\d{9,10}\b", "BG", "vat", "A", bulgarian_vat, example="BG175074752"),
    Entity("BULGARIA_DRIVING_LICENSE", r"\b\d{9}\b", "BG", "driving"),
    Entity("CROATIA_PERSONAL_IDENTIFICATION_NUMBER", r"\b\d{11}\b", "HR", "identity", "A", mod_11_10, example="33392005961"),
    Entity("CROATIA_IDENTITY_NUMBER", r"\b\d{9}\b", "HR", "company"),
    Entity("CROATIA_PASSPORT_NUMBER", r"\b\d{9}\b", "HR", "passport"),
    Entity("CROATIA_DRIVING_LICENSE", r"\b\d{8}\b", "HR", "driving"),
    Entity(
        "SLOVENIA_UNIQUE_MASTER_CITIZEN_NUMBER",
        r"\b[0-3]\d[01]\d[09]\d{8}\b",
        "SI",
        "identity",
        "A",
        jmbg(range(50, 60)),
        example="0101006500006",
    ),
    Entity("BOSNIA_UNIQUE_MASTER_CITIZEN_NUMBER", r"\b[0-3]\d[01]\d[09]\d{8}\b", "BA", "identity", "A", jmbg(range(10, 20))),
    Entity("KOSOVO_UNIQUE_MASTER_CITIZEN_NUMBER", r"\b[0-3]\d[01]\d[09]\d{8}\b", "XK", "identity", "A", jmbg(range(91, 97))),
    Entity("MACEDONIA_UNIQUE_MASTER_CITIZEN_NUMBER", r"\b[0-3]\d[01]\d[09]\d{8}\b", "MK", "identity", "A", jmbg(range(40, 50))),
    Entity("MONTENEGRO_UNIQUE_MASTER_CITIZEN_NUMBER", r"\b[0-3]\d[01]\d[09]\d{8}\b", "ME", "identity", "A", jmbg(range(20, 30))),
    Entity("SERBIA_UNIQUE_MASTER_CITIZEN_NUMBER", r"\b[0-3]\d[01]\d[09]\d{8}\b", "RS", "identity", "A", jmbg(range(70, 80))),
    Entity("VOJVODINA_UNIQUE_MASTER_CITIZEN_NUMBER", r"\b[0-3]\d[01]\d[09]\d{8}\b", "RS", "identity", "A", jmbg(range(80, 90))),
    Entity(
        "SLOVENIA_TAX_IDENTIFICATION_NUMBER", r"\b(?:SI ?)?[1-9]\d{3} ?\d{4}\b", "SI", "tax", "A", slovenian_tax, example="SI 5022 3054"
    ),
    Entity("SLOVENIA_VALUE_ADDED_TAX", r"\b(?:SI ?)?[1-9]\d{3} ?\d{4}\b", "SI", "vat", "A", slovenian_tax, example="SI 5022 3054"),
    Entity("SLOVENIA_PASSPORT_NUMBER", r"\bP[A-Z]\d{7}\b", "SI", "passport"),
    Entity("SLOVENIA_DRIVING_LICENSE", r"\b\d{9}\b", "SI", "driving"),
    Entity("SERBIA_VALUE_ADDED_TAX", r"\b\d{9}\b", "RS", "vat", "A", mod_11_10, example="101134702"),
    Entity("UKRAINE_INDIVIDUAL_IDENTIFICATION_NUMBER", r"\b\d{10}\b", "UA", "identity", "A", ukrainian_tax, example="1759013776"),
    Entity("UKRAINE_PASSPORT_NUMBER_DOMESTIC", r"[АВЕІКМНОРСТУХа-яA-Z]{2} ?\d{6}|\b\d{9}\b", "UA", "passport"),
    Entity("UKRAINE_PASSPORT_NUMBER_INTERNATIONAL", r"\b[A-Z]{2}\d{6}\b", "UA", "passport"),
    Entity("TURKEY_NATIONAL_IDENTIFICATION_NUMBER", r"\b[1-9]\d{10}\b", "TR", "identity", "A", turkish_person, example="17291716060"),
    Entity("TURKEY_VALUE_ADDED_TAX", r"\b\d{10}\b", "TR", "vat", "A", turkish_tax, example="4540536920"),
    Entity("TURKEY_PASSPORT_NUMBER", r"\bU ?\d{8}\b", "TR", "passport"),
)
