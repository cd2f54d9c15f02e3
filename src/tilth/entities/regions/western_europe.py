"""Entities of France, Belgium, the Netherlands and Luxembourg."""

from __future__ import annotations

from tilth.entities.entity import Entity
from tilth.entities.validators import Tier, birth, iban, is_date, luhn, mod_97, total, verhoeff

_RIB = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "12345678912345678923456789")
_KEYS = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # no I, no O
_bsn = total("9 8 7 6 5 4 3 2 -1", 11)


def nir(s: str) -> bool | Tier:
    """France's number of a person: the key is 97 − n mod 97; Corsica's letters count as 19 and 18. Without its key it could be anything."""
    if len(s) == 13:
        return "C"
    return 97 - int(s[:13].replace("2A", "19").replace("2B", "18")) % 97 == int(s[13:])


def french_tax(s: str) -> bool:
    """France's tax number: the last three digits are the first ten modulo 511."""
    return int(s[:10]) % 511 == int(s[10:])


def french_vat(s: str) -> bool:
    """A SIREN, checked by Luhn, and its key: modulo 97 if it is two digits, modulo 11 if it has letters."""
    key, siren = s[2:4], s[4:]
    if not luhn(siren):
        return False
    if key.isdigit():
        return (12 + 3 * (int(siren) % 97)) % 97 == int(key)
    first, second = map(_KEYS.index, key)
    n = first * 24 + second - 10 if key[0].isdigit() else first * 34 + second - 100
    return (int(siren) + 1 + n // 11) % 11 == n % 11


def french_account(s: str) -> bool:
    """A RIB with its key, or an IBAN."""
    if s.startswith("FR"):
        return iban(s)
    bank, branch, account = (int(part.translate(_RIB)) for part in (s[:5], s[5:10], s[10:21]))
    return 97 - (89 * bank + 15 * branch + 3 * account) % 97 == int(s[21:])


def belgian_person(s: str) -> bool:
    """Belgium's national number: a date, with 20 or 40 added to the month of foreigners, and the key 97 − n mod 97."""
    key, month = int(s[9:]), int(s[2:4]) % 20
    dated = month == 0 or s[4:6] == "00" or is_date(int(s[:2]), month, int(s[4:6]))
    return dated and month <= 12 and key in (97 - int(s[:9]) % 97, 97 - int("2" + s[:9]) % 97)


def belgian_vat(s: str) -> bool:
    """Belgium's company number: the first eight digits plus the last two are 0 modulo 97."""
    d = s[2:].zfill(10)
    return (int(d[:8]) + int(d[8:])) % 97 == 0 and int(d[:8]) > 0


def bsn(s: str) -> bool:
    """The citizen service number of the Netherlands: weights 9 to 2 and −1, modulo 11."""
    return int(s) > 0 and bool(_bsn(s.zfill(9)))


def dutch_vat(s: str) -> bool:
    """A VAT number of the Netherlands: checked like the BSN, or modulo 97 with its letters."""
    return bsn(s[2:11]) or mod_97(s) == 1


def luxembourg_person(s: str) -> bool:
    """Luxembourg's number of a person: a date, Luhn's check digit and Verhoeff's, both over the first eleven digits."""
    return birth(s, "yyyymmdd") and luhn(s[:12]) and verhoeff(s[:11] + s[12])


def luxembourg_vat(s: str) -> bool:
    """Luxembourg's VAT number: six digits modulo 89."""
    return int(s[2:8]) % 89 == int(s[8:])


ENTITIES = (
    Entity(
        "FRANCE_INSEE_CODE",
        r"\b[1-478] ?\d{2} ?\d{2} ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3}(?: ?\d{2})?\b",
        "FR",
        "social",
        "A",
        nir,
        example="2 95 10 99 126 111 93",
    ),
    Entity(
        "FRANCE_HEALTH_INSURANCE_NUMBER",
        r"\b[1-478] ?\d{2} ?\d{2} ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3}(?: ?\d{2})?\b",
        "FR",
        "health",
        "A",
        nir,
        example="2 95 10 99 126 111 93",
    ),
    Entity(
        "FRANCE_TAX_IDENTIFICATION_NUMBER", r"\b[0-3]\d(?: ?\d{2})(?: ?\d{3}){3}\b", "FR", "tax", "A", french_tax, example="3023217600053"
    ),
    Entity(
        "FRANCE_VALUE_ADDED_TAX", r"\bFR ?[0-9A-HJ-NP-Z]{2} ?\d{3} ?\d{3} ?\d{3}\b", "FR", "vat", "A", french_vat, example="FR 23334175221"
    ),
    Entity(
        "FRANCE_BANK_ACCOUNT",
        r"\b(?:\d{5} ?\d{5} ?[A-Z0-9]{11} ?\d{2}|FR\d{2} ?(?:[A-Z0-9]{4} ?){5}[A-Z0-9]{3})\b",
        "FR",
        "bank",
        "A",
        french_account,
    ),
    Entity("FRANCE_NATIONAL_IDENTIFICATION_NUMBER", r"\b(?:\d{12}|[A-Z0-9]{9})\b", "FR", "identity"),
    Entity("FRANCE_PASSPORT_NUMBER", r"\b\d{2}[A-Z]{2}\d{5}\b", "FR", "passport", example="12AB34567"),
    Entity("FRANCE_DRIVING_LICENSE", r"\b\d{12}\b|\b\d{2}[A-Z]{2}\d{5}\b", "FR", "driving"),
    Entity(
        "BELGIUM_NATIONAL_IDENTIFICATION_NUMBER",
        r"\b\d{2}[. ]?\d{2}[. ]?\d{2}[- ]?\d{3}[. ]?\d{2}\b",
        "BE",
        "identity",
        "A",
        belgian_person,
        example="85 07 30 033 28",
    ),
    Entity(
        "BELGIUM_TAX_IDENTIFICATION_NUMBER",
        r"\b\d{2}[. ]?\d{2}[. ]?\d{2}[- ]?\d{3}[. ]?\d{2}\b",
        "BE",
        "tax",
        "A",
        belgian_person,
        example="85 07 30 033 28",
    ),
    Entity("BELGIUM_VALUE_ADDED_TAX", r"\bBE ?[01]?\d{3}[. ]?\d{3}[. ]?\d{3}\b", "BE", "vat", "A", belgian_vat, example="BE 0428759497"),
    Entity("BELGIUM_PASSPORT_NUMBER", r"\b[A-Z]{2}\d{6}\b", "BE", "passport"),
    Entity("BELGIUM_DRIVING_LICENSE", r"\b\d{10}\b", "BE", "driving"),
    Entity("NETHERLANDS_CITIZEN_SERVICE_NUMBER", r"\b\d{4}[. ]?\d{2}[. ]?\d{2,3}\b", "NL", "identity", "A", bsn, example="1112.22.333"),
    Entity("NETHERLANDS_TAX_IDENTIFICATION_NUMBER", r"\b\d{4}[. ]?\d{2}[. ]?\d{2,3}\b", "NL", "tax", "A", bsn, example="1112.22.333"),
    Entity("NETHERLANDS_VALUE_ADDED_TAX", r"\bNL ?\d{9}B\d{2}\b", "NL", "vat", "A", dutch_vat, example="NL004495445B01"),
    Entity(
        "NETHERLANDS_BANK_ACCOUNT", r"\bNL\d{2} ?[A-Z]{4} ?\d{4} ?\d{4} ?\d{2}\b", "NL", "bank", "A", iban, example="NL91 ABNA 0417 1643 00"
    ),
    Entity("NETHERLANDS_PASSPORT_NUMBER", r"\b[A-NP-Z]{2}[A-NP-Z0-9]{6}\d\b", "NL", "passport"),
    Entity("NETHERLANDS_DRIVING_LICENSE", r"\b\d{10}\b", "NL", "driving"),
    Entity("LUXEMBOURG_NATIONAL_INDIVIDUAL_NUMBER", r"\b(?:19|20)\d{2}(?:0[1-9]|1[0-2])\d{7}\b", "LU", "identity", "A", luxembourg_person),
    Entity("LUXEMBOURG_TAX_IDENTIFICATION_NUMBER", r"\b(?:19|20)\d{2}(?:0[1-9]|1[0-2])\d{7}\b", "LU", "tax", "A", luxembourg_person),
    Entity("LUXEMBOURG_VALUE_ADDED_TAX", r"\bLU ?\d{3} ?\d{3} ?\d{2}\b", "LU", "vat", "A", luxembourg_vat, example="LU 150 274 42"),
    Entity("LUXEMBOURG_PASSPORT_NUMBER", r"\b[A-Z0-9]{8}\b", "LU", "passport"),
    Entity("LUXEMBOURG_DRIVING_LICENSE", r"\b\d{6}\b", "LU", "driving"),
)
