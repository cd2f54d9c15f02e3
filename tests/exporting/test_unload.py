"""Exports from Redshift, by UNLOAD through the Data API: boto3 asks a stand-in over HTTP, which writes to a real S3 server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import tilth
from tests.encrypted import key
from tests.exporting.redshift import HASH, Redshift, serving
from tilth.errors import Gap, RequestError, SourceError
from tilth.exporting import data_api, unload
from tilth.exporting.export import explain
from tilth.store.places import copies

__all__ = ["key"]

pytestmark = pytest.mark.slow
HOST = "redshift://sales.abc123.eu-west-1.redshift.amazonaws.com/dev"
PLACE = f"{HOST}?table=public.orders"
HASHED = {"hash": "country", "parts": 2}


@pytest.fixture
def redshift(database, execute, s3, monkeypatch):
    execute(HASH)
    stand_in = Redshift(database)
    monkeypatch.setattr(data_api, "FIRST_WAIT", 0.001)
    with serving(stand_in) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL_REDSHIFT_DATA", address)
        yield stand_in


def taken(place):
    return tilth.write(tilth.read(place)).sort_by("id")


def test_a_subset(redshift, database, s3):
    given = {"source": PLACE, "secret": "aws:prod/dw", "columns": ["id", "country"], "where": "id > :least and country <> 'it''s'"}
    given |= {
        "parameters": {"least": 9},
        "partition": HASHED,
        "unload": {"role": "arn:aws:iam::111122223333:role/unloads", "kms_key_id": "k-1"},
    }
    explained = explain(given)
    assert (len(explained.parts), explained.rows, redshift.unloads) == (3, 18000, [])
    done = tilth.export(given, s3)
    expected = tilth.write(tilth.read(f"{database}&query=select id, country from orders where id > 9 and country is not null")).sort_by(
        "id"
    )
    assert taken(s3).equals(expected) and done.rows == len(expected)
    (run,) = {sql.partition(" TO '")[2].partition("/part-")[0] for sql in redshift.unloads}
    assert r"country <> 'it\'s'" in redshift.unloads[0]  # as Redshift escapes it
    assert redshift.unloads[0].endswith("MANIFEST VERBOSE KMS_KEY_ID 'k-1' ENCRYPTED")
    operation, asked = redshift.asked[0]
    assert operation == "ExecuteStatement" and asked["ClusterIdentifier"] == "sales" and asked["SecretArn"] == "prod/dw"
    found = copies(f"{run}/_copy_manifest.json")
    manifest = json.loads(Path(found.path).read_text())
    assert manifest["meta"]["record_count"] == len(expected) and len(manifest["entries"]) == 6
    with pytest.warns(UserWarning, match="holds this export already"):
        tilth.export(given, s3)
    assert len(redshift.unloads) == 3


def test_a_statement_that_fails_is_run_again_by_the_next_run(redshift, s3):
    given = {"source": PLACE, "secret": "iam:serverless/night", "partition": HASHED}
    redshift.faults = {"part-00001": "failed", "part-00002": "held"}
    with pytest.raises(SourceError, match=r"Disk Full(.|\n)*1 of 3 parts are done and kept: run the same again"):
        tilth.export(given, s3)
    assert [s["ends"] for s in redshift.statements.values() if "part-00002" in s["Sql"]] == ["ABORTED"]  # it was cancelled
    done = tilth.export(given, s3)
    assert taken(s3)["id"].to_pylist() == list(range(1, 6001))
    assert [p["tries"] for p in done.state["parts"]] == [1, 2, 2]
    assert redshift.asked[0][1]["WorkgroupName"] == "night"


def test_an_answer_that_is_lost_does_not_run_a_statement_twice(redshift, s3):
    redshift.faults = {"UNLOAD": "unanswered"}
    tilth.export({"source": PLACE, "secret": "iam:sales"}, s3)
    assert len(redshift.unloads) == 1 and taken(s3).num_rows == 6000


def test_a_statement_goes_on_without_the_process_that_sent_it(redshift, s3, monkeypatch):
    given = {"source": PLACE, "secret": "iam:sales"}
    with monkeypatch.context() as patched, pytest.raises(IndexError):  # for a process that is killed
        patched.setattr(unload.Unload, "_is_done", lambda self, part: [][1])
        patched.setattr(unload.DataApi, "cancel", lambda self, statement: None)
        tilth.export(given, s3)
    assert tilth.export(given, s3).rows == 6000
    assert len(redshift.unloads) == 1


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"secret": "aws:denied"}, RequestError, "may not be asked"),
        ({"secret": "env:PASSWORD"}, RequestError, "iam:CLUSTER"),
        ({"source": "redshift://h/dev?table=t", "secret": "aws:prod/dw"}, RequestError, "the host that AWS shows"),
        ({"secret": "iam:sales", "limit_bytes": 5}, RequestError, "about 240,000 bytes would be read"),
        ({"secret": "iam:sales", "to": "out"}, Gap, "writes to S3 only"),
    ],
)
def test_what_is_refused(redshift, s3, given, error, words):
    with pytest.raises(error, match=words):
        tilth.export({"source": PLACE, "to": s3} | given)
    assert not redshift.unloads


def test_under_a_key(redshift, s3, key):
    with tilth.protected(key), pytest.raises(Gap, match="cannot encrypt with Tilth's key"):
        tilth.export({"source": PLACE, "secret": "iam:sales"}, s3)
