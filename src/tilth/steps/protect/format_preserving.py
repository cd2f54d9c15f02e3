"""format_preserving: characters become others of the same alphabet, so that a value keeps its length and its marks."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from sqlglot.expressions import Expression as Tree

from tilth.data import Column
from tilth.errors import Mistake, RequestError
from tilth.steps.protect.action import Action, OfText
from tilth.steps.protect.ff1 import FF1

ALPHABETS: Mapping[str, str] = {
    "digits": string.digits,
    "lower": string.ascii_lowercase,
    "upper": string.ascii_uppercase,
    "letters": string.ascii_letters,
    "alphanumeric": string.digits + string.ascii_letters,
}
BETWEEN = "\x1f"  # the domain and the column in a tweak
IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9 ]+")
MOST = 2**16  # characters of an alphabet, by the definition of FF1


class FormatPreserving(Action):
    """Encrypts the characters of an alphabet by FF1. Other characters stay in place."""

    takes = ("key", "key_id", "domain", "context", "alphabet", "keep_check", "invalid")
    purpose = "fpe"
    in_texts = True
    reversible = True

    def mistakes(self) -> Iterator[Mistake]:
        characters = ALPHABETS.get(self.step.alphabet, self.step.alphabet)
        if not 2 <= len(set(characters)) == len(characters) <= MOST:
            accepted = f"{', '.join(ALPHABETS)}, or two or more different characters"
            yield Mistake(f"redact: `alphabet` is {self.step.alphabet!r}", accepted=accepted, code="bad-value")
        if self.step.keep_check and characters != string.digits:
            yield Mistake("redact: `keep_check` is for digits: cards and IBANs", accepted="alphabet: digits", code="bad-value")

    def change(self, column: Column, **learned: Any) -> Tree:
        return self.by_python(column, self.of_text(column.name, **learned))

    def revealing(self, column: str, **learned: Any) -> OfText:
        return self.of_text(column, **learned).revealed

    def of_text(self, column: str, **learned: Any) -> Formatted:
        characters = ALPHABETS.get(self.step.alphabet, self.step.alphabet)
        tweak = f"{self.step.domain}{BETWEEN}{self.step.context or column}".encode()
        return Formatted(self.key(learned["key_id"]), characters, tweak, column, self.step.keep_check, self.step.invalid)


@dataclass(frozen=True)
class Formatted:
    """Encrypt one value; `revealed` decrypts it.

    With `keep_check`, the check digits of an IBAN (two letters and two digits in front) or a card are not encrypted but recomputed, and a
    value with wrong check digits is invalid.

    Errors: `RequestError` for a value with too few characters of the alphabet, or with wrong check digits, unless it becomes null.
    """

    key: bytes = field(repr=False)
    alphabet: str
    tweak: bytes
    column: str
    keep_check: bool
    invalid: Literal["error", "null"]

    @cached_property
    def _cipher(self) -> FF1:
        return FF1(self.key, len(self.alphabet), self.tweak)

    def __call__(self, text: str) -> str | None:
        return self._changed(text, encrypted=True)

    def revealed(self, text: str) -> str | None:
        """The value that became this one."""
        return self._changed(text, encrypted=False)

    def _changed(self, text: str, encrypted: bool) -> str | None:
        characters = list(text)
        places = [i for i, c in enumerate(characters) if c in self.alphabet]
        if self.keep_check:
            places = places[2:] if IBAN.fullmatch(text) else places[:-1]
        if lack := self._lack(text, places):
            if self.invalid == "null":
                return None
            raise self._refusal(lack)
        numerals: Sequence[int] = [self.alphabet.index(characters[i]) for i in places]
        numerals = self._cipher.encrypt(numerals) if encrypted else self._cipher.decrypt(numerals)
        for i, numeral in zip(places, numerals, strict=True):
            characters[i] = self.alphabet[numeral]
        made = "".join(characters)
        return with_check(made) if self.keep_check else made

    def _lack(self, text: str, places: Sequence[int]) -> str:
        """What prevents encrypting a value; empty if nothing does."""
        if len(places) < self._cipher.shortest:
            return f"fewer than {self._cipher.shortest} characters that can be encrypted"
        return "wrong check digits" if self.keep_check and text != with_check(text) else ""

    def _refusal(self, lack: str) -> RequestError:
        hint = "`invalid: null` makes such values null, and `with: token` takes any"
        return RequestError(f"redact: column {self.column!r} has a value with {lack}", hint=hint, code="refused-value")


def with_check(text: str) -> str:
    """An IBAN, or the number of a card, with the check digits that its other characters give.

    >>> with_check("GB00 WEST 1234 5698 7654 32"), with_check("4111-1111-1111-1110")
    ('GB82 WEST 1234 5698 7654 32', '4111-1111-1111-1111')
    """
    if IBAN.fullmatch(text):
        letters = (text[4:] + text[:2]).replace(" ", "") + "00"
        return f"{text[:2]}{98 - int(''.join(str(int(c, 36)) for c in letters)) % 97:02d}{text[4:]}"
    places = [i for i, c in enumerate(text) if c in string.digits]
    if not places:
        return text
    doubled = [int(text[i]) * (2 - k % 2) for k, i in enumerate(reversed(places[:-1]))]
    check = -sum(d - 9 if d > 9 else d for d in doubled) % 10
    return f"{text[: places[-1]]}{check}{text[places[-1] + 1 :]}"
