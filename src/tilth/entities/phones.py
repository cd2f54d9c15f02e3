"""Telephone numbers by the numbering plans: country codes, lengths, and first digits of national numbers.

Source: ITU-T E.164 and the national numbering plans, as far as they fix lengths and first digits. Whether a number is assigned is not
checked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

from tilth.entities.entity import compact, relaxed
from tilth.entities.validators import Tier, Validator
from tilth.regex import Regex


class Plan(NamedTuple):
    """The plan of a country: its calling code, the prefix of national calls, and a pattern of national numbers."""

    code: str
    trunk: str
    number: str


PHONE = r"(?:\+\(?|\(|\b)\d[\d ().\-/]{6,18}\d(?: ?[A-Z]{1,4} ?\d{1,6})?\b"
NORTH_AMERICA = r"[2-9](?:[02-8]\d|1[02-9])[2-9](?:[02-9]\d|1[02-9])\d{4}"
PLANS = {
    "US": Plan("1", "1?", NORTH_AMERICA), "CA": Plan("1", "1?", NORTH_AMERICA),
    "GB": Plan("44", "0", r"(?:[1-35789]\d{8,9})"), "IE": Plan("353", "0", r"(?:[12-9]\d{6,9})"),
    "DE": Plan("49", "0", r"[1-9]\d{5,11}"), "AT": Plan("43", "0", r"[1-9]\d{5,12}"), "CH": Plan("41", "0", r"[2-9]\d{8}"),
    "LI": Plan("423", "", r"[2-9]\d{6}"), "FR": Plan("33", "0", r"[1-9]\d{8}"), "BE": Plan("32", "0", r"[1-9]\d{7,8}"),
    "NL": Plan("31", "0", r"[1-9]\d{8}"), "LU": Plan("352", "", r"[24-9]\d{5,8}"), "ES": Plan("34", "", r"[6-9]\d{8}"),
    "PT": Plan("351", "", r"[29]\d{8}"), "IT": Plan("39", "", r"(?:0\d{5,10}|3\d{8,9})"), "GR": Plan("30", "", r"[26]\d{9}"),
    "CY": Plan("357", "", r"[29]\d{7}"), "MT": Plan("356", "", r"[2579]\d{7}"), "DK": Plan("45", "", r"[2-9]\d{7}"),
    "FI": Plan("358", "0", r"[1-9]\d{4,10}"), "NO": Plan("47", "", r"[2-9]\d{7}"), "SE": Plan("46", "0", r"[1-9]\d{6,9}"),
    "IS": Plan("354", "", r"[4-8]\d{6}"), "EE": Plan("372", "", r"[3-9]\d{6,7}"), "LV": Plan("371", "", r"[2678]\d{7}"),
    "LT": Plan("370", "[08]?", r"[3-9]\d{7}"), "PL": Plan("48", "", r"[1-9]\d{8}"), "CZ": Plan("420", "", r"[2-9]\d{8}"),
    "SK": Plan("421", "0", r"[2-9]\d{8}"), "HU": Plan("36", "06", r"[1-9]\d{7,8}"), "RO": Plan("40", "0", r"[237]\d{8}"),
    "BG": Plan("359", "0", r"[2-9]\d{6,8}"), "HR": Plan("385", "0", r"[1-9]\d{6,8}"), "SI": Plan("386", "0", r"[1-7]\d{7}"),
    "RS": Plan("381", "0", r"[1-9]\d{6,9}"), "UA": Plan("380", "0", r"[3-9]\d{8}"), "TR": Plan("90", "0", r"[2-5]\d{9}"),
    "RU": Plan("7", "8", r"[3489]\d{9}"), "AU": Plan("61", "0", r"[2-478]\d{8}"), "NZ": Plan("64", "0", r"[2-9]\d{7,9}"),
    "CN": Plan("86", "0?", r"(?:1[3-9]\d{9}|[2-9]\d{8,10})"), "HK": Plan("852", "", r"[235-9]\d{7}"),
    "TW": Plan("886", "0", r"[2-9]\d{7,8}"),
    "JP": Plan("81", "0", r"[1-9]\d{8,9}"), "KR": Plan("82", "0", r"[1-9]\d{7,9}"), "IN": Plan("91", "0?", r"[1-9]\d{9}"),
    "ID": Plan("62", "0", r"[2-9]\d{7,10}"), "MY": Plan("60", "0", r"[1-9]\d{7,9}"), "PH": Plan("63", "0", r"[2-9]\d{7,9}"),
    "SG": Plan("65", "", r"[3689]\d{7}"), "LK": Plan("94", "0", r"[1-9]\d{8}"), "TH": Plan("66", "0", r"[2-9]\d{7,8}"),
    "IL": Plan("972", "0", r"[2-9]\d{7,8}"), "ZA": Plan("27", "0", r"[1-8]\d{8}"), "AE": Plan("971", "0", r"[2-9]\d{7,8}"),
    "AR": Plan("54", "0", r"[1-9]\d{9,10}"), "BR": Plan("55", "0?", r"[1-9]{2}[2-9]\d{7,8}"), "CL": Plan("56", "", r"[2-9]\d{8}"),
    "CO": Plan("57", "", r"[36]\d{9}"), "MX": Plan("52", "", r"[2-9]\d{9}"), "VE": Plan("58", "0", r"[24]\d{9}"),
}  # fmt: skip
_OTHERS = r"(?:2[0-69]|3[578]|42|5[09]|6[789]|8[058]|9[679])\d{7,12}"
_ABROAD = re.compile("|".join(f"{p.code}0?{p.number}" for p in dict.fromkeys(PLANS.values())) + f"|{_OTHERS}")
_WITH_CODE = range(10, 16)  # digits of a number that begins with 00
_TEN = re.compile(f"1?{NORTH_AMERICA}")
_GROUPED = re.compile(r"(?:1[ .-]?)?(?:\(\d{3}\) ?|\d{3}[ ./-])\d{3}[ .-]\d{4}|0[\d ./()-]*")
_OTHER = re.compile(r"\d{1,2}([./-])\d{1,2}\1\d{2,4}|\d+\.\d+|\d{3}-\d\d-\d{4}|.*\D\d")
"""Dates, decimal numbers, social security numbers, and numbers whose last group is a single digit."""
_EXTENSION = re.compile(r"\s*(?:x|ext\.?|extn\.?|extension)\s*\d{1,6}\s*\Z", re.IGNORECASE)
_NEVER = re.compile("(?!)").match


def _within(countries: tuple[str, ...]) -> Regex | None:
    """A pattern of the national numbers of some countries; None if none of them has a plan."""
    plans = sorted({plan for c in countries if (plan := PLANS.get(c)) is not None})
    return Regex.parse("|".join(f"{p.trunk}{p.number}" for p in plans)).full() if plans else None


@cache
def phone_of(countries: tuple[str, ...], maybe: tuple[str, ...] = ()) -> Validator:
    """The validator of telephone numbers: national ones of `countries`, and international ones. The latter begin with `+`, or, if there are
    separators, with 00. An extension, such as `x12`, may follow.

    National numbers of the countries `maybe` have tier C, because all plans together accept most numbers.
    """
    within, perhaps = (_NEVER if regex is None else regex.compile_python().match for regex in map(_within, (countries, maybe)))

    def phone_number(s: str) -> bool | Tier:
        digits = compact(s)
        if not digits[1:].isdigit():
            s = _EXTENSION.sub("", s)
            digits = compact(s)
        if s.count("(") != s.count(")"):
            return False
        if digits[0] == "+":
            return "A" if _ABROAD.fullmatch(digits, 1) else False
        if digits.startswith("00"):
            return "B" if len(digits) < len(s) and _ABROAD.fullmatch(digits, 2) else False
        if not within(digits):
            return "C" if perhaps(digits) else False
        grouped = _GROUPED.fullmatch(s) if _TEN.fullmatch(digits) else len(digits) < len(s) and not _OTHER.fullmatch(s)
        return "B" if grouped else "C"  # without the usual grouping it may be any number

    return phone_number


@cache
def fits(countries: tuple[str, ...]) -> Callable[[str], bool]:
    """The function that says whether a shape can be an international number or a national one of these countries, by its length.

    In a shape, digits are 9, and the letters of an extension are A.
    """
    within = _within(countries)
    lengths = _NEVER if within is None else Regex("", relaxed(within.tree)).compile_python().match

    def fits_plan(shape: str) -> bool:
        number = shape.partition("A")[0].rstrip()
        digits = compact(number)
        abroad = len(digits) < len(number) and len(digits) in _WITH_CODE
        return digits[0] == "+" or abroad or lengths(digits) is not None

    return fits_plan


def e164(text: str, countries: Sequence[str]) -> str:
    """A telephone number in the form of E.164, which is the same for all notations: `+`, the country code and the national number.

    An extension is removed.

    A number without `+` or 00 belongs to the first of these countries whose plan accepts it; if there is none, the result is its digits.

    >>> [e164(text, ["GB", "US"]) for text in ("+49 (0)30 901820", "0049 30 901820", "020 7946 0018", "(415) 555-2671 x9", "12")]
    ['+4930901820', '+4930901820', '+442079460018', '+14155552671', '12']
    """
    marked = compact(_EXTENSION.sub("", text).replace("(0)", ""))
    digits = "".join(c for c in marked if "0" <= c <= "9")
    if marked.startswith("+") or digits.startswith("00"):
        return f"+{digits.removeprefix('00')}"
    for plan in (PLANS[country] for country in countries):
        if found := re.fullmatch(f"(?:{plan.trunk})({plan.number})", digits):
            return f"+{plan.code}{found[1]}"
    return digits
