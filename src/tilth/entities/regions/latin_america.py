"""Entities of Argentina, Brazil, Chile, Colombia, Mexico and Venezuela."""

from __future__ import annotations

from tilth.entities.entity import Entity
from tilth.entities.validators import all_equal, birth, iban, last, total

_CURP = "0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ"
_CNPJ = (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
_PRIMES = (3, 7, 13, 17, 19, 23, 29, 37, 41, 43, 47, 53, 59, 67, 71)

cuit = last("5 4 3 2 7 6 5 4 3 2", "09987654321")
_cpf_first, _cpf_second = last("10 9 8 7 6 5 4 3 2", "00987654321"), last("11 10 9 8 7 6 5 4 3 2", "00987654321")
clabe = total("3 7 1 3 7 1 3 7 1 3 7 1 3 7 1 3 7 1", 10)


def cpf(s: str) -> bool:
    """Brazil's number of a person: two check digits modulo 11."""
    return not all_equal(s) and bool(_cpf_first(s[:10])) and bool(_cpf_second(s))


def cnpj(s: str) -> bool:
    """Brazil's number of a company: two check digits modulo 11 over character codes minus that of 0; letters are allowed since 2026."""
    values = [ord(c) - 48 for c in s]
    for n in (12, 13):
        rest = sum(w * v for w, v in zip(_CNPJ[13 - n :], values, strict=False)) % 11
        if values[n] != (0 if rest < 2 else 11 - rest):
            return False
    return not all_equal(s)


def rut(s: str) -> bool:
    """Chile's RUT: weights 2 to 7 from the right, modulo 11, with K for 10."""
    rest = -sum((2 + i % 6) * int(c) for i, c in enumerate(reversed(s[:-1]))) % 11
    return s[-1] == "0123456789K"[rest]


def nit(s: str) -> bool:
    """Colombia's NIT: primes from the right, modulo 11."""
    return s[-1] == "01987654321"[sum(w * int(c) for w, c in zip(_PRIMES, reversed(s[:-1]), strict=False)) % 11]


def curp(s: str) -> bool:
    """Mexico's population code: a date of birth, and a check digit over an alphabet with Ñ."""
    rest = -sum((18 - i) * _CURP.index(c) for i, c in enumerate(s[:17])) % 10
    return birth(s[4:10], "yymmdd") and s[17] == str(rest)


def rfc(s: str) -> bool:
    """Mexico's tax number: a date before the last three characters."""
    return birth(s[-9:-3], "yymmdd")


def rif(s: str) -> bool:
    """Venezuela's RIF: weights with a value for the letter, modulo 11."""
    rest = (
        {"V": 4, "E": 8, "J": 12, "P": 16, "G": 20}[s[0]] + sum(w * int(c) for w, c in zip((3, 2, 7, 6, 5, 4, 3, 2), s[1:], strict=False))
    ) % 11
    return s[-1] == "00987654321"[rest]


ENTITIES = (
    Entity(
        "ARGENTINA_TAX_IDENTIFICATION_NUMBER", r"\b(?:20|23|24|27|30|33|34)-?\d{8}-?\d\b", "AR", "tax", "A", cuit, example="20-05536168-2"
    ),
    Entity(
        "BRAZIL_NATURAL_PERSON_REGISTRY_NUMBER", r"\b\d{3}\.?\d{3}\.?\d{3}-?\d{2}\b", "BR", "identity", "A", cpf, example="390.533.447-05"
    ),
    Entity(
        "BRAZIL_NATIONAL_REGISTRY_OF_LEGAL_ENTITIES_NUMBER",
        r"\b[0-9A-Z]{2}\.?[0-9A-Z]{3}\.?[0-9A-Z]{3}/?[0-9A-Z]{4}-?\d{2}\b",
        "BR",
        "company",
        "A",
        cnpj,
        example="16.727.230/0001-97",
    ),
    Entity("BRAZIL_NATIONAL_IDENTIFICATION_NUMBER", r"\b\d{1,2}\.?\d{3}\.?\d{3}-?[0-9Xx]\b", "BR", "identity"),
    Entity("BRAZIL_BANK_ACCOUNT", r"\bBR\d{25}[A-Z][A-Z0-9]\b", "BR", "bank", "A", iban),
    Entity(
        "CHILE_NATIONAL_IDENTIFICATION_NUMBER", r"\b\d{1,2}\.?\d{3}\.?\d{3}-[0-9Kk]\b", "CL", "identity", "A", rut, example="76086428-5"
    ),
    Entity("CHILE_DRIVING_LICENSE", r"\b\d{1,2}\.?\d{3}\.?\d{3}-[0-9Kk]\b", "CL", "driving", "C", rut),
    Entity("COLOMBIA_PERSONAL_IDENTIFICATION_NUMBER", r"\b\d{6,8}\b|\b1\d{9}\b", "CO", "identity"),
    Entity("COLOMBIA_TAX_IDENTIFICATION_NUMBER", r"\b\d{3}\.?\d{3}\.?\d{3}-\d\b", "CO", "tax", "A", nit, example="213.123.432-1"),
    Entity(
        "MEXICO_UNIQUE_POPULATION_REGISTRY_CODE",
        r"\b[A-Z][AEIOUX][A-Z]{2}\d{6}[HMX][A-Z]{5}[0-9A-Z]\d\b",
        "MX",
        "identity",
        "A",
        curp,
        example="BOXW310820HNERXN09",
    ),
    Entity(
        "MEXICO_TAX_IDENTIFICATION_NUMBER", r"\b[A-ZÑ&]{3,4}-? ?\d{6}-? ?[0-9A-Z]{3}\b", "MX", "tax", "B", rfc, example="GODE 561231 GR8"
    ),
    Entity("MEXICO_CLABE_NUMBER", r"\b\d{18}\b", "MX", "bank", "A", clabe, example="032180000118359719"),
    Entity("MEXICO_PASSPORT_NUMBER", r"\b[A-Z]\d{8}\b|\b\d{10,11}\b", "MX", "passport"),
    Entity("MEXICO_DRIVING_LICENSE", r"\b[A-Z0-9]{8,14}\b", "MX", "driving"),
    Entity("VENEZUELA_NATIONAL_IDENTIFICATION_NUMBER", r"\b[VE]-?\d{1,2}\.?\d{3}\.?\d{3}\b", "VE", "identity", "B", example="V-12.345.678"),
    Entity("VENEZUELA_VALUE_ADDED_TAX", r"\b[VEJPG]-?\d{8}-?\d\b", "VE", "vat", "A", rif, example="V-11470283-4"),
    Entity("VENEZUELA_DRIVING_LICENSE", r"\b[VE]-?\d{6,8}\b", "VE", "driving"),
)
