"""Entities of the Nordic and Baltic countries."""

from __future__ import annotations

from tilth.entities.entity import Entity
from tilth.entities.validators import COMPLEMENT_11, Tier, birth, is_date, last, luhn, total

_FINNISH = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_danish, _danish_vat = total("4 3 2 7 6 5 4 3 2 1", 11), total("2 7 6 5 4 3 2 1", 11)
_finnish_vat = last("7 9 10 5 8 4 2", COMPLEMENT_11)
_norwegian_first, _norwegian_second = last("3 7 6 1 8 9 4 5 2", COMPLEMENT_11), last("5 4 3 2 7 6 5 4 3 2", COMPLEMENT_11)
_norwegian_vat = total("3 2 7 6 5 4 3 2 1", 11)
_icelandic = total("3 2 7 6 5 4 3 2 1", 11)
_estonian_vat = total("3 7 1 3 7 1 3 7 1", 10)
_latvian, _latvian_vat = last("10 5 8 4 2 1 6 3 7 9", "12345678900"), total("9 1 4 8 3 10 2 5 7 6 1", 11, 3)


def cpr(s: str) -> bool | Tier:
    """Denmark's CPR number: a date. Check digits are not guaranteed since 2007; a valid one gives a higher tier."""
    return birth(s, "ddmmyy") and ("A" if _danish(s) else True)


def danish_vat(s: str) -> bool:
    """Denmark's CVR number: modulo 11."""
    return bool(_danish_vat(s[2:])) and s[2] != "0"


def finnish_person(s: str) -> bool:
    """Finland's identity code: a date, and a character modulo 31."""
    return birth(s, "ddmmyy") and s[-1] == _FINNISH[int(s[:6] + s[-4:-1]) % 31]


def finnish_vat(s: str) -> bool:
    """Finland's VAT number: modulo 11."""
    return bool(_finnish_vat(s[2:]))


def norwegian_person(s: str) -> bool:
    """Norway's number of a person: a date, with 40 added to the day of a D number, and two check digits modulo 11."""
    day, month = int(s[:2]) % 40, int(s[2:4]) % 40
    return is_date(int(s[4:6]), month, day) and bool(_norwegian_first(s[:10])) and bool(_norwegian_second(s))


def norwegian_vat(s: str) -> bool:
    """Norway's number of an organisation: modulo 11."""
    return bool(_norwegian_vat(s.removeprefix("NO").removesuffix("MVA")))


def swedish_person(s: str) -> bool:
    """Sweden's number of a person: a date, with 60 added to the day of a co-ordination number, and Luhn."""
    d = s.replace("+", "")[-10:]
    if len(s.replace("+", "")) == 12 and s[:2] not in ("18", "19", "20"):
        return False
    day = int(d[4:6])
    return is_date(int(d[:2]), int(d[2:4]), day - 60 if day > 60 else day) and luhn(d)


def swedish_vat(s: str) -> bool:
    """Sweden's VAT number: Luhn over ten digits."""
    return luhn(s[2:12])


def icelandic_person(s: str) -> bool:
    """Iceland's kennitala: a date, with 40 added to the day of an organisation, and modulo 11."""
    return is_date(int(s[4:6]), int(s[2:4]), int(s[:2]) % 40) and bool(_icelandic(s[:9]))


def _by_turns(digits: str) -> int:
    """Σ weight · digit modulo 11 with cyclic weights 1 to 9 from 1 on; if that is 10, from 3 on; if 10 again, 0."""
    for start in (1, 3):
        rest = sum(((start + i - 1) % 9 + 1) * int(c) for i, c in enumerate(digits)) % 11
        if rest < 10:
            return rest
    return 0


def baltic_person(s: str) -> bool:
    """The personal code of Estonia and Lithuania: a date, and modulo 11 with weights from 1, else from 3."""
    return birth(s[1:], "yymmdd") and int(s[10]) == _by_turns(s[:10])


