"""Entities of the Middle East and Africa."""

from __future__ import annotations

from datetime import UTC, datetime

from tilth.entities.entity import Entity
from tilth.entities.validators import birth, luhn


def israeli_person(s: str) -> bool:
    """Israel's identity number: Luhn, padded with leading zeros."""
    return luhn(s.zfill(9)) and int(s) > 0


def south_african_person(s: str) -> bool:
    """South Africa's identity number: a date, and Luhn."""
    return birth(s, "yymmdd") and luhn(s)


def emirates_person(s: str) -> bool:
    """The number of the United Arab Emirates: a year that is not in the future."""
    return int(s[3:7]) <= datetime.now(UTC).year


ENTITIES = (
    Entity("ISRAEL_IDENTIFICATION_NUMBER", r"\b\d{8,9}\b|\b\d{7}-\d\b", "IL", "identity", "A", israeli_person, example="3933742-3"),
    Entity(
        "SOUTH_AFRICA_PERSONAL_IDENTIFICATION_NUMBER",
        r"\b\d{2}[01]\d[0-3]\d \d{4} ?[012]\d{2}\b|\b\d{10}[012]\d{2}\b",
        "ZA",
        "identity",
        "A",
        south_african_person,
        example="7503305044089",
    ),
    Entity(
        "UNITED_ARAB_EMIRATES_PERSONAL_NUMBER",
        r"\b784-?(?:19|20)\d{2}-?\d{7}-?\d\b",
        "AE",
        "identity",
        "B",
        emirates_person,
        example="784-1987-1234567-1",
    ),
)
