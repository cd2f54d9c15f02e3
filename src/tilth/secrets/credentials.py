"""Splits a secret into its parts: the user, password, host and so on of a database, as in AWS Secrets Manager, or just a password."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeVar

from tilth.errors import RequestError, joined, unknown
from tilth.secrets.hiding import OPEN
from tilth.secrets.references import Reference, renewing
from tilth.secrets.secret import Secret

T = TypeVar("T")

WORDS: Mapping[str, tuple[str, ...]] = {
    "user": ("username", "user"),
    "password": ("password",),
    "host": ("host",),
    "port": ("port",),
    "dbname": ("dbname", "database"),
    "engine": ("engine",),
}
"""Part → the keys that secrets use for it."""
NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Credentials:
    """The login to a database. Parts that the secret lacks are empty; they are taken from the place.

    >>> text = '{"engine": "redshift", "host": "h", "port": "5439", "username": "reader", "password": "a-password", "dbname": "dev"}'
    >>> Credentials.of(Secret("aws:prod/dw", text))
    Credentials(password=Secret(aws:prod/dw#password), user='reader', host='h', port='5439', dbname='dev', engine='redshift')
    """

    password: Secret = field(compare=False)
    user: str = ""
    host: str = ""
    port: str = ""
    dbname: str = ""
    engine: str = ""

    @classmethod
    def of(cls, secret: Secret, fields: Mapping[str, str] = NONE) -> Credentials:
        """The parts of a secret, which is a JSON object, or just a password. `fields`: part → its key in secrets with other keys.

        Errors: `RequestError` if it has no password, or is not valid JSON.
        """
        found = parts_of(secret)
        if not found:
            return cls(secret)
        keys = {part: (fields[part],) if part in fields else known for part, known in WORDS.items()}
        taken = {part: next((found[k] for k in known if k in found), "") for part, known in keys.items()}
        password = taken.pop("password")
        if not isinstance(password, Secret):
            accepted = f"a text, or a JSON object with {joined(keys['password'], 'or')}; it has {joined(sorted(found))}"
            raise RequestError(f"the secret {secret.reference} has no password", accepted=accepted, code="no-password")
        return cls(password, **{part: value.reveal() if isinstance(value, Secret) else value for part, value in taken.items()})


@dataclass(frozen=True)
class Access:
    """The credentials of a place: the reference of a secret, and the keys of its parts if they are not the usual ones."""

    reference: str
    fields: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, given: str | Mapping[str, object] | Access) -> Access:
        """From a reference, or a mapping of `reference` and `fields`. Errors: `RequestError`, which does not repeat what was given.

        >>> Access.of({"reference": "vault:kv/pg", "fields": {"user": "login", "password": "pw"}})
        Access(reference='vault:kv/pg', fields=(('user', 'login'), ('password', 'pw')))
        """
        if isinstance(given, Access):
            return given
        found = dict(given) if isinstance(given, Mapping) else {"reference": given}
        reference, fields = found.pop("reference", None), found.pop("fields", {})
        if found or not isinstance(reference, str) or not isinstance(fields, Mapping):
            accepted = "a reference, or {reference: REFERENCE, fields: {PART: KEY}}"
            raise RequestError("the value given as a secret is neither", accepted=accepted, code="no-reference")
        Reference.of(reference)
        RequestError.reject(unknown(fields, WORDS, "a secret has no part {}", "unknown-part"))
        return cls(reference, tuple((str(part), str(key)) for part, key in fields.items()))

    def credentials(self, connect: Callable[[Credentials], T]) -> T:
        """Call `connect` with the parts of the secret, and again if they are refused and have changed (see `renewing`)."""
        return renewing(self.reference, lambda secret: connect(Credentials.of(secret, dict(self.fields))))


def parts_of(secret: Secret) -> dict[str, str]:
    """Key → value of a secret that is a JSON object; empty for a plain text. Values that are not strings or numbers are left out.

    A value is a `Secret`, except under the keys in `OPEN`, such as `host`.

    Errors: `RequestError` for invalid JSON that begins like an object; the message has the position, but no content.
    """
    text = secret.reveal().strip()
    if not text.startswith("{"):
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        at = f": line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        hint = 'correct it where it is stored; write a password that begins like this as {"password": "{…"}'
        message = f"the secret {secret.reference} begins as a JSON object and is not valid JSON{at}"
        raise RequestError(message, hint=hint, code="invalid-json") from None
    values = {key: str(v) for key, v in found.items() if isinstance(v, str | int | float) and not isinstance(v, bool)}
    return {key: v if key in OPEN else Secret(f"{secret.reference}#{key}", v) for key, v in values.items()}
