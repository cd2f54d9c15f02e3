"""Objects on web servers: `https://host/path/file.csv`, read as a whole, with limits on size and time.

The certificate is always verified. Redirects are followed only to `https://`, and the header with a secret is sent only to the named host.
`http://` is accepted for servers on this machine.
"""

from __future__ import annotations

import http.client
import ssl
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from time import monotonic
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from tilth.errors import MachineError, RequestError, SourceError
from tilth.secrets import Access, AuthenticationFailed, Secret, hidden, parts_of, renewing
from tilth.store.memory import workspace
from tilth.store.places import MAGIC, Copies, Store
from tilth.store.uri import is_loopback

LARGEST = 16 << 30  # bytes of an object
SECONDS = 3600.0  # time limit for the whole object
SILENT = 60.0  # the longest time in seconds without a byte
PART = 1 << 20
REDIRECTS = 5
KEYS = ("password", "secret", "token", "key", "signature", "credential", "sig")  # last words in the names of options with secrets


class Https(Store):
    """Objects on web servers. The secret gives a header: `Authorization: Bearer` for a text, `Basic` for user and password, or another."""

    takes_secret = True

    def copies(self, place: str) -> Copies:
        name = PurePosixPath(unquote(_uri_of(place).path)).name
        scratch, access = workspace(), self.access
        path = Path(scratch.name, name)
        scratch.create(name).close()

        def fetch(secret: Secret | None = None) -> None:
            header = header_of(secret, access) if secret and access else None
            with _errors_of(place):
                _fetch(place, path, header)

        if access:
            renewing(access.reference, fetch)
        else:
            fetch()
        return Copies(str(path), place, (str(path), place), scratch)


def header_of(secret: Secret, access: Access | None = None) -> tuple[str, Secret]:
    """The name and value of the header for a secret.

    >>> import json
    >>> header_of(Secret("env:X", "a-token-of-it"))[0]
    'Authorization'
    >>> header_of(Secret("env:X", json.dumps({"header": "X-Api-Key", "value": "a-key-of-it"})))[0]
    'X-Api-Key'

    Errors: `RequestError` for an object with other keys.
    """
    found, mapped = parts_of(secret), dict(access.fields if access else ())
    user, password = (found.get(mapped.get(part, part)) for part in ("user", "password"))
    user = user or found.get("username")
    if not found:
        return "Authorization", _made(secret, f"Bearer {secret.reveal()}")
    if user and isinstance(password, Secret):
        named = user.reveal() if isinstance(user, Secret) else user
        return "Authorization", _made(secret, "Basic " + b64encode(f"{named}:{password.reveal()}".encode()).decode())
    if isinstance(token := found.get("token"), Secret):
        return "Authorization", _made(secret, f"Bearer {token.reveal()}")
    if (name := found.get("header")) and isinstance(value := found.get("value"), Secret):
        return name, value
    accepted = "a token, or an object with username and password, with token, or with header and value"
    raise RequestError(f"the secret {secret.reference} is not one for a web server", accepted=accepted, code="no-password")


def _made(secret: Secret, value: str) -> Secret:
    if not value.isprintable() or not value.isascii():
        raise RequestError(f"the secret {secret.reference} cannot be used in a header", accepted="printable ASCII", code="not-text")
    return Secret(secret.reference, value)


