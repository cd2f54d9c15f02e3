"""Where secrets are revealed: a new place is a decision, which is taken here."""

from __future__ import annotations

import ast

from tests.house.tree import PACKAGE, sources

REVEALED = {
    "engine/spark/jdbc.py": 1,  # the password, an option of the reader of Spark
    "encryption/keyfile.py": 1,  # the passphrase of a key file
    "encryption/keys.py": 1,  # a key in base64
    "secrets/credentials.py": 2,  # the parts of a secret; a user's name
    "secrets/providers/vault.py": 1,  # the token, in a header
    "secrets/references.py": 3,  # a field of a secret; whether a renewed one differs
    "secrets/secret.py": 1,  # one that came from another process
    "store/https.py": 5,  # the header of a request
    "store/libpq.py": 1,  # the password, in the string for libpq
    "store/redshift.py": 1,  # the password, an argument of the driver
    "store/s3.py": 3,  # the access key, which the client asks for
}
"""Module → how often it calls `reveal()`."""


def test_the_call_sites_of_reveal_are_known() -> None:
    found = {str(path.relative_to(PACKAGE)): _calls(path.read_text()) for path in sources()}
    assert {path: calls for path, calls in found.items() if calls} == REVEALED


def _calls(source: str) -> int:
    """The calls, and other uses such as `map(Secret.reveal, …)`."""
    nodes = ast.walk(ast.parse(source)) if "reveal" in source else ()
    return sum(isinstance(node, ast.Attribute) and node.attr == "reveal" for node in nodes)
