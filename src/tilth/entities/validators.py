"""Validates numbers by check digits, dates and ranges, as pure functions of their characters.

A validator is given the text of a match in upper case without spaces, dots, dashes, slashes and brackets. It returns whether the number is
possible, or a tier if its notation decides how sure that is. Weights are listed from the first digit.

Source: ISO/IEC 7812-1 (Luhn), ISO/IEC 7064, ISO 13616 (IBAN), J. Verhoeff, *Error Detecting Decimal Codes* (1969), ICAO Doc 9303.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from typing import TypeAlias

Tier: TypeAlias = str
"""A: a check digit or a parser has accepted it; B: its structure is right; C: it has the pattern only."""
Validator: TypeAlias = Callable[[str], "bool | Tier"]

_ONCE, _DOUBLED = bytes.maketrans(b"0123456789", bytes(range(10))), bytes.maketrans(b"0123456789", bytes([0, 2, 4, 6, 8, 1, 3, 5, 7, 9]))
_D5 = tuple((i // 5 * 5) for i in range(10))  # 0 for rotations of the pentagon, 5 for reflections
_PERMUTED = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)


def luhn(s: str) -> bool:
    """Whether the sum of the digits is a multiple of ten; every second one from the right is doubled and replaced by its digit sum.

    >>> luhn("4111111111111111"), luhn("4111111111111112")
    (True, False)
    """
    digits = s.encode()
    return (sum(digits[::-2].translate(_ONCE)) + sum(digits[-2::-2].translate(_DOUBLED))) % 10 == 0


def _dihedral(a: int, b: int) -> int:
    """The product of two elements of the symmetry group of the pentagon."""
    turned = a + b if not _D5[a] else a - b
    return turned % 5 + (_D5[a] ^ _D5[b])


def verhoeff(s: str) -> bool:
    """Whether the digits, each permuted by its place, multiply to the neutral element of the dihedral group D5.

    >>> verhoeff("2363"), verhoeff("2364")
    (True, False)
    """
    product, permuted = 0, list(range(10))
    for c in reversed(s):
        product = _dihedral(product, permuted[int(c)])
        permuted = [_PERMUTED[d] for d in permuted]
    return product == 0


def mod_11_10(s: str) -> bool:
    """ISO 7064 MOD 11,10.

    >>> mod_11_10("33392005961"), mod_11_10("33392005962")
    (True, False)
    """
    product = 10
    for c in s[:-1]:
        product = ((product + int(c)) % 10 or 10) * 2 % 11
    return (product + int(s[-1])) % 10 == 1


def mod_11_2(s: str) -> bool:
    """ISO 7064 MOD 11-2; the last character is a digit or X.

    >>> mod_11_2("360426199101010071"), mod_11_2("360426199101010072")
    (True, False)
    """
    product = 0
    for c in s:
        product = (product * 2 + (10 if c == "X" else int(c))) % 11
    return product == 1


def mod_97(s: str) -> int:
    """The remainder modulo 97 of a number in which letters count as 10 to 35."""
    return int("".join(str(int(c, 36)) for c in s)) % 97


def total(weights: str, modulus: int, remainder: int = 0) -> Validator:
    """A validator: Σ weight · digit modulo `modulus` must be `remainder`.

    >>> total("3 7 1 3 7 1 3 7 1", 10)("111000025")
    True
    """
    w = tuple(map(int, weights.split()))

    def total_of(s: str) -> bool:
        return len(s) == len(w) and sum(a * int(c, 36) for a, c in zip(w, s, strict=True)) % modulus == remainder

    return total_of


def last(weights: str, table: str) -> Validator:
    """A validator: the last character must be the entry of the table for Σ weight · digit of the characters before it.

    The length of the table is the modulus. Letters count as 10 to 35; `?` in the table stands for sums that are not issued.

    >>> last("10 9 8 7 6 5 4 3 2", "0?987654321")("9434765870")
    True
    """
    w, n = tuple(map(int, weights.split())), len(table)

    def check_character(s: str) -> bool:
        return len(s) == len(w) + 1 and table[sum(a * int(c, 36) for a, c in zip(w, s, strict=False)) % n] == s[-1]

    return check_character


COMPLEMENT_11 = "0?987654321"  # 11 − s mod 11; 11 becomes 0, 10 is rejected


def all_equal(s: str) -> bool:
    """Whether all characters are the same."""
    return s == s[0] * len(s)


def iban(s: str) -> bool:
    """Whether it has the length of its country, and the remainder 1 modulo 97 after its first four characters are moved to the end.

    >>> iban("GB82WEST12345698765432"), iban("GB82WEST12345698765433")
    (True, False)
    """
    return IBAN_LENGTHS.get(s[:2]) == len(s) and mod_97(s[4:] + s[:4]) == 1


def is_date(year: int, month: int, day: int) -> bool:
    """Whether the day exists; a year below 100 may belong to this century or the last."""
    if not 1 <= month <= 12 or day < 1:
        return False
    years = (1900 + year, 2000 + year) if year < 100 else (year,)
    return any(y > 0 and day <= monthrange(y, month)[1] for y in years)


def birth(s: str, form: str) -> bool:
    """Whether the first characters are a date in this form, such as `ddmmyy`.

    >>> birth("2902001234", "ddmmyy"), birth("3002001234", "ddmmyy")
    (True, False)
    """
    year, month, day = (int("".join(c for c, f in zip(s, form, strict=False) if f == part)) for part in "ymd")
    return is_date(year, month, day)


def dated(form: str, also: Validator) -> Validator:
    """A validator: the number must begin with a date, and another validator must accept it."""

    def date_and(s: str) -> bool | Tier:
        return birth(s, form) and also(s)

    return date_and


def machine_readable(s: str) -> int:
    """The check digit of a field of a machine-readable zone: weights 7 3 1, letters 10 to 35, `<` 0.

    >>> machine_readable("L898902C3"), machine_readable("740812"), machine_readable("120415")
    (6, 2, 9)
    """
    return sum((7, 3, 1)[i % 3] * (0 if c == "<" else int(c, 36)) for i, c in enumerate(s)) % 10


IBAN_LENGTHS = {
    country: length
    for length, countries in {
        15: "NO", 16: "BE", 18: "DK FK FO FI GL NL SD", 19: "MK SI", 20: "AT BA EE KZ LT LU MN XK", 21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ OM SO TL", 24: "AD CZ ES MD PK RO SA SE SK TN VG", 25: "LY PT ST",
        26: "IS TR", 27: "BI DJ FR GR IT MC MR SM", 28: "AL AZ BY CY DO GT HN HU LB NI PL SV", 29: "BR EG PS QA UA", 30: "JO KW MU YE",
        31: "MT SC", 32: "LC", 33: "RU",
    }.items()
    for country in countries.split()
}  # fmt: skip
