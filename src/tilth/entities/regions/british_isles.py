"""Entities of the United Kingdom and Ireland."""

from __future__ import annotations

from tilth.entities.entity import Entity, compact
from tilth.entities.phones import PHONE, phone_of
from tilth.entities.validators import COMPLEMENT_11, Tier, iban, last

health_service = last("10 9 8 7 6 5 4 3 2", COMPLEMENT_11)
_PPS = "WABCDEFGHIJKLMNOPQRSTUV"


def national_insurance(s: str) -> bool:
    """Whether the prefix is issued."""
    return s[:2] not in ("BG", "GB", "NK", "KN", "TN", "NT", "ZZ")


def unique_taxpayer(s: str) -> bool:
    """A UTR: its first digit checks the other nine."""
    return s[0] == "21987654321"[sum(w * int(c) for w, c in zip((6, 7, 8, 9, 10, 5, 4, 3, 2), s[1:], strict=True)) % 11]


def british_vat(s: str) -> bool:
    """A VAT number: modulo 97, by the rule of the old or the new series."""
    d = s[2:]
    rest = (sum(w * int(c) for w, c in zip((8, 7, 6, 5, 4, 3, 2), d, strict=False)) + int(d[7:9])) % 97
    return rest in (0, 42, 55) if int(d[:3]) >= 100 else rest == 0


def british_account(s: str) -> bool | Tier:
    """An IBAN; or eight digits, which could be anything."""
    return "C" if s.isdigit() else "A" if iban(s) else False


def british_driver(s: str) -> bool:
    """A driver number: month and day of birth; for women the month is increased by 50."""
    month, day = int(s[6:8]), int(s[8:10])
    return 1 <= (month - 50 if month > 50 else month) <= 12 and 1 <= day <= 31


def personal_public_service(s: str) -> bool:
    """Ireland's PPS number: a letter modulo 23."""
    second = 0 if len(s) < 9 or s[8] in "WT" else ord(s[8]) - 64
    return s[7] == _PPS[(sum(w * int(c) for w, c in zip((8, 7, 6, 5, 4, 3, 2), s, strict=False)) + 9 * second) % 23]


def irish_vat(s: str) -> bool:
    """Ireland's VAT number: checked like a PPS number; in the old form the second character is not a digit."""
    d = s[2:]
    return personal_public_service(d if d[1].isdigit() else f"0{d[2:7]}{d[0]}{d[7]}")


def british_phone(s: str) -> bool | Tier:
    """A telephone number, in national form or with the country code."""
    d = compact(s)
    return (d.startswith(("+44", "0044")) or not d.startswith(("+", "00"))) and phone_of(("GB",))(s)


ENTITIES = (
    Entity(
        "UK_NATIONAL_INSURANCE_NUMBER",
        r"\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b",
        "GB",
        "social",
        "B",
        national_insurance,
        example="AB 12 34 56 C",
    ),
    Entity(
        "UK_NATIONAL_HEALTH_SERVICE_NUMBER", r"\b\d{3}[ -]?\d{3}[ -]?\d{4}\b", "GB", "health", "A", health_service, example="943-476-5870"
    ),
    Entity("UK_UNIQUE_TAXPAYER_REFERENCE_NUMBER", r"\b\d{5} ?\d{5}\b", "GB", "tax", "A", unique_taxpayer, example="1955839661"),
    Entity("UK_VALUE_ADDED_TAX", r"\bGB ?\d{3} ?\d{4} ?\d{2}(?: ?\d{3})?\b", "GB", "vat", "A", british_vat, example="GB 980 7806 84"),
    Entity("UK_BANK_SORT_CODE", r"\b\d{2}-\d{2}-\d{2}\b", "GB", "bank"),
    Entity("UK_BANK_ACCOUNT", r"\b(?:\d{8}|GB\d{2} ?[A-Z]{4} ?\d{4} ?\d{4} ?\d{4} ?\d{2})\b", "GB", "bank", "C", british_account),
    Entity("UK_PHONE_NUMBER", PHONE, "GB", "phone", "B", british_phone, raw=True, example="020 7946 0958"),
    Entity("UK_ELECTORAL_ROLL_NUMBER", r"\b[A-Z]{2}\d{1,4}\b", "GB", "social"),
    Entity("UK_PASSPORT_NUMBER", r"\b\d{9}\b", "GB", "passport"),
    Entity(
        "UK_DRIVING_LICENSE",
        r"\b[A-Z9]{5} ?\d[0156]\d[0-3]\d ?\d[A-Z9]{2} ?\d[A-Z]{2}\b",
        "GB",
        "driving",
        "B",
        british_driver,
        example="MORGA753116SM9IJ",
    ),
    Entity(
        "IRELAND_PERSONAL_PUBLIC_SERVICE_NUMBER",
        r"\b\d{7}[A-W][A-IWT]?\b",
        "IE",
        "social",
        "A",
        personal_public_service,
        example="6433435F",
    ),
    Entity("IRELAND_TAX_IDENTIFICATION_NUMBER", r"\b\d{7}[A-W][A-IWT]?\b", "IE", "tax", "A", personal_public_service, example="6433435F"),
    Entity("IRELAND_VALUE_ADDED_TAX", r"\bIE ?\d[0-9A-Z+*]\d{5}[A-W][A-I]?\b", "IE", "vat", "A", irish_vat, example="IE6433435F"),
    Entity("IRELAND_PASSPORT_NUMBER", r"\b[A-Z0-9]{2}\d{7}\b", "IE", "passport"),
    Entity("IRELAND_DRIVING_LICENSE", r"\b\d{3} ?\d{3} ?\d{3}\b", "IE", "driving"),
)
