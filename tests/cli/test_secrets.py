"""A marker password is in nothing that a command prints, logs, writes or raises, whatever goes wrong, with every connector and provider.

PostgreSQL, S3 and the web server are real; Redshift's driver is a stand-in, AWS Secrets Manager is moto.
"""

from __future__ import annotations

import io
import json
import logging
import sys
import traceback
from base64 import b64encode
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest

from tests.store import test_https as web
from tests.store import test_redshift as redshift
from tilth.cli import app
from tilth.secrets import hiding, references
from tilth.secrets.kept import Kept

pytestmark = pytest.mark.slow

MARKER = "m4rker p@ss/w+rd%\"x'"
FORMS = [
    "m4rker",
    *(form(MARKER) for form in (quote, quote_plus, json.dumps, repr)),
    *(
        b64encode(text.encode()).decode().rstrip("=")[4:-2]
        for text in (MARKER, f"me:{MARKER}", f"reader:{MARKER}", json.dumps({"a": MARKER}))
    ),
]
RIGHT = json.dumps({"username": "reader", "password": MARKER})
WRONG = json.dumps({"username": "reader", "password": f"{MARKER}-wrong"})
BROKEN = '{"username": "reader", "password": ' + json.dumps(MARKER) + ",}"
LONG = "SELECT i, pg_terminate_backend(pg_backend_pid()) FROM generate_series(1, 100000) AS t(i) WHERE i > 50000"


@pytest.fixture(scope="module")
def database(postgres_server):
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(postgres_server.socket, autocommit=True) as connection, connection.cursor() as cursor:
        literal = MARKER.replace("'", "''")
        for statement in (
            "drop table if exists shown, closed, noted",
            "drop role if exists reader",
            f"create role reader login password '{literal}'",
            "create table shown as select i as id, i * 1.5 as x from generate_series(1, 20) t(i)",
            "create table closed as select 1 as a",
            f"create table noted as select '{literal}' as note",
            "grant select on shown, noted to reader",
        ):
            cursor.execute(statement)
    return postgres_server


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    yield from web.server.__wrapped__(tmp_path_factory)


@pytest.fixture
def places(database, server, s3_server, monkeypatch, tmp_path):
    """What `{name}` in a case stands for."""
    monkeypatch.setattr(hiding, "_known", {})
    monkeypatch.setattr(references, "_kept", Kept())
    for name in ("PGPASSWORD", "VAULT_ADDR", "VAULT_TOKEN", "AWS_ENDPOINT_URL", "AWS_PROFILE", *s3_server):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", server[1])
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("HOME", str(tmp_path))
    return {
        "pg": database.local,
        "tls": database.verified,
        "port": str(database.port),
        "ca": str(database.certificate),
        "web": server[0],
        "s3": s3_server["AWS_ENDPOINT_URL"],
        "tmp": str(tmp_path),
    }


class Watched:
    """A command, and everything that it says anywhere."""

    def __init__(self, monkeypatch, capsys):
        self.log, self.raised, self.capsys = io.StringIO(), [], capsys
        handler = logging.StreamHandler(self.log)
        monkeypatch.setattr(logging.root, "handlers", [*logging.root.handlers, handler])
        monkeypatch.setenv(app.TRACEBACK, "1")
        report = app._report_error

        def reported(error):
            self.raised.append("".join(traceback.format_exception(error)))
            return report(error)

        monkeypatch.setattr(app, "_report_error", reported)

    def forget(self):
        self.log.seek(0)
        self.log.truncate()

    def __call__(self, *words):
        logging.getLogger("tests").debug("begins")
        code = app.run(list(words))
        out, err = self.capsys.readouterr()
        assert "internal error" not in err, err
        return code, "\n".join([out, err, self.log.getvalue(), *self.raised])


@pytest.fixture
def watched(monkeypatch, capsys):
    level = logging.root.level
    logging.root.setLevel(logging.DEBUG)  # and so loggers forget what they were told before
    yield Watched(monkeypatch, capsys)
    logging.root.setLevel(level)