def _uri_of(place: str) -> SplitResult:
    """Parse a place. Errors: `RequestError` if it contains a secret or a pattern, has no file, or uses plain HTTP."""
    uri = urlsplit(place)
    secret_options = [
        name for name, _ in parse_qsl(uri.query, keep_blank_values=True) if name.lower().replace("_", "-").split("-")[-1] in KEYS
    ]
    if uri.username is not None or secret_options:
        what = f"the option {secret_options[0]!r}" if secret_options else "a user"
        hint = "name a secret, which is sent as a header: --secret REFERENCE"
        raise RequestError(f"a place on a web server must not contain {what}: it would appear in reports", hint=hint, code="password")
    if uri.scheme.lower() == "http" and not is_loopback(uri.hostname or ""):
        raise RequestError(f"{place} would be sent unencrypted, and could be changed on the way", accepted="https://…", code="not-secure")
    if not uri.hostname or uri.path.endswith("/") or not uri.path or MAGIC.search(uri.path):
        raise RequestError(f"{place} does not name an object", accepted="https://HOST/PATH/FILE", code="bad-place")
    return uri


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects to HTTPS, or on this machine. The header with the secret is removed if the host changes."""

    max_redirections = REDIRECTS

    def __init__(self, header: str) -> None:
        self.header = header

    def redirect_request(self, request: Any, file: IO[bytes], code: int, message: str, headers: Any, new: str) -> Any:
        here, there = urlsplit(request.full_url), urlsplit(new)
        if there.scheme != "https" and not (there.scheme == here.scheme == "http" and is_loopback(there.hostname or "")):
            raise URLError(f"it redirects to {there.scheme}://, which is not followed")
        made = super().redirect_request(request, file, code, message, headers, new)
        if made and here.netloc != there.netloc:
            made.remove_header(self.header.capitalize())
        return made


def _fetch(place: str, path: Path, header: tuple[str, Secret] | None) -> None:
    """Copy an object to a file. Errors: `AuthenticationFailed`, `SourceError`, `MachineError`, those of urllib."""
    name = header[0] if header else "Authorization"
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler({} if place.lower().startswith("http:") else None),  # plain HTTP must not leave this machine
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(context=ssl.create_default_context()),
        _Redirects(name),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    request = urllib.request.Request(place, headers={name: header[1].reveal()} if header else {})  # noqa: S310 -- the scheme is checked
    until = monotonic() + SECONDS
    with opener.open(request, timeout=SILENT) as answer, path.open("wb") as file:
        size = 0
        while part := answer.read(PART):
            size += len(part)
            if size > LARGEST:
                raise SourceError(f"{place} has more than {LARGEST >> 30} GiB", hint="put it into S3, or copy it first", code="too-large")
            if monotonic() > until:
                raise TimeoutError
            file.write(part)
        if (promised := answer.headers.get("Content-Length")) and size < int(promised):
            raise http.client.IncompleteRead(b"", int(promised) - size)


@contextmanager
def _errors_of(place: str) -> Iterator[None]:
    """Turn errors of the client into Tilth's, without the server's message, which may repeat a header."""
    try:
        yield
    except HTTPError as error:
        error.close()
        raise _refusal(place, error.code) from None
    except (http.client.HTTPException, OSError) as error:  # URLError and TimeoutError are subclasses of OSError
        reason = getattr(error, "reason", None)
        raise _failure(place, reason if isinstance(reason, BaseException) else error) from None


def _failure(place: str, error: BaseException) -> MachineError:
    if isinstance(error, TimeoutError):
        said, hint = "has not come within the time", f"{SECONDS:g} seconds for all of it, {SILENT:g} without a byte"
    elif isinstance(error, ssl.SSLError):
        why = getattr(error, "verify_message", "") or error.reason or type(error).__name__
        said, hint = f"cannot be trusted: {why}", "name the authority of its certificate: SSL_CERT_FILE=FILE"
    elif isinstance(error, http.client.IncompleteRead):
        said, hint = "broke off before its end", "begin again"
    else:
        why = getattr(error, "reason", None) or getattr(error, "strerror", None) or type(error).__name__
        said, hint = f"cannot be reached: {hidden(str(why))[:200]}", "is the address right, and the network open?"
    return MachineError(f"{place} {said}", hint=hint, code="https")


def _refusal(place: str, status: int) -> RequestError | MachineError:
    if status in (401, 403):
        hint = "name a secret, or check the one that is named: --secret REFERENCE"
        return AuthenticationFailed(f"{place} may not be read: status {status}", hint=hint, code="refused")
    if 300 <= status < 400:
        hint = "name the object itself"
        return SourceError(f"{place} redirects elsewhere, which is not followed: status {status}", hint=hint, code="redirect")
    if 400 <= status < 500 and status not in (408, 425, 429):
        return SourceError(f"there is no object at {place}: status {status}", code="no-file")
    return MachineError(f"{place} cannot be read: status {status}", hint="try again later", code="https")
