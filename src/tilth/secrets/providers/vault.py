"""`vault:MOUNT/PATH#FIELD`: HashiCorp Vault and OpenBao, version 2 of the key–value engine, over HTTPS."""

from __future__ import annotations

import json
import os
from pathlib import Path
from urllib.parse import quote

from tilth.errors import MachineError, RequestError
from tilth.secrets.references import HOUR, Provider
from tilth.secrets.secret import Secret
from tilth.web.client import Endpoint, EndpointFailed

LARGEST = 1 << 20  # bytes of an answer
SECONDS = 20.0
LOCAL = ("http://127.0.0.1", "http://localhost", "http://[::1]")
SAID = {
    403: ("may not be read: the token is refused", "log in anew: vault login; the policy needs `read` on {}"),
    404: ("does not exist", "check it: vault kv get {}"),
    503: ("cannot be read: Vault is sealed", "unseal it"),
}


class Vault(Provider):
    """A secret of the key–value engine, as JSON. The first part of the path is the mount.

    The address is `VAULT_ADDR`, the token `VAULT_TOKEN` or that stored by `vault login`, the namespace `VAULT_NAMESPACE`.
    """

    keeps = HOUR

    def text(self, name: str, label: str) -> str:
        mount, slash, path = name.strip("/").partition("/")
        if not slash:
            raise RequestError(f"vault:{name} is not the path of a secret", accepted="vault:MOUNT/PATH#FIELD", code="bad-reference")
        status, answer = ask_vault("GET", f"/v1/{quote(mount)}/data/{quote(path)}", f"the secret vault:{name}")
        if status != 200:
            said, hint = SAID.get(status, (f"cannot be read: status {status}", "check it: vault kv get {}"))
            kind = RequestError if status in (403, 404) else MachineError
            raise kind(f"the secret vault:{name} {said}", hint=hint.format(name), code="no-secret" if status == 404 else "vault")
        try:
            return json.dumps(dict(json.loads(answer)["data"]["data"]))
        except (ValueError, TypeError, KeyError):
            hint = "is it in a key–value engine of version 2?"
            raise MachineError(f"the answer for the secret vault:{name} is not one of Vault's", hint=hint, code="vault") from None


def ask_vault(method: str, path: str, shown: str, body: bytes = b"") -> tuple[int, bytes]:
    """The status and body of an answer of Vault. `shown` names the requested object in messages.

    Errors: `RequestError` without an address or a token, `MachineError` if Vault does not answer.
    """
    address = os.environ.get("VAULT_ADDR", "")
    if not address.startswith("https://") and not address.startswith(LOCAL):
        message = f"the address of Vault is {address!r}" if address else "the address of Vault is not known"
        raise RequestError(message, accepted="VAULT_ADDR=https://HOST:PORT", code="no-address")
    headers = {"X-Vault-Token": _token().reveal(), "X-Vault-Request": "true"}
    if namespace := os.environ.get("VAULT_NAMESPACE"):
        headers["X-Vault-Namespace"] = namespace
    try:
        return Endpoint(address, LARGEST).asked(method, path, body, headers, SECONDS)
    except EndpointFailed as error:
        raise MachineError(f"{shown}: {error.mistakes[0].message}", hint="is VAULT_ADDR right?", code="vault") from None


def _token() -> Secret:
    if token := os.environ.get("VAULT_TOKEN"):
        return Secret("env:VAULT_TOKEN", token)
    try:
        return Secret("file:~/.vault-token", Path("~/.vault-token").expanduser().read_text("utf-8").strip())
    except OSError:
        raise RequestError("there is no token for Vault", hint="vault login, or set VAULT_TOKEN", code="no-token") from None
