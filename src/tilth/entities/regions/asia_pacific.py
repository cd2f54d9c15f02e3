"""Entities of Asia and the Pacific."""

from __future__ import annotations

from tilth.entities.entity import Entity
from tilth.entities.validators import Tier, birth, is_date, last, mod_11_2, total, verhoeff

_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领"
_TAIWAN = {c: i for i, c in enumerate("ABCDEFGHJKLMNPQRSTUVXYWZIO", 10)}
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"  # in New Zealand's health numbers: no I, no O
_UEN = "ABCDEFGHJKLMNPQRSTUVWX0123456789"
australian_company = total("8 7 6 5 4 3 2 1 1", 10)
tax_file = total("1 4 3 7 5 8 6 9 10", 11)
_medicare = last("1 3 7 9 1 3 7 9", "0123456789")
_ird_first, _ird_second = last("3 2 7 6 5 4 3 2", "0?987654321"), last("7 4 3 2 5 2 7 6", "0?987654321")
my_number = last("6 5 4 3 2 7 6 5 4 3 2", "00987654321")
_korean = last("2 3 4 5 6 7 8 9 2 3 4 5", "10987654321")
thai_person = last("13 12 11 10 9 8 7 6 5 4 3 2", "10987654321")


def australian_business(s: str) -> bool:
    """The ABN: modulo 89, after 1 is subtracted from the first digit."""
    weights = (10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19)
    return (sum(w * int(c) for w, c in zip(weights, s, strict=True)) - 10) % 89 == 0


def australian_medicare(s: str) -> bool:
    """A Medicare number: the ninth digit checks the first eight."""
    return bool(_medicare(s[:9]))


def inland_revenue(s: str) -> bool:
    """New Zealand's IRD number: its range, and modulo 11 with the first weights, else the second."""
    d = s.zfill(9)
    first = sum(w * int(c) for w, c in zip((3, 2, 7, 6, 5, 4, 3, 2), d, strict=False)) % 11
    return 10_000_000 < int(d) < 150_000_000 and bool(_ird_second(d) if first == 1 else _ird_first(d))


def health_index(s: str) -> bool | Tier:
    """New Zealand's NHI number: the old form is checked modulo 11."""
    if not s[3:].isdigit():
        return "C"
    values = [_LETTERS.index(c) + 1 for c in s[:3]] + [int(c) for c in s[3:6]]
    rest = sum(w * v for w, v in zip((7, 6, 5, 4, 3, 2), values, strict=True)) % 11
    return rest != 0 and int(s[6]) == (11 - rest) % 10


def chinese_person(s: str) -> bool:
    """China's identity number: a date, and ISO 7064 MOD 11-2."""
    return birth(s[6:], "yyyymmdd") and mod_11_2(s)


def chinese_plate(s: str) -> bool:
    """Whether a plate begins with a province."""
    return s[0] in _PROVINCES


def hong_kong_card(s: str) -> bool:
    """Hong Kong's identity card: modulo 11, where the blank before a single letter counts as 36."""
    values = [*([36] if len(s) == 8 else []), *(int(c, 36) for c in s)]
    return sum(w * v for w, v in zip(range(9, 0, -1), values, strict=True)) % 11 == 0