CASES = {
    # PostgreSQL
    "wrong password": ("{pg}&table=shown", "env:SECRET", WRONG, 2, "password authentication failed"),
    "wrong password over TLS": ("{tls}&table=shown", "env:SECRET", WRONG, 2, "password authentication failed"),
    "wrong host": ("postgresql://db.nowhere.invalid/postgres?table=shown", "env:SECRET", RIGHT, 3, "could not translate host name"),
    "no server": ("postgresql://127.0.0.1:9/postgres?table=shown", "env:SECRET", RIGHT, 3, "Connection refused"),
    "wrong database": ("postgresql://127.0.0.1:{port}/nowhere?table=shown", "env:SECRET", RIGHT, 3, '"nowhere" does not exist'),
    "wrong table": ("{pg}&table=nowhere", "env:SECRET", RIGHT, 2, 'relation "nowhere" does not exist'),
    "permission denied": ("{pg}&table=closed", "env:SECRET", RIGHT, 2, "permission denied for table closed"),
    "dropped in the middle": (f"{{pg}}&query={LONG}", "env:SECRET", RIGHT, 3, "terminating connection"),
    "a value that does not fit": ("{pg}&query=SELECT note::int AS a FROM noted", "env:SECRET", RIGHT, 2, "a value does not fit"),
    "TLS, another name": (
        "postgresql://other.example.com:{port}/postgres?hostaddr=127.0.0.1&sslrootcert={ca}&table=shown",
        "env:SECRET",
        RIGHT,
        3,
        "cannot be reached",
    ),
    "TLS, unknown authority": (
        "postgresql://db.example.com:{port}/postgres?hostaddr=127.0.0.1&table=shown",
        "env:SECRET",
        RIGHT,
        3,
        "certificate",
    ),
    "password in the place": (f"postgresql://reader:{quote(MARKER, safe='')}@h/db?table=shown", None, "", 2, "must not contain a password"),
    "password in an option": (
        f"postgresql://reader@h/db?table=shown&password={quote(MARKER, safe='')}",
        None,
        "",
        2,
        "must not contain a password",
    ),
    "password of the environment": (
        "postgresql://reader@127.0.0.1:{port}/postgres?sslmode=disable&table=shown",
        "PGPASSWORD",
        f"{MARKER}-wrong",
        2,
        "authentication failed",
    ),
    # secrets
    "a literal": ("{pg}&table=shown", MARKER, "", 2, "this is not a reference to a secret"),
    "not valid JSON": ("{pg}&table=shown", "env:SECRET", BROKEN, 2, "not valid JSON: line 1"),
    "no password": ("{pg}&table=shown", "env:SECRET", json.dumps({"user": "reader", "pass": MARKER}), 2, "has no password"),
    "no such field": ("{pg}&table=shown", "env:SECRET#key", RIGHT, 2, "not have that field"),
    "another database's": ("{pg}&table=shown", "env:SECRET", json.dumps({"engine": "mysql", "password": MARKER}), 2, "one of mysql"),
    "no variable": ("{pg}&table=shown", "env:SECRETS", RIGHT, 2, "is not set"),
    "no file": ("{pg}&table=shown", "file:{tmp}/none", "", 2, "cannot be opened"),
    "an open file": ("{pg}&table=shown", "file:{tmp}/open", "", 2, "chmod 600"),
    "a command that fails": ("{pg}&table=shown", "command:sh {tmp}/fails", "", 3, "status 3"),
    "no provider": ("{pg}&table=shown", "vault:kv/pg", "", 2, "VAULT_ADDR"),
    "provider down": ("{pg}&table=shown", "vault:kv/pg", "https://127.0.0.1:9", 3, "does not answer"),
    "no extra": ("{pg}&table=shown", "aws:prod/pg", "", 2, "tilth[aws]"),
    # S3
    "S3: wrong key": (
        "s3://tests/warm.csv",
        "env:SECRET",
        json.dumps({"AccessKeyId": "tests-id", "SecretAccessKey": MARKER, "endpoint": "{s3}"}),
        2,
        "SignatureDoesNotMatch",
    ),
    "S3: no server": (
        "s3://tests/a.csv",
        "env:SECRET",
        json.dumps({"AccessKeyId": "a", "SecretAccessKey": MARKER, "endpoint": "http://127.0.0.1:9"}),
        3,
        "cannot be reached",
    ),
    "S3: no access key": ("s3://tests/a.csv", "env:SECRET", RIGHT, 2, "not an access key"),
    # web servers
    "HTTPS: wrong token": ("{web}/secret.csv", "env:SECRET", MARKER, 2, "status 401"),
    "HTTPS: wrong password": ("{web}/secret.csv", "env:SECRET", RIGHT, 2, "status 401"),
    "HTTPS: cut short": ("{web}/short.csv", "env:SECRET", MARKER, 3, "broke off"),
    "HTTPS: redirect": ("{web}/down.csv", "env:SECRET", MARKER, 3, "not followed"),
    "HTTPS: another name": ("{web}/open.csv".replace("{web}", "https://127.0.0.1:9"), "env:SECRET", MARKER, 3, "cannot be reached"),
    "HTTPS: in the place": (f"https://reader:{quote(MARKER, safe='')}@h/a.csv", None, "", 2, "must not contain a user"),
    "HTTPS: signed": (f"https://h/a.csv?X-Amz-Signature={quote(MARKER, safe='')}", None, "", 2, "must not contain the option"),
    # others
    "a file needs none": ("{tmp}/open", "env:SECRET", RIGHT, 2, "takes no secret"),
    "JDBC": (f"jdbc:postgresql://h/db?password={quote(MARKER, safe='')}", None, "", 2, "must not contain a password"),
    "JDBC on DuckDB": ("jdbc:postgresql://h/db?table=shown", "env:SECRET", RIGHT, 2, "read by Spark only"),
    "no store": (f"mysql://reader:{quote(MARKER, safe='')}@h/db", None, "", 2, "must not contain a password"),
}


