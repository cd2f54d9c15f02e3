"""References to secrets, such as `env:NAME` or `aws:prod/db#password`, and what they resolve to."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, TypeVar

from tilth.errors import RequestError, SourceError, joined
from tilth.secrets.hiding import fetching
from tilth.secrets.kept import Kept
from tilth.secrets.secret import Secret
from tilth.shelf import Shelf

T = TypeVar("T")
LABEL = re.compile(r"@([A-Z][A-Z0-9_]*)$")
HOUR = 3600.0  # seconds; the caching clients of AWS keep a secret for the same time


class AuthenticationFailed(SourceError):
    """A server refuses a user or a password."""


class Provider:
    """A place that stores secrets. `has_fields`: whether a reference may end in `#field`; `has_labels`: whether in `@LABEL`."""

    has_fields: ClassVar[bool] = True
    has_labels: ClassVar[bool] = False
    keeps: ClassVar[float] = 0.0
    """For how many seconds a value is kept in this process, if fetching it takes time."""

    def text(self, name: str, label: str) -> str:
        """The value of a name. Errors: `RequestError` if there is none, `MachineError` if the provider does not answer."""
        raise NotImplementedError


PROVIDERS: Shelf[type[Provider]] = Shelf(
    "provider of secrets",
    "secrets",
    {
        "env": "tilth.secrets.providers.environment:Environment",
        "file": "tilth.secrets.providers.file:File",
        "keyring": "tilth.secrets.providers.keyring:Keyring",
        "aws": "tilth.secrets.providers.aws:SecretsManager",
        "aws-secret": "tilth.secrets.providers.aws:SecretsManager",
        "iam": "tilth.secrets.providers.iam:RedshiftCredentials",
        "vault": "tilth.secrets.providers.vault:Vault",
        "command": "tilth.secrets.providers.command:Command",
    },
)
SHAPES = "env:NAME, file:PATH, keyring:SERVICE/USER, aws:NAME#FIELD, iam:CLUSTER, vault:PATH#FIELD or command:WORDS"


@dataclass(frozen=True)
class Reference:
    """A reference: the name of the provider, the name of the secret there, and optionally a field and the label of a version.

    >>> Reference.of("aws:prod/db#password@AWSPREVIOUS")
    Reference(scheme='aws', name='prod/db', field='password', label='AWSPREVIOUS')
    """

    scheme: str
    name: str
    field: str = ""
    label: str = ""

    @classmethod
    def of(cls, text: str) -> Reference:
        """Parse a reference. Errors: `RequestError`, which does not repeat the text: it may be the secret itself."""
        scheme, colon, name = text.partition(":")
        if not colon or not name or scheme not in PROVIDERS:
            message = "this is not a reference to a secret (it is not shown: it may be a secret)"
            raise RequestError(message, accepted=SHAPES, hint="store the secret in one of these places", code="no-reference")
        provider, field, label = PROVIDERS[scheme], "", ""
        if provider.has_labels and (found := LABEL.search(name)):
            name, label = name[: found.start()], found[1]
        if provider.has_fields and "#" in name:
            name, _, field = name.rpartition("#")
        return cls(scheme, name, field, label)

    def __str__(self) -> str:
        return f"{self.scheme}:{self.name}" + (f"#{self.field}" if self.field else "") + (f"@{self.label}" if self.label else "")


_kept = Kept[str]()


def resolve(reference: str, *, fresh: bool = False) -> Secret:
    """The secret of a reference. Secrets of remote providers are kept for at most an hour, in this process only; `fresh` ignores kept ones.

    Errors: `RequestError` if the text is not a reference, or the secret, field or version does not exist; `MachineError` if the provider
    does not answer; `MissingExtra`.

    >>> import os
    >>> os.environ["WAREHOUSE"] = '{"username": "reader", "password": "a-password"}'
    >>> secret = resolve("env:WAREHOUSE#password")
    >>> secret, secret.reveal()
    (Secret(env:WAREHOUSE#password), 'a-password')
    """
    asked = Reference.of(reference)
    text = _text(asked, fresh)
    if asked.field:
        text = _field(asked, Secret(reference, text))
    if not text:
        raise RequestError(f"the secret {asked} is empty", hint="is it set where this runs?", code="empty-secret")
    return Secret(str(asked), text)


def renewing(reference: str, connect: Callable[[Secret], T]) -> T:
    """Call `connect` with a secret; if the server refuses it and the secret has changed, call it again with the new one.

    In this way a password can be rotated during a run. An unchanged secret is not tried twice, because that can lock the account.

    Errors: `AuthenticationFailed`, and those of `resolve`.
    """
    secret = resolve(reference)
    try:
        return connect(secret)
    except AuthenticationFailed:
        renewed = resolve(reference, fresh=True)
        if renewed.reveal() == secret.reveal():
            raise
    return connect(renewed)


def _text(asked: Reference, fresh: bool) -> str:
    provider = PROVIDERS[asked.scheme]()

    def fetched() -> str:
        with fetching():
            return provider.text(asked.name, asked.label)

    return _kept.get((asked.scheme, asked.name, asked.label), fetched, provider.keeps, fresh=fresh)


def _field(asked: Reference, whole: Secret) -> str:
    try:
        found = json.loads(whole.reveal())
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        hint = f"leave #{asked.field} out, if the whole secret is meant"
        raise RequestError(f"the secret {asked} has no fields: it is not a JSON object", hint=hint, code="no-field") from None
    if not isinstance(value := found.get(asked.field), str | int | float) or isinstance(value, bool):
        raise RequestError(f"the secret {asked} does not have that field", accepted=joined(sorted(map(str, found)), "or"), code="no-field")
    return str(value)
