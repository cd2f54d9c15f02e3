"""`keyring:SERVICE/USER`: the key ring of the desktop or system, through the package keyring."""

from __future__ import annotations

from tilth.errors import MachineError, RequestError, extra
from tilth.secrets.references import Provider


class Keyring(Provider):
    """A password in the key ring: macOS, Windows, Secret Service, KWallet."""

    has_fields = False

    def text(self, name: str, label: str) -> str:
        service, slash, user = name.rpartition("/")
        if not slash or not service or not user:
            raise RequestError(f"keyring:{name} does not name a user", accepted="keyring:SERVICE/USER", code="bad-reference")
        with extra("keyring", "a secret in the key ring"):
            import keyring
            from keyring.errors import KeyringError
        try:
            found = keyring.get_password(service, user)
        except KeyringError as error:
            hint = "is it unlocked? On a machine without a desktop there is often none: use env:, file: or command:"
            raise MachineError(f"the keyring cannot be used ({type(error).__name__})", hint=hint, code="keyring") from None
        if found is None:
            hint = f"keyring set {service} {user}"
            raise RequestError(f"the keyring has no password for {user!r} for {service!r}", hint=hint, code="no-secret")
        return found
