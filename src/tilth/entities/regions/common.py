"""International entities: addresses, cards and accounts, devices, and secrets."""

from __future__ import annotations

import base64
import ipaddress
import json
import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from tilth.entities.entity import Entity
from tilth.entities.validators import Tier, iban, is_date, luhn, machine_readable, total

DATE = r"\b\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}\b"

_MAIL = re.compile(
    r"(?!\.)(?![^@]*\.\.)[^@]{1,64}(?<!\.)@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+([A-Za-z]{2,24}|xn--[A-Za-z0-9-]{2,20})"
)
_routing = total("3 7 1 3 7 1 3 7 1", 10)
_FILE_ENDS = "png jpg jpeg gif svg webp pdf txt csv json xml html css js ts yaml yml conf cfg log gz tar exe dll"
_DOMAINS_OR_FILES = frozenset(["md", "py", "sh", "zip"])  # both top-level domains and ends of file names
_CARDS = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}|(?:6011|64[4-9]\d|65\d\d)\d{12,15}"
    r"|3(?:0[0-5]|095|6|8|9)\d*|35(?:2[89]|[3-8]\d)\d{12,15}|62\d{14,17}|(?:50|5[678]|6\d)\d{10,17}|220[0-4]\d{12}|(?:2131|1800)\d{11}"
)
"""Visa, Mastercard, American Express, Discover, Diners, JCB, UnionPay, Maestro, Mir."""


@cache
def top_level_domains() -> frozenset[str]:
    """The top-level domains of the internet in lower case, as the Internet Assigned Numbers Authority lists them."""
    lines = (Path(__file__).parent / "top_level_domains.txt").read_text("utf-8").split("\n", 1)
    return frozenset(lines[1].split()) - _DOMAINS_OR_FILES


def mail_address(s: str) -> bool | Tier:
    """Whether an address has a local part without stray dots, and a host that does not end like a file name.

    An address in a local network, or one that is misspelled, has the pattern only.

    >>> [mail_address(f"ann@clinic.{end}") for end in ("org", "local", "png")]
    [True, 'C', False]
    """
    m = _MAIL.fullmatch(s) if len(s) <= 254 else None
    if m is None or (last := m[1].lower()) in _FILE_ENDS.split():
        return False
    return True if last in top_level_domains() else "C"


def card_number(s: str) -> bool:
    """Whether an issuer uses this prefix and length, and Luhn's check digit is right.

    >>> card_number("378282246310005"), card_number("0000000000000000")
    (True, False)
    """
    diners = s[:2] not in ("30", "36", "38", "39") or 14 <= len(s) <= 19
    return diners and _CARDS.fullmatch(s) is not None and luhn(s)


def ip_address(s: str) -> bool:
    """Whether it is an IPv4 or IPv6 address other than the unspecified one."""
    try:
        return not ipaddress.ip_address(s).is_unspecified
    except ValueError:
        return False


def mac_address(s: str) -> bool:
    """Whether it uses a single separator, and is not all 0 or all F."""
    marks = {c for c in s if not c.isalnum()}
    return len(marks) == 1 and set(s.upper()) - marks not in ({"0"}, {"F"})


def bank_account(s: str) -> bool | Tier:
    """Whether the check digit of the routing number before the account number is right (American Bankers Association).

    An account number itself, and the transit number before one of Canada, have no check digit.

    >>> bank_account("111000025 000123456789"), bank_account("111000026 000123456789"), bank_account("000123456789")
    (True, False, True)
    """
    bank = re.split("[ /-]", s, maxsplit=1)[0]
    return len(bank) != 9 or bank == s or _routing(bank)


def calendar_day(s: str) -> bool:
    """Whether a date exists, as year-month-day, day-month-year or month-day-year, with a year from 1900 to 2100 or of two digits."""
    a, b, c = (int(part) for part in re.split("[-/.]", s))

    def year(y: int) -> bool:
        return y < 100 or 1900 <= y <= 2100

    if a > 99:
        return year(a) and is_date(a, b, c)
    return year(c) and (is_date(c, b, a) or is_date(c, a, b))


def date_of_birth(s: str) -> bool:
    """Whether a date exists and is not in the future."""
    years = [int(part) for part in re.split("[-/.]", s) if len(part) == 4]
    return calendar_day(s) and all(y <= datetime.now(UTC).year for y in years)


def travel_document(s: str) -> bool:
    """Whether the check digits in a line of a machine-readable zone are right (ICAO Doc 9303, parts 4 to 6).

    The line is the second one of a passport or a card of two lines, or the first or second one of a card of three lines.

    >>> lines = "I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F1204159UTO<<<<<<<<<<<6", "D231458907UTO7408122F1204159<<<<<<<6"
    >>> [travel_document(line) for line in lines], travel_document(lines[0].replace("7", "6"))
    ([True, True, True], False)
    """
    parts: tuple[tuple[str, str], ...]
    if len(s) == 30:
        parts = ((s[:6], s[6]), (s[8:14], s[14])) if s[0].isdigit() else ((s[5:14], s[14]),)
    else:
        whole = s[:10] + s[13:20] + s[21:-1]
        parts = ((s[:9], s[9]), (s[13:19], s[19]), (s[21:27], s[27]), (whole, s[-1]))
    return all(str(machine_readable(field)) == digit for field, digit in parts)