@pytest.mark.parametrize("case", CASES)
def test_no_error_shows_the_marker(case, places, watched, monkeypatch, tmp_path):
    place, reference, value, code, says = CASES[case]
    (tmp_path / "open").write_text(MARKER)
    (tmp_path / "open").chmod(0o644)
    (tmp_path / "fails").write_text(f"echo {json.dumps(MARKER)}; echo {json.dumps(MARKER)} >&2; exit 3")
    for name, text in places.items():
        place, value = place.replace(f"{{{name}}}", text), value.replace(f"{{{name}}}", text)
    monkeypatch.setenv({"PGPASSWORD": "PGPASSWORD", "vault:kv/pg": "VAULT_ADDR"}.get(reference or "", "SECRET"), value)
    monkeypatch.setenv("VAULT_TOKEN", MARKER)
    monkeypatch.setitem(sys.modules, "boto3", None)
    given = [] if reference in (None, "PGPASSWORD") else ["--secret", reference.replace("{tmp}", str(tmp_path))]
    found, said = watched("profile", place, *given)
    assert_hidden(said)
    assert found == code, said[-2000:]
    assert says in said, said[-2000:]


def assert_hidden(said):
    assert [form for form in FORMS if form in said] == [], said[-3000:]


def test_no_error_of_redshift_shows_the_marker(places, watched, monkeypatch):
    monkeypatch.setenv("SECRET", json.dumps({"engine": "redshift", "username": "me", "password": MARKER}))
    for where, raised in (
        ("connect", redshift.refused("28P01", f"it says {MARKER}")),
        ("connect", redshift.refused("3D000", f"no database, {MARKER}")),
        ("connect", OSError(f"TLS: {quote(MARKER)}")),
        ("execute", redshift.refused("42501", f"permission denied for {MARKER}")),
        ("fetch", BrokenPipeError(MARKER)),
    ):
        monkeypatch.setitem(sys.modules, "redshift_connector", redshift.Driver(fails={where: raised}))
        code, said = watched("profile", "redshift://h/db?table=t", "--secret", "env:SECRET")
        assert code in (2, 3)
        assert "redshift://h/db?table=t" in said
        assert_hidden(said)


