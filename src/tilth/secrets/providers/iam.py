"""`iam:CLUSTER`, `iam:serverless/WORKGROUP`: a temporary user and password for Redshift, made by AWS."""

from __future__ import annotations

import json

from tilth.errors import RequestError
from tilth.secrets.providers.aws import client_of
from tilth.secrets.references import Provider

SERVERLESS = "serverless/"
SECONDS = 900  # validity of the password
DENIED = "allow redshift:GetClusterCredentialsWithIAM, or redshift-serverless:GetCredentials"
ABSENT = ("is not known", "check the name and the region: iam:CLUSTER, or iam:serverless/WORKGROUP")
SAID = {
    **dict.fromkeys(("AccessDenied", "AccessDeniedException", "UnauthorizedOperation"), ("may not be opened", DENIED)),
    **dict.fromkeys(("ClusterNotFound", "ClusterNotFoundFault", "ResourceNotFoundException"), ABSENT),
}


class RedshiftCredentials(Provider):
    """Temporary credentials, made by AWS for the role or user that runs this: no password is stored. The place has the rest."""

    has_fields = False
    keeps = SECONDS * 2 / 3

    def text(self, name: str, label: str) -> str:
        serverless = name.startswith(SERVERLESS)
        named = name.removeprefix(SERVERLESS)
        if not named or "/" in named:
            raise RequestError(
                f"iam:{name} does not name a cluster", accepted="iam:CLUSTER, iam:serverless/WORKGROUP", code="bad-reference"
            )
        service = "redshift-serverless" if serverless else "redshift"
        with client_of(service, f"the {'workgroup' if serverless else 'cluster'} {named}", None, SAID) as client:
            if serverless:
                found = client.get_credentials(workgroupName=named, durationSeconds=SECONDS)
            else:
                found = client.get_cluster_credentials_with_iam(ClusterIdentifier=named, DurationSeconds=SECONDS)
        parts = {key.lower(): value for key, value in found.items()}
        return json.dumps({"engine": "redshift", "username": parts["dbuser"], "password": parts["dbpassword"]})
