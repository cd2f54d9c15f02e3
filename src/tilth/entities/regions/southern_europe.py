"""Entities of Spain, Portugal, Italy, Greece, Cyprus and Malta."""

from __future__ import annotations

from tilth.entities.entity import Entity
from tilth.entities.validators import dated, iban, is_date, last, luhn, total

_DNI = "TRWAGMYFPDXBNJZSQVHLCKE"
_account_weights = last("1 2 4 8 5 10 9 7 3 6", "01987654321")
_MONTHS = "ABCDEHLMPRST"
_OMOCODIA = str.maketrans("LMNPQRSTUV", "0123456789")
_ODD = dict(
    zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (1, 0, 5, 7, 9, 13, 15, 17, 19, 21) * 2 + (2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23),
        strict=True,
    )
)
portuguese_tax_digits = last("9 8 7 6 5 4 3 2", "00987654321")
greek_tax_digits = last("256 128 64 32 16 8 4 2", "01234567890")
_malta = total("3 4 6 7 8 9 10 1", 37)


def dni(s: str) -> bool:
    """Spain's DNI: a letter modulo 23."""
    return s[-1] == _DNI[int(s[:-1]) % 23]


def nie(s: str) -> bool:
    """Spain's NIE: checked like the DNI; X, Y and Z count as 0, 1 and 2."""
    return dni(str("XYZ".index(s[0])) + s[1:])


def spanish_insured(s: str) -> bool:
    """Spain's social security number: a province, and the rest modulo 97."""
    province, number = int(s[:2]), int(s[2:-2])
    n = number + province * 10**7 if number < 10**7 else int(s[:-2])
    return (1 <= province <= 53 or province == 66) and n % 97 == int(s[-2:])


def spanish_account(s: str) -> bool:
    """A Spanish account with its two check digits, or an IBAN."""
    if s.startswith("ES"):
        return iban(s)
    return bool(_account_weights("00" + s[:8] + s[8])) and bool(_account_weights(s[10:] + s[9]))


