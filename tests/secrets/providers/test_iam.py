"""Temporary credentials of Redshift, by a stand-in for the one call that asks AWS."""

from __future__ import annotations

import pytest

from tilth.errors import MachineError, RequestError
from tilth.secrets import Credentials, kept, resolve

pytestmark = pytest.mark.slow
ANSWER = {"DbUser": "IAMR:role", "DbPassword": "a-temporary-password"}


@pytest.fixture
def aws(monkeypatch):
    """The operations that AWS is asked for, and what it answers them with."""
    from botocore.client import BaseClient

    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    asked, answers = [], {}

    def call(self, operation, parameters):
        asked.append((operation, parameters))
        if isinstance(answers[operation], Exception):
            raise answers[operation]
        return answers[operation]

    monkeypatch.setattr(BaseClient, "_make_api_call", call)
    return asked, answers


def test_a_cluster_and_a_workgroup(aws, monkeypatch):
    asked, answers = aws
    answers |= {"GetClusterCredentialsWithIAM": ANSWER, "GetCredentials": {"dbUser": "IAM:me", "dbPassword": "another-password"}}
    found = Credentials.of(resolve("iam:warehouse"))
    assert (found.user, found.password.reveal(), found.engine) == ("IAMR:role", "a-temporary-password", "redshift")
    assert Credentials.of(resolve("iam:serverless/analytics")).user == "IAM:me"
    resolve("iam:warehouse")
    later = kept.monotonic() + 601
    monkeypatch.setattr(kept, "monotonic", lambda: later)
    resolve("iam:warehouse")
    cluster = ("GetClusterCredentialsWithIAM", {"ClusterIdentifier": "warehouse", "DurationSeconds": 900})
    assert asked == [cluster, ("GetCredentials", {"workgroupName": "analytics", "durationSeconds": 900}), cluster]


@pytest.mark.parametrize(
    ("reference", "code", "error", "says"),
    [
        ("iam:warehouse", "ClusterNotFound", RequestError, "the cluster warehouse in eu-west-1 is not known"),
        ("iam:warehouse", "AccessDenied", RequestError, "redshift:GetClusterCredentialsWithIAM"),
        ("iam:warehouse", "Throttling", MachineError, "Throttling"),
        ("iam:serverless/", "", RequestError, "does not name a cluster"),
    ],
)
def test_what_goes_wrong(aws, reference, code, error, says):
    from botocore.exceptions import ClientError

    aws[1]["GetClusterCredentialsWithIAM"] = ClientError({"Error": {"Code": code, "Message": "marker-word"}}, "x")
    with pytest.raises(error, match=says) as raised:
        resolve(reference)
    assert "marker-word" not in str(raised.value)
