"""`vault-transit:KEY`: a key in the transit engine of HashiCorp Vault or OpenBao, over HTTPS."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, NoReturn
from urllib.parse import quote

from tilth.encryption.keybytes import SIZE, associated, base64_of
from tilth.encryption.keys import Description, RemoteKey, marked, unmarked, wrapping_key, wrong_context, wrong_key
from tilth.errors import MachineError, RequestError, SourceError
from tilth.secrets.hiding import fetching
from tilth.secrets.providers.vault import ask_vault

MOUNT = "transit"
SAID = {
    403: ("may not be used: the token is refused", "log in anew: vault login; the policy needs {}"),
    404: ("does not exist", "make it: vault write -f {}/keys/{} derived=true"),
    503: ("cannot be used: Vault is sealed", "unseal it"),
}
POLICY = "`read` on {0}/keys/{1}, and `update` on {0}/datakey/plaintext/{1}, {0}/encrypt/{1} and {0}/decrypt/{1}"


class TransitKey(RemoteKey):
    """A key of the transit engine: `NAME`, or `MOUNT/NAME` if the engine is not mounted at `transit`.

    The key must be derived (`derived=true`): Vault derives a key from the context, so a key wrapped in one context cannot be unwrapped in
    another. Address, token and namespace are the same as for secrets in Vault.
    """

    def __init__(self, reference: str) -> None:
        super().__init__(reference)
        mount, _, self._name = reference.partition(":")[2].strip("/").rpartition("/")
        self._mount = mount or MOUNT

    def wrap(self, key: bytes, context: Mapping[str, str]) -> bytes:
        self.describe()  # Vault would create a missing key, and ignore the context if the key is not derived
        return self._marked(self._said("encrypt", context, plaintext=base64_of(key))["ciphertext"])

    def new_key(self, context: Mapping[str, str]) -> tuple[bytes, bytes]:
        self.describe()
        made = self._said("datakey/plaintext", context, bits=8 * SIZE)
        return base64.b64decode(made["plaintext"]), self._marked(made["ciphertext"])

    def ask(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        name = wrapping_key(wrapped)
        text = unmarked(wrapped).decode("latin-1") if name else ""
        if not name or name != self._id(_version(text)):
            raise wrong_key(name, self)
        found = self._said("decrypt", context, ciphertext=text)
        if found is None:
            self._reject_old(name, _version(text))
            raise wrong_context(context)
        return base64.b64decode(found["plaintext"])

    def look(self) -> Description:
        """The description of the key by Vault. Errors: `RequestError` if it cannot encrypt, or is not derived."""
        found = self._answer("GET", "keys", {})
        if not found.get("derived") or not found.get("supports_encryption"):
            message = f"the key {self.reference} is not derived: it would not be bound to what it encrypts"
            hint = f"make another one: vault write -f {self._mount}/keys/NAME derived=true"
            raise RequestError(message, accepted="a key that encrypts, with derived=true", hint=hint, code="bad-key")
        return Description(self._id(str(found["latest_version"])), "vault-transit")

    def _reject_old(self, name: str, version: str) -> None:
        least = self._answer("GET", "keys", {}).get("min_decryption_version", 1)
        if int(version) < least:
            message = f"it was encrypted under {name!r}, and {self.reference} decrypts from version {least} on"
            hint = f"vault write {self._mount}/keys/{self._name}/config min_decryption_version={version}, then tilth protect rewrap"
            raise SourceError(message, hint=hint, code="wrong-key")

    def _id(self, version: str) -> str:
        return f"{self._mount}/{self._name}:v{version}"

    def _marked(self, ciphertext: str) -> bytes:
        return marked(self._id(_version(ciphertext)), ciphertext.encode())

    def _said(self, act: str, context: Mapping[str, str], **more: Any) -> Any:
        """The answer of Vault to an operation with the key in a context; None if Vault cannot decrypt."""
        return self._answer("POST", act, {"context": base64_of(associated(context)), **more})

    def _answer(self, method: str, act: str, body: Mapping[str, Any]) -> Any:
        path = f"/v1/{quote(self._mount)}/{act}/{quote(self._name)}"
        with fetching():
            status, answer = ask_vault(method, path, f"the key {self.reference}", json.dumps(body).encode() if body else b"")
        if status == 400 and act == "decrypt":
            return None
        if status != 200:
            self._refuse(status)
        try:
            return dict(json.loads(answer)["data"])
        except (ValueError, TypeError, KeyError):
            hint = "is a transit engine mounted there?"
            raise MachineError(f"the answer for the key {self.reference} is not one of Vault's", hint=hint, code="vault") from None

    def _refuse(self, status: int) -> NoReturn:
        said, hint = SAID.get(status, (f"cannot be used: status {status}", "check it: vault read {}/keys/{}"))
        places = (self._mount, self._name)
        hint = hint.format(POLICY.format(*places)) if status == 403 else hint.format(*places)
        kind = RequestError if status in (403, 404) else MachineError
        raise kind(f"the key {self.reference} {said}", hint=hint, code="no-key" if status == 404 else "vault")


def _version(ciphertext: str) -> str:
    """The version of the key in a ciphertext such as `vault:v3:…`; empty for other texts."""
    mark, _, rest = ciphertext.partition(":v")
    version = rest.partition(":")[0]
    return version if mark == "vault" and version.isdecimal() else ""
