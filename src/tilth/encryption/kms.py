"""`aws-kms:KEY`: a symmetric key in AWS KMS, by its ARN, its id or `alias/NAME`, through boto3."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tilth.encryption.keybytes import SIZE
from tilth.encryption.keys import Description, RemoteKey, marked, unmarked, wrapping_key, wrong_context, wrong_key
from tilth.errors import RequestError
from tilth.secrets.hiding import fetching
from tilth.secrets.providers.aws import ARN, client_of

MULTI_REGION = "/mrk-"  # part of the ARN of a key with replicas in other regions
DISABLED = ("is disabled", "enable it: aws kms enable-key --key-id …")
SAID = {
    "AccessDeniedException": ("may not be used", "allow kms:DescribeKey, kms:GenerateDataKey, kms:Encrypt and kms:Decrypt on it"),
    "NotFoundException": ("does not exist", "check its ARN or alias, and the region"),
    "DisabledException": DISABLED,
    "KMSInvalidStateException": ("cannot be used in its state", "cancel its deletion: aws kms cancel-key-deletion --key-id …"),
    "InvalidKeyUsageException": ("does not encrypt", "give a key of the kind SYMMETRIC_DEFAULT"),
}


class KmsKey(RemoteKey):
    """A key in AWS KMS. The region is that of the ARN, of `AWS_REGION`, or of the profile.

    The context is the encryption context of KMS, which appears in its logs. Decryption names the key, so that no other key is ever used; an
    alias means the key that it has now.
    """

    def wrap(self, key: bytes, context: Mapping[str, str]) -> bytes:
        made = self._asked(lambda c, of: c.encrypt(Plaintext=key, EncryptionContext=dict(context), **of))
        return marked(made["KeyId"], made["CiphertextBlob"])

    def new_key(self, context: Mapping[str, str]) -> tuple[bytes, bytes]:
        made = self._asked(lambda c, of: c.generate_data_key(NumberOfBytes=SIZE, EncryptionContext=dict(context), **of))
        return made["Plaintext"], marked(made["KeyId"], made["CiphertextBlob"])

    def ask(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        name = wrapping_key(wrapped)
        if not name.startswith(ARN):
            raise wrong_key(name, self)

        def decrypted(client: Any, of: Mapping[str, str]) -> Any:
            errors = client.exceptions
            try:
                return client.decrypt(CiphertextBlob=unmarked(wrapped) or b"\0", EncryptionContext=dict(context), **of)
            except (errors.IncorrectKeyException, errors.InvalidCiphertextException):
                return None

        found = self._asked(decrypted)
        if not _same(name, found["KeyId"] if found else self.look().id):
            raise wrong_key(name, self)
        if not found:
            raise wrong_context(context)
        held: bytes = found["Plaintext"]
        return held

    @property
    def aws_id(self) -> str:
        return self.describe().id

    def look(self) -> Description:
        found = self._asked(lambda c, of: c.describe_key(**of))["KeyMetadata"]
        states = {"Enabled": None, "Disabled": DISABLED}
        wrong = states.get(found["KeyState"], SAID["KMSInvalidStateException"])
        if found["KeySpec"] != "SYMMETRIC_DEFAULT":
            wrong = SAID["InvalidKeyUsageException"]
        if wrong:
            raise RequestError(f"the key {self.reference} {wrong[0]}", hint=wrong[1], code="no-key")
        return Description(found["Arn"], "aws-kms")

    def _asked(self, call: Callable[[Any, Mapping[str, str]], Any]) -> Any:
        """The answer of KMS to a call, which gets a client and the name of the key."""
        name = self.reference.partition(":")[2]
        region = name.split(":")[3] if name.startswith(ARN) and name.count(":") >= 5 else None
        with fetching(), client_of("kms", f"the key {self.reference}", region, SAID, "no-key") as client:
            return call(client, {"KeyId": name})


def _same(one: str, other: str) -> bool:
    """Whether two ARNs name the same key or replicas of it in other regions."""
    return one == other or (MULTI_REGION in one and one.rpartition("/")[2] == other.rpartition("/")[2])
