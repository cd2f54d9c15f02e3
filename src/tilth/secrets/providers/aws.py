"""`aws:NAME#FIELD@LABEL`: AWS Secrets Manager, through boto3."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from tilth.errors import MachineError, RequestError, extra
from tilth.secrets.references import HOUR, Provider

ARN = "arn:"
SECONDS = 20  # time limit of an answer
CURRENT = "AWSCURRENT"
SAID = {
    "AccessDeniedException": ("may not be read", "allow secretsmanager:GetSecretValue, and kms:Decrypt on the key of the secret"),
    "ResourceNotFoundException": ("does not exist, or not in this version", "check its name, its region and the label after @"),
    "DecryptionFailure": (
        "cannot be decrypted by Secrets Manager",
        "allow kms:Decrypt on the key of the secret, and see that the key is enabled",
    ),
    "InvalidRequestException": ("cannot be read in its state", "is it scheduled for deletion, or has it no value yet?"),
}


EXPIRED = dict.fromkeys(
    ("ExpiredTokenException", "ExpiredToken", "RequestExpired"),
    ("cannot be fetched: the credentials of AWS have expired", "renew them, such as by: aws sso login"),
)


class SecretsManager(Provider):
    """A secret in AWS Secrets Manager, by its name or ARN. The label selects a version, by default `AWSCURRENT`.

    The region is that of the ARN, of `AWS_REGION`, or of the profile.
    """

    has_labels = True
    keeps = HOUR

    def text(self, name: str, label: str) -> str:
        region = name.split(":")[3] if name.startswith(ARN) and name.count(":") >= 6 else None
        with client_of("secretsmanager", f"the secret aws:{name}", region, SAID) as client:
            found = client.get_secret_value(SecretId=name, VersionStage=label or CURRENT)
        if text := found.get("SecretString"):
            return str(text)
        return _decoded(name, found.get("SecretBinary", b""))


def _decoded(name: str, data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise RequestError(f"the secret aws:{name} is binary and not UTF-8", accepted="text, or a JSON object", code="not-text") from None


@contextmanager
def client_of(
    service: str, shown: str, region: str | None, refusals: Mapping[str, tuple[str, str]], code: str = "no-secret"
) -> Iterator[Any]:
    """A client of an AWS service. Its errors are reported without their text, which may contain what was sent.

    `shown` names the requested object in messages. `refusals`: error code of AWS → message and hint for a refused request; these errors get
    the code `code`.
    """
    with extra("aws", shown):
        import boto3  # noqa: F401 -- used by `_client`
        from botocore.exceptions import BotoCoreError, ClientError, NoRegionError
    region = region or os.environ.get("AWS_REGION")
    where = f"{shown} in {region or 'the default region'}"
    try:
        yield _client(service, region, tuple(sorted((name, value) for name, value in os.environ.items() if name.startswith("AWS_"))))
    except NoRegionError:
        raise RequestError(f"{where}: no region is set", hint="set AWS_REGION, or name it by its ARN", code="no-region") from None
    except ClientError as error:
        found: dict[str, Any] = error.response.get("Error", {})
        name, known = str(found.get("Code", "unknown")), {**EXPIRED, **refusals}
        said, hint = known.get(name, (f"cannot be fetched ({name})", "check the credentials of AWS: aws sts get-caller-identity"))
        kind = RequestError if name in known else MachineError
        if name in EXPIRED:
            _client.cache_clear()  # the cached client would not read renewed credentials from a file
        raise kind(f"{where} {said}", hint=hint, code=code if name in refusals else "aws") from None
    except BotoCoreError as error:
        hint = "are there credentials (aws sts get-caller-identity), and is the network open?"
        raise MachineError(f"{where}: AWS cannot be reached ({type(error).__name__})", hint=hint, code="aws") from None


@lru_cache(maxsize=16)
def _client(service: str, region: str | None, environment: tuple[tuple[str, str], ...]) -> Any:
    """A client for the current environment; cached, because making one takes a tenth of a second."""
    import boto3
    from botocore.config import Config

    config = Config(connect_timeout=SECONDS / 2, read_timeout=SECONDS, retries={"mode": "standard", "max_attempts": 3})
    return boto3.session.Session(region_name=region).client(service, config=config)
