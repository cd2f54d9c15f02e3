"""Secrets in AWS Secrets Manager, which moto is in this process."""

from __future__ import annotations

import json
import sys

import pytest

from tests.keyservices import aws
from tilth.errors import MachineError, MissingExtra, RequestError
from tilth.secrets import AuthenticationFailed, renewing, resolve

__all__ = ["aws"]
pytestmark = pytest.mark.slow


@pytest.fixture
def manager(aws):
    import boto3

    return boto3.client("secretsmanager", region_name="eu-west-1")


def test_versions_fields_and_rotation(manager):
    first, second = (json.dumps({"username": "me", "password": p}) for p in ("first-password", "second-password"))
    arn = manager.create_secret(Name="prod/pg", SecretString=first)["ARN"]
    manager.create_secret(Name="binary", SecretBinary=b"bytes-of-it")
    assert resolve("aws:prod/pg#password").reveal() == resolve(f"aws-secret:{arn}#password").reveal() == "first-password"
    assert resolve("aws:binary").reveal() == "bytes-of-it"
    tried = []

    def connect(secret):
        tried.append(secret.reveal())
        if tried[-1] == "first-password":
            raise AuthenticationFailed("refused")
        return tried

    manager.put_secret_value(SecretId="prod/pg", SecretString=second)  # rotated, while the old value is kept here
    assert renewing("aws:prod/pg#password", connect) == ["first-password", "second-password"]
    assert resolve("aws:prod/pg#password@AWSPREVIOUS").reveal() == "first-password"


def test_three_refusals_have_three_messages(manager, monkeypatch):
    from botocore.client import BaseClient
    from botocore.exceptions import ClientError, EndpointConnectionError

    with pytest.raises(RequestError, match=r"aws:none in eu-west-1 does not exist"):
        resolve("aws:none")

    def failing(error):
        def call(self, operation, parameters):
            raise error

        monkeypatch.setattr(BaseClient, "_make_api_call", call)

    for code, says in (
        ("ExpiredTokenException", "have expired"),
        ("AccessDeniedException", "secretsmanager:GetSecretValue"),
        ("DecryptionFailure", "kms:Decrypt"),
    ):
        failing(ClientError({"Error": {"Code": code, "Message": "marker-marker"}}, "GetSecretValue"))
        with pytest.raises(RequestError, match=says) as raised:
            resolve("aws:prod/pg")
        assert "marker-marker" not in str(raised.value)
    failing(ClientError({"Error": {"Code": "ThrottlingException", "Message": "marker-marker"}}, "GetSecretValue"))
    with pytest.raises(MachineError, match="ThrottlingException"):
        resolve("aws:prod/pg")
    failing(EndpointConnectionError(endpoint_url="https://marker-marker"))
    with pytest.raises(MachineError, match="EndpointConnectionError") as down:
        resolve("aws:prod/pg")
    assert "marker-marker" not in str(down.value)
    monkeypatch.delenv("AWS_REGION")
    with pytest.raises(RequestError, match="no region is set"):
        resolve("aws:prod/pg")
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(MissingExtra, match=r"tilth\[aws\]"):
        resolve("aws:prod/pg")