def estonian_vat(s: str) -> bool:
    """Estonia's VAT number: weights 3 7 1, modulo 10."""
    return bool(_estonian_vat(s[2:]))


def latvian_person(s: str) -> bool | Tier:
    """Latvia's personal code: a date and modulo 11; the new form, which begins with 32, has neither."""
    return "C" if s[:2] > "31" else birth(s, "ddmmyy") and _latvian(s)


def latvian_vat(s: str) -> bool:
    """Latvia's VAT number of a company: modulo 11."""
    return s[2] > "3" and bool(_latvian_vat(s[2:]))


def lithuanian_vat(s: str) -> bool:
    """Lithuania's VAT number: modulo 11 with weights from 1, else from 3; the second-last digit is 1."""
    return s[-2] == "1" and int(s[-1]) == _by_turns(s[2:-1])


ENTITIES = (
    Entity("DENMARK_PERSONAL_IDENTIFICATION_NUMBER", r"\b[0-3]\d[01]\d{3}-?\d{4}\b", "DK", "identity", "B", cpr, example="211062-5629"),
    Entity("DENMARK_TAX_IDENTIFICATION_NUMBER", r"\b[0-3]\d[01]\d{3}-?\d{4}\b", "DK", "tax", "B", cpr, example="211062-5629"),
    Entity("DENMARK_VALUE_ADDED_TAX", r"\bDK ?\d{8}\b", "DK", "vat", "A", danish_vat, example="DK 13585628"),
    Entity("DENMARK_DRIVING_LICENSE", r"\b\d{8}\b", "DK", "driving"),
    Entity(
        "FINLAND_NATIONAL_IDENTIFICATION_NUMBER",
        r"\b[0-3]\d[01]\d{3}[-+ABCDEFYXWVU]\d{3}[0-9A-FHJ-NPR-Y]\b",
        "FI",
        "identity",
        "A",
        finnish_person,
        example="131052-308T",
    ),
    Entity(
        "FINLAND_HEALTH_INSURANCE_NUMBER",
        r"\b[0-3]\d[01]\d{3}[-+ABCDEFYXWVU]\d{3}[0-9A-FHJ-NPR-Y]\b",
        "FI",
        "health",
        "A",
        finnish_person,
        example="131052-308T",
    ),
    Entity("FINLAND_VALUE_ADDED_TAX", r"\bFI ?\d{8}\b", "FI", "vat", "A", finnish_vat, example="FI 20774740"),
    Entity("FINLAND_PASSPORT_NUMBER", r"\b[A-Z]{2}\d{7}\b", "FI", "passport"),
    Entity(
        "FINLAND_DRIVING_LICENSE",
        r"\b[0-3]\d[01]\d{3}[-+ABCDEFYXWVU]\d{3}[0-9A-FHJ-NPR-Y]\b",
        "FI",
        "driving",
        "A",
        finnish_person,
        needs_context=True,
    ),
    Entity("NORWAY_BIRTH_NUMBER", r"\b[0-7]\d[0-9]\d{3} ?\d{5}\b", "NO", "identity", "A", norwegian_person, example="151086 95088"),
    Entity(
        "NORWAY_NATIONAL_IDENTIFICATION_NUMBER",
        r"\b[0-7]\d[0-9]\d{3} ?\d{5}\b",
        "NO",
        "identity",
        "A",
        norwegian_person,
        example="151086 95088",
    ),
    Entity(
        "NORWAY_HEALTH_INSURANCE_NUMBER", r"\b[0-7]\d[0-9]\d{3} ?\d{5}\b", "NO", "health", "A", norwegian_person, example="151086 95088"
    ),
    Entity(
        "NORWAY_VALUE_ADDED_TAX", r"\b(?:NO ?)?\d{3} ?\d{3} ?\d{3} ?MVA\b", "NO", "vat", "A", norwegian_vat, example="NO 995 525 828 MVA"
    ),
    Entity("NORWAY_DRIVING_LICENSE", r"\b\d{2} \d{2} \d{6} \d\b", "NO", "driving"),
    Entity(
        "SWEDEN_PERSONAL_IDENTIFICATION_NUMBER",
        r"\b(?:\d{2})?\d{6}[-+]?\d{4}\b",
        "SE",
        "identity",
        "A",
        swedish_person,
        example="880320-0016",
    ),
    Entity("SWEDEN_TAX_IDENTIFICATION_NUMBER", r"\b(?:\d{2})?\d{6}[-+]?\d{4}\b", "SE", "tax", "A", swedish_person, example="880320-0016"),
    Entity("SWEDEN_VALUE_ADDED_TAX", r"\bSE ?\d{10}01\b", "SE", "vat", "A", swedish_vat, example="SE 123456789701"),
    Entity("SWEDEN_PASSPORT_NUMBER", r"\b\d{8}\b", "SE", "passport"),
    Entity("SWEDEN_DRIVING_LICENSE", r"\b(?:\d{2})?\d{6}[-+]?\d{4}\b", "SE", "driving", "A", swedish_person, needs_context=True),
    Entity(
        "ICELAND_NATIONAL_IDENTIFICATION_NUMBER",
        r"\b[0-7]\d[01]\d{3}-?\d{3}[890]\b",
        "IS",
        "identity",
        "A",
        icelandic_person,
        example="120174-3399",
    ),
    Entity("ICELAND_VALUE_ADDED_TAX", r"\bIS ?\d{5,6}\b", "IS", "vat"),
    Entity("ICELAND_PASSPORT_NUMBER", r"\bA\d{7}\b", "IS", "passport"),
    Entity("ESTONIA_PERSONAL_IDENTIFICATION_CODE", r"\b[1-8]\d{10}\b", "EE", "identity", "A", baltic_person, example="36805280109"),
    Entity("LITHUANIA_PERSONAL_IDENTIFICATION_NUMBER", r"\b[1-8]\d{10}\b", "LT", "identity", "A", baltic_person, example="36805280109"),
    Entity("LITHUANIA_TAX_IDENTIFICATION_NUMBER", r"\b[1-8]\d{10}\b", "LT", "tax", "A", baltic_person, example="36805280109"),
    Entity("ESTONIA_VALUE_ADDED_TAX", r"\bEE ?\d{9}\b", "EE", "vat", "A", estonian_vat, example="EE100594102"),
    Entity("ESTONIA_PASSPORT_NUMBER", r"\b[A-Z]{1,2}\d{7}\b", "EE", "passport"),
    Entity("ESTONIA_DRIVING_LICENSE", r"\b[A-Z]{2}\d{6}\b", "EE", "driving"),
    Entity(
        "LATVIA_PERSONAL_IDENTIFICATION_NUMBER",
        r"\b(?:[0-3]\d[01]\d{3}-?[012]\d{4}|3[2-9]\d{4}-?\d{5})\b",
        "LV",
        "identity",
        "B",
        latvian_person,
        example="161175-19997",
    ),
    Entity("LATVIA_VALUE_ADDED_TAX", r"\bLV ?\d{4} ?\d{4} ?\d{3}\b", "LV", "vat", "A", latvian_vat, example="LV 4000 3521 600"),
    Entity("LATVIA_PASSPORT_NUMBER", r"\b[A-Z0-9]{2}\d{7}\b", "LV", "passport"),
    Entity("LATVIA_DRIVING_LICENSE", r"\b[A-Z]{3}\d{6}\b", "LV", "driving"),
    Entity("LITHUANIA_VALUE_ADDED_TAX", r"\bLT ?\d{9}(?:\d{3})?\b", "LT", "vat", "A", lithuanian_vat, example="LT119511515"),
    Entity("LITHUANIA_DRIVING_LICENSE", r"\b\d{8}\b", "LT", "driving"),
)