def test_no_error_of_aws_shows_the_marker(places, watched, monkeypatch):
    import boto3
    from botocore.client import BaseClient
    from botocore.exceptions import ClientError
    from moto import mock_aws

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "a")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    words = ("profile", f"{places['pg']}&table=shown", "--secret")
    with mock_aws():
        manager = boto3.client("secretsmanager", region_name="eu-west-1")
        manager.create_secret(Name="wrong", SecretString=WRONG)
        manager.create_secret(Name="broken", SecretString=BROKEN)
        manager.create_secret(Name="right", SecretString=RIGHT)
        watched.forget()  # what the test itself has sent
        for reference, code in (("aws:right", 0), ("aws:wrong", 2), ("aws:broken", 2), ("aws:none", 2), ("aws:right@AWSPREVIOUS", 2)):
            found, said = watched(*words, reference)
            assert_hidden(said)
            assert found == code, said[-2000:]
        assert hiding.WITHHELD in said  # botocore's debug messages hold the whole answer
    error = ClientError({"Error": {"Code": "AccessDeniedException", "Message": MARKER}}, "GetSecretValue")

    def fails(*_):
        raise error

    monkeypatch.setattr(BaseClient, "_make_api_call", fails)
    found, said = watched(*words, "aws:other")
    assert_hidden(said)
    assert (found, "secretsmanager:GetSecretValue" in said) == (2, True)


def test_nothing_that_a_run_writes_holds_the_marker(places, watched, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SECRET", RIGHT)
    Path("f.yaml").write_text(
        f"""
data:
  read: "{places["pg"]}&table=shown"
  secret: env:SECRET
  tables: {{others: {{read: "{places["tls"]}&table=shown", secret: env:SECRET}}}}
check: |
  Rules = [ ReferentialIntegrity "id" "others.id" = 1.0, Mean "x" > 5 ]
split: {{train: 0.5, test: 0.5, by: hash(id)}}
features: [{{scale: x}}]
measure: [profile]
"""
    )
    code, said = watched("run", "f.yaml", "-o", "out", "--report", "html,md", "--history", "history.db", "--json")
    assert code == 0, said[-2000:]
    _, more = watched("apply", "out/f.tilth", f"{places['tls']}&table=shown", "--secret", "env:SECRET", "-o", "all.csv")
    _, drafted = watched("init", f"{places['pg']}&table=shown", "--secret", "env:SECRET")
    assert_hidden(said + more + drafted)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"f.tilth", "report.html", "report.json", "croissant.json", "history.db", "all.csv"} <= {path.name for path in files}
    for path in files:
        assert_hidden(path.read_bytes().decode("latin-1"))


def test_the_secret_opens_other_tables_of_the_same_kind(places, watched, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SECRET", RIGHT)
    Path("ids.csv").write_text("id\n" + "\n".join(map(str, range(1, 30))) + "\n")
    Path("rules.dqdl").write_text('Rules = [ ReferentialIntegrity "id" "other.id" = 1.0, ReferentialIntegrity "id" "ids.id" = 1.0 ]')
    place, opened = f"{places['pg']}&table=shown", ("--secret", "env:SECRET")
    found, said = watched("check", place, "rules.dqdl", "--table", f"other={place}", "--table", "ids=ids.csv", *opened)
    assert (found, *[watched("profile", place, "--against", other, *opened)[0] for other in ("ids.csv", place)]) == (0, 0, 0), said
    assert watched("measure", place, "--against", place, *opened)[0] == 0
    assert watched("init", place, *opened)[0] == 0
    assert Path("shown.yaml").exists()