def spanish_vat(s: str) -> bool:
    """A DNI, a NIE, or a company's number with its check digit or letter."""
    d = s[2:]
    if d[0].isdigit():
        return d[-1] in _DNI and dni(d)
    if d[0] in "XYZ":
        return d[-1] in _DNI and nie(d)
    if d[0] in "KLM":
        return d[-1] in _DNI and dni(d[1:])
    check = -sum(int(c) if i % 2 else int(c) * 2 // 10 + int(c) * 2 % 10 for i, c in enumerate(d[1:8])) % 10
    return d[0] in "ABCDEFGHJNPQRSUVW" and d[-1] in (str(check), "JABCDEFGHI"[check])


def citizen_card(s: str) -> bool:
    """Portugal's citizen card: Luhn over twelve characters; letters count as 10 to 35."""
    values = [int(c, 36) for c in reversed(s)]
    return sum(v if i % 2 == 0 else v * 2 - (9 if v * 2 > 9 else 0) for i, v in enumerate(values)) % 10 == 0


def portuguese_tax(s: str) -> bool:
    """Portugal's NIF: weights 9 to 2, modulo 11."""
    return bool(portuguese_tax_digits(s.removeprefix("PT")))


def fiscal_code(s: str) -> bool:
    """Italy's codice fiscale: a date of birth, with 40 added to the day of women, and a letter modulo 26."""
    if (sum(_ODD[c] for c in s[:15:2]) + sum(int(c) if c.isdigit() else ord(c) - 65 for c in s[1:15:2])) % 26 != ord(s[15]) - 65:
        return False
    year, day = (int(part.translate(_OMOCODIA)) for part in (s[6:8], s[9:11]))
    return is_date(year, _MONTHS.index(s[8]) + 1, day - 40 if day > 40 else day)


def italian_vat(s: str) -> bool:
    """Italy's partita IVA: the number of an office, and Luhn."""
    d = s.removeprefix("IT")
    office = int(d[7:10])
    return (1 <= office <= 100 or office in (120, 121, 888, 999)) and luhn(d) and int(d[:7]) > 0


def greek_tax(s: str) -> bool:
    """Greece's AFM: powers of two, modulo 11."""
    return bool(greek_tax_digits(s.removeprefix("EL").removeprefix("GR"))) and s.strip("EGLR0") != ""


def cypriot_vat(s: str) -> bool:
    """Cyprus' VAT number: a letter modulo 26; digits at odd positions are translated first."""
    d = s.removeprefix("CY")
    odd = sum((1, 0, 5, 7, 9, 13, 15, 17, 19, 21)[int(c)] for c in d[:8:2])
    return d[:2] != "12" and ord(d[8]) - 65 == (odd + sum(map(int, d[1:8:2]))) % 26


def maltese_vat(s: str) -> bool:
    """Malta's VAT number: modulo 37."""
    return bool(_malta(s[2:])) and s[2] != "0"


amka = dated("ddmmyy", luhn)


ENTITIES = (
    Entity("SPAIN_DNI", r"\b\d{8}-?[A-HJ-NP-TV-Z]\b", "ES", "identity", "A", dni, example="54362315-K"),
    Entity("SPAIN_NIF", r"\b\d{8}-?[A-HJ-NP-TV-Z]\b", "ES", "tax", "A", dni, example="54362315-K"),
    Entity("SPAIN_TAX_IDENTIFICATION_NUMBER", r"\b\d{8}-?[A-HJ-NP-TV-Z]\b", "ES", "tax", "A", dni, example="54362315-K"),
    Entity("SPAIN_NIE", r"\b[XYZ]-?\d{7}-?[A-HJ-NP-TV-Z]\b", "ES", "identity", "A", nie, example="X-2482300W"),
    Entity("SPAIN_SSN", r"\b\d{2}[ /-]?\d{7,8}[ /-]?\d{2}\b", "ES", "social", "A", spanish_insured),
    Entity(
        "SPAIN_BANK_ACCOUNT",
        r"\b(?:\d{4}[ -]?\d{4}[ -]?\d{2}[ -]?\d{10}|ES\d{2} ?(?:\d{4} ?){4}\d{4})\b",
        "ES",
        "bank",
        "A",
        spanish_account,
        example="1234-1234-16 1234567890",
    ),
    Entity("SPAIN_VALUE_ADDED_TAX", r"\bES ?[A-Z0-9]\d{7}[A-Z0-9]\b", "ES", "vat", "A", spanish_vat, example="ESB64717838"),
    Entity("SPAIN_PASSPORT_NUMBER", r"\b[A-Z]{2,3}\d{6}\b", "ES", "passport"),
    Entity("SPAIN_DRIVING_LICENSE", r"\b\d{8}-?[A-HJ-NP-TV-Z]\b", "ES", "driving", "A", dni, needs_context=True),
    Entity(
        "PORTUGAL_NATIONAL_IDENTIFICATION_NUMBER",
        r"\b\d{8} ?\d ?[A-Z0-9]{2}\d\b",
        "PT",
        "identity",
        "A",
        citizen_card,
        example="00000000 0 ZZ4",
    ),
    Entity(
        "PORTUGAL_TAX_IDENTIFICATION_NUMBER",
        r"\b(?:PT ?)?[1-9]\d{2} ?\d{3} ?\d{3}\b",
        "PT",
        "tax",
        "A",
        portuguese_tax,
        example="501 964 843",
    ),
    Entity("PORTUGAL_VALUE_ADDED_TAX", r"\b(?:PT ?)?[1-9]\d{2} ?\d{3} ?\d{3}\b", "PT", "vat", "A", portuguese_tax, example="501 964 843"),
    Entity("PORTUGAL_PASSPORT_NUMBER", r"\b[A-Z]{1,2}\d{6}\b", "PT", "passport"),
    Entity("PORTUGAL_DRIVING_LICENSE", r"\b[A-Z]{1,2}-?\d{5,7} ?\d?\b", "PT", "driving"),
    Entity(
        "ITALY_FISCAL_CODE",
        r"\b[A-Z]{6}[0-9LMNP-V]{2}[ABCDEHLMPRST][0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{3}[A-Z]\b",
        "IT",
        "tax",
        "A",
        fiscal_code,
        example="RCCMNL83S18D969H",
    ),
    Entity("ITALY_VALUE_ADDED_TAX", r"\b(?:IT ?)?\d{11}\b", "IT", "vat", "A", italian_vat, example="IT 00743110157"),
    Entity("ITALY_BANK_ACCOUNT", r"\bIT\d{2}[A-Z]\d{10}[A-Z0-9]{12}\b", "IT", "bank", "A", iban, example="IT60X0542811101000000123456"),
    Entity("ITALY_PASSPORT_NUMBER", r"\b[A-Z]{2}\d{7}\b", "IT", "passport"),
    Entity("ITALY_DRIVING_LICENSE", r"\b[A-Z]{1}[AV]\d{7}[A-Z]\b|\bU1[A-Z0-9]{7}[A-Z]\b", "IT", "driving"),
    Entity("GREECE_SSN", r"\b\d{11}\b", "GR", "social", "A", amka, example="01013099997"),
    Entity("GREECE_TAX_IDENTIFICATION_NUMBER", r"\b(?:EL|GR)? ?\d{9}\b", "GR", "tax", "A", greek_tax, example="EL 094259216"),
    Entity("GREECE_VALUE_ADDED_TAX", r"\b(?:EL|GR)? ?\d{9}\b", "GR", "vat", "A", greek_tax, example="EL 094259216"),
    Entity("GREECE_PASSPORT_NUMBER", r"\b[A-Z]{2} ?\d{7}\b", "GR", "passport"),
    Entity("GREECE_DRIVING_LICENSE", r"\b\d{9}\b", "GR", "driving"),
    Entity("CYPRUS_VALUE_ADDED_TAX", r"\b(?:CY-?)?[013459]\d{7}[A-Z]\b", "CY", "vat", "A", cypriot_vat, example="CY-10259033P"),
    Entity("CYPRUS_TAX_IDENTIFICATION_NUMBER", r"\b(?:CY-?)?[013459]\d{7}[A-Z]\b", "CY", "tax", "A", cypriot_vat, example="CY-10259033P"),
    Entity("CYPRUS_NATIONAL_IDENTIFICATION_NUMBER", r"\b\d{6,10}\b", "CY", "identity"),
    Entity("CYPRUS_PASSPORT_NUMBER", r"\b[A-Z]\d{6,8}\b", "CY", "passport"),
    Entity("CYPRUS_DRIVING_LICENSE", r"\b\d{12}\b", "CY", "driving"),
    Entity("MALTA_NATIONAL_IDENTIFICATION_NUMBER", r"\b\d{3,7}[MGAPLHBZ]\b", "MT", "identity", "B", example="0123456M"),
    Entity("MALTA_TAX_IDENTIFICATION_NUMBER", r"\b\d{3,7}[MGAPLHBZ]\b", "MT", "tax", "B", example="0123456M"),
    Entity("MALTA_VALUE_ADDED_TAX", r"\bMT ?\d{4}-?\d{4}\b", "MT", "vat", "A", maltese_vat, example="MT 1167-9112"),
    Entity("MALTA_DRIVING_LICENSE", r"\b\d{2} \d{3} \d{3}\b", "MT", "driving"),
)
