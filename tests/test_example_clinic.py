"""The way of confidential data in `examples/README.md`, from a real PostgreSQL to a real S3: its commands, as they stand there."""

from __future__ import annotations

import re
import shlex
import tempfile
from pathlib import Path

import pytest

import tilth
from tests.encrypted import rows
from tests.house.tree import ROOT
from tests.servers import PostgresServer
from tilth.cli.app import run
from tilth.store.places import store_of
from tilth.store.protection import protected

PASSWORD = "never-shown-anywhere"
CONFIDENTIAL = re.compile(rb"@example\.org|020 7946|Berger|Moreau|4111 1111|Short of breath|" + PASSWORD.encode())
TABLE = f"""
{(ROOT / "examples" / "clinic.sql").read_text("utf-8")}
create role clinic_reader login password '{PASSWORD}';
grant usage on schema clinic to clinic_reader;
grant select on clinic.stays to clinic_reader
"""


def _commands() -> list[str]:
    """Those of the page; but the canary, which takes half a minute, has tests of its own."""
    section = (ROOT / "examples" / "README.md").read_text("utf-8").partition("## Confidential data")[2].partition("\n## ")[0]
    section = section.replace("--canary examples/clinic.yaml", "--key file:examples/clinic.key")
    return re.findall(r"^    tilth (.+)$", section, re.MULTILINE)


@pytest.mark.slow
def test_no_patient_is_in_plain_text_on_the_way(
    postgres_server: PostgresServer, s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(postgres_server.socket, autocommit=True) as connection, connection.cursor() as cursor:
        for statement in TABLE.split(";\n"):
            cursor.execute(statement)
    for folder in ("examples", "tmp"):
        (tmp_path / folder).mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    flow = (ROOT / "examples" / "clinic.yaml").read_text("utf-8")
    (tmp_path / "examples" / "clinic.yaml").write_text(flow.replace("s3://my-bucket", s3), "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CLINIC_PASSWORD", PASSWORD)
    server = f"127.0.0.1:{postgres_server.port}/postgres?sslmode=disable&"
    said = ""
    for command in _commands():
        words = shlex.split(command.replace("s3://my-bucket", s3).replace("reader@db.example.com/clinic?", f"clinic_reader@{server}"))
        code = run([*words])
        said += f"{command}\n{''.join(capfd.readouterr())}\n"
        assert code == 0, said
    stored = store_of(s3).everything(s3)
    left = [p for top in (Path(stored.path), tmp_path) for p in top.rglob("*") if p.is_file()]
    assert len(left) > 20
    assert [p for p in left if CONFIDENTIAL.search(p.read_bytes())] == []
    assert not CONFIDENTIAL.search(said.encode())
    with protected(f"file:{tmp_path}/examples/clinic.key"):
        train, test = (rows(tilth.read(f"{s3}/clinic/ready/{part}")) for part in ("train", "test"))
    assert train.num_rows + test.num_rows == 1910 and train.num_rows > 1400
    assert {"full_name", "email", "phone"}.isdisjoint(train.column_names)
    assert all("[EMAIL]" in note and "@" not in note and "4111" not in note for note in train["note"].to_pylist())
