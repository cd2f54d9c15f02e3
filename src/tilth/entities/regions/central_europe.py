"""Entities of Germany, Austria, Switzerland and Liechtenstein."""

from __future__ import annotations

from collections import Counter

from tilth.entities.entity import Entity
from tilth.entities.validators import COMPLEMENT_11, Tier, birth, iban, last, luhn, machine_readable, mod_11_10, total

_OFFICES = frozenset(
    [
        "03",
        "04",
        "06",
        "07",
        "08",
        "09",
        "10",
        "12",
        "15",
        "16",
        "18",
        "22",
        "23",
        "29",
        "33",
        "38",
        "41",
        "46",
        "51",
        "52",
        "53",
        "54",
        "57",
        "59",
        "61",
        "65",
        "67",
        "68",
        "69",
        "71",
        "72",
        "81",
        "82",
        "83",
        "84",
        "90",
        "91",
        "93",
        "97",
        "98",
    ]
)
_ssn_weights = total("3 7 9 -1 5 8 4 2 1 6", 11)
_uid_weights = last("5 4 3 2 7 6 5 4", COMPLEMENT_11)
_ean = total("1 3 1 3 1 3 1 3 1 3 1 3 1", 10)


def german_tax(s: str) -> bool:
    """The IdNr: ISO 7064 MOD 11,10, and exactly one of its first ten digits occurs two or three times."""
    if len(s) != 11:
        return False
    several = [n for n in Counter(s[:10]).values() if n > 1]
    return several in ([2], [3]) and mod_11_10(s)


def german_vat(s: str) -> bool:
    """Germany's VAT number: ISO 7064 MOD 11,10."""
    return s[2] != "0" and mod_11_10(s[2:])


def german_card(s: str) -> bool | Tier:
    """A serial number of a German identity card or passport with its check digit. Without it, or if all digits, it could be anything."""
    if len(s) == 9:
        return "C"
    valid = machine_readable(s[:9]) == int(s[9])
    return "C" if valid and s.isdigit() else valid


def austrian_insured(s: str) -> bool:
    """Austria's social security number: the fourth digit checks the others, and the last six are a date."""
    return s[0] != "0" and birth(s[4:], "ddmmyy") and bool(_ssn_weights(s))


def austrian_tax(s: str) -> bool:
    """Austria's tax number: a tax office, and Luhn."""
    return s[:2] in _OFFICES and luhn(s)


def austrian_vat(s: str) -> bool:
    """Austria's VAT number: 96 − s modulo 10, where s is the sum with every second digit doubled."""
    d = s[3:]
    return (96 - sum(int(c) if i % 2 == 0 else int(c) * 2 // 10 + int(c) * 2 % 10 for i, c in enumerate(d[:7]))) % 10 == int(d[7])


def swiss_person(s: str) -> bool:
    """A Swiss AHV number, by the check digit of EAN-13; the number of a health insurance card, by Luhn."""
    return bool(_ean(s)) if len(s) == 13 else luhn(s)


def swiss_company(s: str) -> bool:
    """The digits of a Swiss UID: modulo 11."""
    return bool(_uid_weights(s[3:12]))


ENTITIES = (
    Entity(
        "GERMANY_TAX_IDENTIFICATION_NUMBER",
        r"\b[1-9]\d{1,2}[ /]?\d{3}[ /]?\d{3}[ /]?\d{2,3}\b",
        "DE",
        "tax",
        "A",
        german_tax,
        example="36 574 261 809",
    ),
    Entity("GERMANY_VALUE_ADDED_TAX", r"\bDE ?\d{3} ?\d{3} ?\d{3}\b", "DE", "vat", "A", german_vat, example="DE136695976"),
    Entity(
        "GERMANY_PERSONAL_IDENTIFICATION_NUMBER",
        r"\b[CFGHJKLMNPRTVWXYZ0-9]{9}\d?\b",
        "DE",
        "identity",
        "B",
        german_card,
        example="T220001293",
    ),
    Entity(
        "GERMANY_PASSPORT_NUMBER", r"\b[CFGHJK][CFGHJKLMNPRTVWXYZ0-9]{8}\d?\b", "DE", "passport", "B", german_card, example="C01X00T478"
    ),
    Entity("GERMANY_BANK_ACCOUNT", r"\bDE\d{2} ?(?:\d{4} ?){4}\d{2}\b", "DE", "bank", "A", iban, example="DE89 3704 0044 0532 0130 00"),
    Entity("GERMANY_DRIVING_LICENSE", r"\b[A-Z0-9]{3}\d{2}[A-Z0-9]{5}[0-9X]\b", "DE", "driving"),
    Entity("AUSTRIA_SSN", r"\b\d{4} ?\d{6}\b", "AT", "social", "A", austrian_insured, example="1237 010180"),
    Entity("AUSTRIA_TAX_IDENTIFICATION_NUMBER", r"\b\d{2}-?\d{3}/?\d{4}\b", "AT", "tax", "A", austrian_tax, example="59-119/9013"),
    Entity("AUSTRIA_VALUE_ADDED_TAX", r"\bATU\d{8}\b", "AT", "vat", "A", austrian_vat, example="ATU13585627"),
    Entity("AUSTRIA_PASSPORT_NUMBER", r"\b[A-Z]{1,2} ?\d{7}\b", "AT", "passport"),
    Entity("AUSTRIA_DRIVING_LICENSE", r"\b\d{8}\b", "AT", "driving"),
    Entity(
        "SWITZERLAND_AHV", r"\b756\.?\d{4}\.?\d{4}\.?\d{2}\b|\b80756\d{15}\b", "CH", "health", "A", swiss_person, example="756.9217.0769.85"
    ),
    Entity(
        "SWITZERLAND_HEALTH_INSURANCE_NUMBER",
        r"\b756\.?\d{4}\.?\d{4}\.?\d{2}\b|\b80756\d{15}\b",
        "CH",
        "health",
        "A",
        swiss_person,
        example="756.9217.0769.85",
    ),
    Entity(
        "SWITZERLAND_VALUE_ADDED_TAX",
        r"\bCHE-?\d{3}\.?\d{3}\.?\d{3} ?(?:MWST|TVA|IVA|TPV)\b",
        "CH",
        "vat",
        "A",
        swiss_company,
        example="CHE-107.787.577 IVA",
    ),
    Entity("SWITZERLAND_PASSPORT_NUMBER", r"\b[A-Z]\d[A-Z0-9]\d{5}\b", "CH", "passport"),
    Entity("LIECHTENSTEIN_NATIONAL_IDENTIFICATION_NUMBER", r"\b\d{4,12}\b", "LI", "identity"),
    Entity("LIECHTENSTEIN_TAX_IDENTIFICATION_NUMBER", r"\b\d{4,12}\b", "LI", "tax"),
    Entity("LIECHTENSTEIN_PASSPORT_NUMBER", r"\b[A-Z]\d{5}\b", "LI", "passport"),
)
