"""Entities of the United States and Canada."""

from __future__ import annotations

from tilth.entities.entity import Entity
from tilth.entities.validators import COMPLEMENT_11, Tier, all_equal, last, luhn

_health_of_bc = last("0 2 4 8 5 10 9 7 3", COMPLEMENT_11)
_TEST_NUMBERS = frozenset({"078051120", "219099999", "457555462", "123456789", *(f"98765432{i}" for i in range(10))})


def social_insurance(s: str) -> bool:
    """Canada's SIN: Luhn."""
    return luhn(s) and not all_equal(s)


def health_number(s: str) -> bool | Tier:
    """A health number of a province; numbers of British Columbia, which begin with 9, have a check digit."""
    return bool(_health_of_bc(s)) if s[0] == "9" and s.isdigit() else "C"


def social_security(s: str) -> bool | Tier:
    """An SSN: the ranges of area, group and serial number. There is no check digit, and nine digits without separators may be anything.

    >>> social_security("536-90-4399"), social_security("536904399"), social_security("666-90-4399"), social_security("078-05-1120")
    (True, 'C', False, False)
    """
    d = s.replace("-", "").replace(" ", "")
    if d[:3] in ("000", "666") or d[0] == "9" or d[3:5] == "00" or d[5:] == "0000" or d in _TEST_NUMBERS or all_equal(d):
        return False
    return "C" if d == s else len(s) == 11 and s[3] == s[6]


def taxpayer(s: str) -> bool | Tier:
    """An ITIN: whether the group is issued."""
    d = s.replace("-", "").replace(" ", "")
    valid = 50 <= (group := int(d[3:5])) <= 65 or 70 <= group <= 88 or 90 <= group <= 92 or 94 <= group <= 99
    return ("C" if d == s else True) if valid else False


def adoption(s: str) -> bool | Tier:
    """An ATIN: nine digits without separators may be anything."""
    return "C" if s.isdigit() else True


def provider(s: str) -> bool:
    """An NPI: Luhn with the prefix 80840."""
    return luhn("80840" + s)


def prescriber(s: str) -> bool:
    """A DEA number: the last digit of d1 + d3 + d5 + 2 · (d2 + d4 + d6)."""
    d = [int(c) for c in s[2:]]
    return (d[0] + d[2] + d[4] + 2 * (d[1] + d[3] + d[5])) % 10 == d[6]


def insurance_claim(s: str) -> bool:
    """A claim number of Medicare before 2020: a social security number and a letter."""
    return social_security(s[:9]) == "C"


ENTITIES = (
    Entity(
        "CANADA_SOCIAL_INSURANCE_NUMBER",
        r"\b[1-79]\d{2}[ -]?\d{3}[ -]?\d{3}\b",
        "CA",
        "social",
        "A",
        social_insurance,
        example="123-456-782",
    ),
    Entity("CANADA_GOVERNMENT_IDENTIFICATION_CARD_NUMBER", r"\b[A-Z0-9]{8,12}\b", "CA", "identity"),
    Entity(
        "CANADA_PERSONAL_HEALTH_NUMBER",
        r"\b\d{4}[ -]?\d{3}[ -]?\d{3}\b|\b[A-Z]{4} ?\d{4} ?\d{4}\b",
        "CA",
        "health",
        "B",
        health_number,
        example="9698 658 215",
    ),
    Entity("CANADA_PERMANENT_RESIDENCE_NUMBER", r"\b(?:RA|PA)\d{7,10}\b", "CA", "resident"),
    Entity("CANADA_PASSPORT_NUMBER", r"\b[A-Z]{2}\d{6}\b|\b[A-Z]\d{6}[A-Z]{2}\b", "CA", "passport"),
    Entity(
        "CANADA_DRIVING_LICENSE", r"\b[A-Z]\d{4}-?\d{5}-?\d{5}\b|\b[A-Z]\d{4}-?\d{6}-?\d{2}\b|\b\d{6}-?\d{3}\b|\b\d{7}\b", "CA", "driving"
    ),
    Entity(
        "USA_SSN",
        r"\b\d{3}[- ]?\d{2}[- ]?\d{4}\b",
        "US",
        "social",
        "B",
        social_security,
        raw=True,
        columns=("ssn",),
        words=("ssn",),
        example="536-90-4399",
    ),
    Entity(
        "USA_ITIN",
        r"\b9\d{2}[- ]?\d{2}[- ]?\d{4}\b",
        "US",
        "tax",
        "B",
        taxpayer,
        raw=True,
        columns=("itin",),
        words=("itin",),
        example="912-90-3456",
    ),
    Entity("USA_ATIN", r"\b9\d{2}[- ]?93[- ]?\d{4}\b", "US", "tax", "B", adoption, raw=True, example="900-93-1234"),
    Entity("USA_PTIN", r"\bP-?\d{8}\b", "US", "tax", "B", example="P-00634642"),
    Entity("USA_NATIONAL_PROVIDER_IDENTIFIER", r"\b[12]\d{9}\b", "US", "health", "A", provider, example="1234567893"),
    Entity(
        "USA_DEA_NUMBER",
        r"\b[ABCDEFGHJKLMPRSTUX][A-Z9]\d{7}\b",
        "US",
        "health",
        "A",
        prescriber,
        columns=("dea",),
        words=("dea",),
        example="AB1234563",
    ),
    Entity(
        "USA_MEDICARE_BENEFICIARY_IDENTIFIER",
        r"\b[1-9][AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y]\d-?[AC-HJKMNP-RT-Y][0-9AC-HJKMNP-RT-Y]\d-?[AC-HJKMNP-RT-Y]{2}\d{2}\b",
        "US",
        "health",
        "B",
        example="1EG4-TE5-MK73",
    ),
    Entity(
        "USA_HEALTH_INSURANCE_CLAIM_NUMBER",
        r"\b\d{3}-?\d{2}-?\d{4}-?[A-Z]\d?\b",
        "US",
        "health",
        "B",
        insurance_claim,
        example="536-90-4399A",
    ),
    Entity(
        "USA_NATIONAL_DRUG_CODE", r"\b(?:\d{4}-\d{4}-\d{2}|\d{5}-\d{3}-\d{2}|\d{5}-\d{4}-\d{1,2})\b", "US", "health", example="0777-3105-02"
    ),
    Entity("USA_HCPCS_CODE", r"\b[A-V]\d{4}\b", "US", "health"),
    Entity("USA_CPT_CODE", r"\b\d{4}[0-9FTU]\b", "US", "health"),
    Entity("USA_PASSPORT_NUMBER", r"\b[A-Z]\d{8}\b|\b\d{9}\b", "US", "passport"),
    Entity("USA_DRIVING_LICENSE", r"\b[A-Z]{0,2}\d{6,13}\b", "US", "driving"),
)