def taiwanese_person(s: str) -> bool:
    """Taiwan's identity number: the first letter as two digits, modulo 10."""
    first = _TAIWAN[s[0]]
    second = int(s[1]) if s[1].isdigit() else _TAIWAN[s[1]] % 10
    values = (first // 10, first % 10, second, *map(int, s[2:]))
    return sum(w * v for w, v in zip((1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1), values, strict=True)) % 10 == 0


def korean_person(s: str, among: str) -> bool | Tier:
    """Korea's registration number: a date, and modulo 11; numbers issued since October 2020 have no check digit."""
    if s[6] not in among or not birth(s, "yymmdd"):
        return False
    return bool(_korean(s)) or ("B" if s[6] in "3478" and s[:2] >= "20" else False)


def korean_citizen(s: str) -> bool | Tier:
    """The registration number of a citizen of Korea."""
    return korean_person(s, "012349")


def korean_foreigner(s: str) -> bool | Tier:
    """The registration number of a foreigner in Korea."""
    return korean_person(s, "5678")


def aadhaar(s: str) -> bool:
    """India's Aadhaar: Verhoeff's check digit, and not a palindrome."""
    return s != s[::-1] and verhoeff(s)


def permanent_account(s: str) -> bool:
    """India's PAN: a serial number that is not 0."""
    return s[5:9] != "0000"


def indonesian_person(s: str) -> bool:
    """Indonesia's NIK: a province, and a date; for women the day is increased by 40."""
    day = int(s[6:8])
    return 11 <= int(s[:2]) <= 96 and is_date(int(s[10:12]), int(s[8:10]), day - 40 if day > 40 else day)


def mykad(s: str) -> bool | Tier:
    """Malaysia's MyKad: a date, and the code of a place."""
    return birth(s, "yymmdd") and s[6:8] not in ("00", "17", "18", "19", "20", "69", "70", "73", "80", "81", "94", "95", "96", "97")


def singapore_person(s: str) -> bool:
    """Singapore's NRIC or FIN: a letter modulo 11, by series."""
    rest = (sum(w * int(c) for w, c in zip((2, 7, 6, 5, 4, 3, 2), s[1:], strict=False)) + {"T": 4, "G": 4, "M": 3}.get(s[0], 0)) % 11
    return s[8] == ("JZIHGFEDCBA" if s[0] in "ST" else "XWUTRQPNJLK" if s[0] == "M" else "XWUTRQPNMLK")[rest]


def singapore_entity(s: str) -> bool:
    """Singapore's UEN: a letter modulo 11, for businesses, companies and others."""
    if not s[0].isdigit():
        return s[9] == _UEN[(sum(w * _UEN.find(c) for w, c in zip((4, 3, 5, 3, 10, 2, 2, 5, 7), s, strict=False)) - 5) % 11]
    weights, letters = ((10, 4, 9, 3, 8, 2, 7, 1), "XMKECAWLJDB") if len(s) == 9 else ((10, 8, 6, 4, 9, 7, 5, 3, 1), "ZKCMDNERGWH")
    return s[-1] == letters[sum(w * int(c) for w, c in zip(weights, s, strict=False)) % 11]


def sri_lankan_person(s: str) -> bool:
    """Sri Lanka's identity number: a day of the year, increased by 500 for women."""
    day = int(s[2:5] if len(s) == 10 else s[4:7])
    return 1 <= (day - 500 if day > 500 else day) <= 366


ENTITIES = (
    Entity(
        "AUSTRALIA_BUSINESS_NUMBER",
        r"\b[1-9]\d ?\d{3} ?\d{3} ?\d{3}\b",
        "AU",
        "company",
        "A",
        australian_business,
        example="83 914 571 673",
    ),
    Entity("AUSTRALIA_COMPANY_NUMBER", r"\b\d{3} ?\d{3} ?\d{3}\b", "AU", "company", "A", australian_company, example="004 085 616"),
    Entity("AUSTRALIA_TAX_FILE_NUMBER", r"\b\d{3} ?\d{3} ?\d{3}\b", "AU", "tax", "A", tax_file, needs_context=True, example="123 456 782"),
    Entity(
        "AUSTRALIA_MEDICARE_NUMBER", r"\b[2-6]\d{3} ?\d{5} ?\d(?:/?\d)?\b", "AU", "health", "A", australian_medicare, example="2123 45670 1"
    ),
    Entity("AUSTRALIA_PASSPORT_NUMBER", r"\b(?:[NEDFACUX]|P[ABCDEFUWXZ])\d{7}\b", "AU", "passport"),
    Entity("AUSTRALIA_DRIVING_LICENSE", r"\b[A-Z0-9]{6,10}\b", "AU", "driving"),
    Entity("NEW_ZEALAND_TAX_IDENTIFICATION_NUMBER", r"\b\d{2,3}-?\d{3}-?\d{3}\b", "NZ", "tax", "A", inland_revenue, example="49-098-576"),
    Entity(
        "NEW_ZEALAND_NATIONAL_HEALTH_INDEX_NUMBER",
        r"\b[A-HJ-NP-Z]{3}(?:\d{4}|\d{2}[A-HJ-NP-Z]{2})\b",
        "NZ",
        "health",
        "B",
        health_index,
        example="ZZZ0016",
    ),
    Entity("NEW_ZEALAND_DRIVING_LICENSE", r"\b[A-Z]{2}\d{6}\b", "NZ", "driving"),
    Entity(
        "CHINA_IDENTIFICATION",
        r"\b[1-8]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])\d{5}[0-9Xx]\b",
        "CN",
        "identity",
        "A",
        chinese_person,
        example="360426199101010071",
    ),
    Entity("CHINA_PHONE_NUMBER", r"\b(?:\+?86[ -]?)?1[3-9]\d{9}\b", "CN", "phone", "B", example="13800138000"),
    Entity("CHINA_LICENSE_PLATE_NUMBER", r"[\x{4e00}-\x{9fa5}][A-Z]·?[A-Z0-9]{5,6}", "CN", "plate", "B", chinese_plate, raw=True),
    Entity("CHINA_PASSPORT_NUMBER", r"\b(?:[GEDSPH]\d{8}|E[A-Z]\d{7})\b", "CN", "passport"),
    Entity("CHINA_MAINLAND_TRAVEL_PERMIT_ID_HONG_KONG_MACAU", r"\b[HM]\d{8}(?:\d{2})?\b", "CN", "resident", "B", example="H12345678"),
    Entity("CHINA_MAINLAND_TRAVEL_PERMIT_ID_TAIWAN", r"\b\d{8}\b", "CN", "resident"),
    Entity("HONG_KONG_IDENTITY_CARD", r"\b[A-Z]{1,2}\d{6}\(?[0-9A]\)?", "HK", "identity", "A", hong_kong_card, example="A123456(3)"),
    Entity("MACAU_RESIDENT_IDENTITY_CARD", r"\b[1578]\d{6}\(?\d\)?", "MO", "identity"),
    Entity(
        "TAIWAN_NATIONAL_IDENTIFICATION_NUMBER", r"\b[A-Z][1289A-D]\d{8}\b", "TW", "identity", "A", taiwanese_person, example="A123456789"
    ),
    Entity("TAIWAN_PASSPORT_NUMBER", r"\b\d{9}\b", "TW", "passport"),
    Entity("JAPAN_MY_NUMBER", r"\b\d{4}[ -]?\d{4}[ -]?\d{4}\b", "JP", "identity", "A", my_number, example="6214 9832 0257"),
    Entity("JAPAN_PASSPORT_NUMBER", r"\b[A-Z]{2}\d{7}\b", "JP", "passport"),
    Entity("JAPAN_DRIVING_LICENSE", r"\b\d{12}\b", "JP", "driving"),
    Entity("JAPAN_BANK_ACCOUNT", r"\b\d{4}-?\d{3}-?\d{7}\b", "JP", "bank"),
    Entity(
        "KOREA_RESIDENCE_REGISTRATION_NUMBER_FOR_CITIZENS",
        r"\b\d{2}[01]\d[0-3]\d-?[0-9]\d{6}\b",
        "KR",
        "identity",
        "A",
        korean_citizen,
        example="971013-9019902",
    ),
    Entity(
        "KOREA_RESIDENCE_REGISTRATION_NUMBER_FOR_FOREIGNERS", r"\b\d{2}[01]\d[0-3]\d-?[0-9]\d{6}\b", "KR", "identity", "A", korean_foreigner
    ),
    Entity("KOREA_PASSPORT_NUMBER", r"\b[MSRODG](?:\d{8}|\d{3}[A-Z]\d{4})\b", "KR", "passport"),
    Entity(
        "INDIA_AADHAAR_NUMBER",
        r"\b[2-9]\d{3}[ -]?\d{4}[ -]?\d{4}\b",
        "IN",
        "identity",
        "A",
        aadhaar,
        columns=("uid",),
        words=("uid",),
        example="234123412346",
    ),
    Entity(
        "INDIA_PERMANENT_ACCOUNT_NUMBER",
        r"\b[A-Z]{3}[ABCFGHJKLPTE][A-Z]\d{4}[A-Z]\b",
        "IN",
        "tax",
        "B",
        permanent_account,
        columns=("pan",),
        words=("pan",),
        example="ACUPA7085R",
    ),
    Entity("INDONESIA_IDENTITY_CARD_NUMBER", r"\b\d{16}\b", "ID", "identity", "B", indonesian_person, example="3171011708450001"),
    Entity("MALAYSIA_MYKAD_NUMBER", r"\b\d{6}-?\d{2}-?\d{4}\b", "MY", "identity", "B", mykad, example="770305-02-1234"),
    Entity("MALAYSIA_PASSPORT_NUMBER", r"\b[AHK]\d{8}\b", "MY", "passport"),
    Entity("PHILIPPINES_PASSPORT_NUMBER", r"\b(?:[A-Z]{1,2}\d{6,7}|[A-Z]\d{7}[A-Z])\b", "PH", "passport"),
    Entity("PHILIPPINES_DRIVING_LICENSE", r"\b[A-Z]\d{2}-\d{2}-\d{6}\b", "PH", "driving", "B", example="N01-12-123456"),
    Entity(
        "SINGAPORE_NATIONAL_REGISTRY_IDENTIFICATION_NUMBER",
        r"\b[STFGM]\d{7}[A-Z]\b",
        "SG",
        "identity",
        "A",
        singapore_person,
        example="S1234567D",
    ),
    Entity(
        "SINGAPORE_UNIQUE_ENTITY_NUMBER",
        r"\b(?:\d{8}[A-Z]|(?:19|20)\d{7}[A-Z]|[TSR]\d{2}[A-Z]{2}\d{4}[A-Z])\b",
        "SG",
        "company",
        "B",
        singapore_entity,
        example="197401143C",
    ),
    Entity("SINGAPORE_PASSPORT_NUMBER", r"\b[KE]\d{7}[A-Z]\b", "SG", "passport"),
    Entity("SINGAPORE_DRIVING_LICENSE", r"\b[STFGM]\d{7}[A-Z]\b", "SG", "driving", "A", singapore_person, needs_context=True),
    Entity(
        "SRI_LANKA_NATIONAL_IDENTIFICATION_NUMBER",
        r"\b(?:\d{9}[VvXx]|(?:19|20)\d{10})\b",
        "LK",
        "identity",
        "B",
        sri_lankan_person,
        example="853400937V",
    ),
    Entity(
        "THAILAND_PERSONAL_IDENTIFICATION_NUMBER",
        r"\b[1-8]-?\d{4}-?\d{5}-?\d{2}-?\d\b",
        "TH",
        "identity",
        "A",
        thai_person,
        example="1-2345-45678-78-1",
    ),
    Entity("THAILAND_PASSPORT_NUMBER", r"\b[A-Z]{1,2}\d{6,7}\b", "TH", "passport"),
)
