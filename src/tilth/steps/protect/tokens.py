"""token: replaces a value by a token; with the key, the value can be restored from the token."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlglot.expressions import Expression as Tree

from tilth.data import Column
from tilth.encryption.keybytes import invalid_tag
from tilth.errors import RequestError, extra
from tilth.steps.protect.action import Action, OfText


class Token(Action):
    """AES-SIV of a value, with the context, by default the name of the column, as associated data."""

    takes = ("key", "key_id", "domain", "context")
    purpose = "detenc"
    key_size = 64
    in_texts = True
    reversible = True

    def change(self, column: Column, **learned: Any) -> Tree:
        return self.by_python(column, self.of_text(column.name, **learned))

    def of_text(self, column: str, **learned: Any) -> Siv:
        return Siv(self.key(learned["key_id"]), self.step.context or column)

    def revealing(self, column: str, **learned: Any) -> OfText:
        return self.of_text(column, **learned).revealed


@dataclass(frozen=True)
class Siv:
    """The token of one value, and the value of a token.

    Source: RFC 5297, with a key of 512 bits; written in base64url.
    """

    key: bytes = field(repr=False)
    context: str

    @cached_property
    def _cipher(self) -> Any:
        with extra("protect", "a token"):
            from cryptography.hazmat.primitives.ciphers.aead import AESSIV
        return AESSIV(self.key)

    def __getstate__(self) -> dict[str, Any]:
        return {"key": self.key, "context": self.context}  # the cipher cannot be sent to another process

    def __call__(self, text: str) -> str:
        return base64.urlsafe_b64encode(self._cipher.encrypt(text.encode(), [self.context.encode()])).decode()

    def revealed(self, token: str) -> str:
        """Restore the value. Errors: `RequestError` for a string that is not a token of this key, domain and context."""
        try:
            found: bytes = self._cipher.decrypt(base64.b64decode(token, altchars=b"-_", validate=True), [self.context.encode()])
            return found.decode()
        except (invalid_tag(), binascii.Error, ValueError):
            message = f"a value is not a token of this key and domain, and of the context {self.context!r}"
            hint = "give the key, the domain, and the context or the column's name as when it was made"
            raise RequestError(message, hint=hint, code="not-a-token") from None