def web_token(s: str) -> bool:
    """Whether the first part of a JSON Web Token names the signature algorithm."""
    head = s.split(".")[0]
    try:
        return "alg" in json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except ValueError:
        return False


ENTITIES = (
    Entity(
        "EMAIL",
        r"[A-Za-z0-9._%+'-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{2,24}",
        "",
        "email",
        "B",
        mail_address,
        raw=True,
        anchors=("@",),
        example="ann.lee+x@mail.example.org",
    ),
    Entity("CREDIT_CARD", r"\b\d(?:[ -]?\d){11,18}\b", "", "card", "A", card_number, example="4111 1111 1111 1111"),
    Entity("IBAN", r"\b[A-Z]{2}\d{2}(?:[ ]?[A-Z0-9]{1,4}){3,8}\b", "", "bank", "A", iban, example="GB82 WEST 1234 5698 7654 32"),
    Entity(
        "IP_ADDRESS",
        r"\b(?:\d{1,3}\.){3}\d{1,3}\b|(?:[0-9A-Fa-f]{0,4}:){2,7}(?:(?:\d{1,3}\.){3}\d{1,3}|[0-9A-Fa-f]{0,4})",
        "",
        "network",
        "A",
        ip_address,
        raw=True,
        example="192.0.2.17",
    ),
    Entity(
        "MAC_ADDRESS",
        r"\b(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}\b|\b(?:[0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4}\b",
        "",
        "device",
        "B",
        mac_address,
        raw=True,
        example="D0-50-99-84-A2-A0",
    ),
    Entity("DATE_OF_BIRTH", DATE, "", "birth", "B", date_of_birth, raw=True, needs_context=True),
    Entity("DATE", DATE, "", "date", "B", calendar_day, raw=True, on_request=True, example="2024-02-29"),
    Entity(
        "BANK_ACCOUNT",
        r"\b\d{9}[ /-]\d{8,17}\b|\b\d{5}-\d{3}[ -]\d{7,12}\b|\b\d{8,17}\b",
        "",
        "bank",
        check=bank_account,
        raw=True,
        example="000123456789",
    ),
    Entity("IMEI", r"\b\d{2}-?\d{6}-?\d{6}-?\d\b", "", "imei", "A", luhn, needs_context=True, example="49-015420-323751-8"),
    Entity(
        "MACHINE_READABLE_ZONE",
        r"\b[A-Z0-9<]{9}\d[A-Z<]{3}\d{7}[MFX<]\d{7}[A-Z0-9<]{7}(?:[A-Z0-9<]{7}[0-9<])?\d\b"
        r"|\b[ACI][A-Z<][A-Z<]{3}[A-Z0-9<]{9}\d[A-Z0-9<]{14}(?:<|[A-Z0-9]\b)|\b\d{7}[MFX<]\d{7}[A-Z<]{3}[A-Z0-9<]{11}\d\b",
        "",
        "passport",
        "A",
        travel_document,
        raw=True,
        cased=True,
        example="L898902C36UTO7408122F1204159ZE184226B<<<<<10",
    ),
    Entity(
        "PRIVATE_KEY",
        r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----(?:[\w\s+/=\\:,-]*?-----END [A-Z ]{0,40}PRIVATE KEY-----"
        r"|(?:(?:\s|\\[nr])+[A-Za-z0-9+/=]{30}[A-Za-z0-9+/=]*)*)",
        "",
        "secret",
        "A",
        raw=True,
        cased=True,
        anchors=("-----BEGIN",),
        reach=20_000,
        example="-----BEGIN RSA PRIVATE KEY-----",
    ),
    Entity(
        "CLOUD_ACCESS_KEY",
        r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
        "",
        "secret",
        "A",
        raw=True,
        cased=True,
        anchors=("AKIA", "ASIA"),
        example="AKIAIOSFODNN7EXAMPLE",
    ),
    Entity(
        "JSON_WEB_TOKEN",
        r"\beyJ[A-Za-z0-9_-]{5,400}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+",
        "",
        "secret",
        "A",
        web_token,
        raw=True,
        cased=True,
        anchors=("eyJ",),
        reach=8_000,
        example="eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
    ),
    Entity(
        "CONNECTION_STRING",
        r"\b[a-z][a-z0-9+]{1,20}://[^\s:/@]{1,60}:[^\s/@]{1,100}@[^\s/@]{1,100}",
        "",
        "secret",
        "A",
        raw=True,
        anchors=("://",),
        example="postgresql://ann:tiger@db.example.org",
    ),
)
