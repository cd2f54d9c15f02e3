"""Rules on files: a folder of three, on this machine and in S3."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from pathlib import Path

import pyarrow as pa
import pytest

import tilth
from tests.engines import duckdb_session
from tests.rules.cases import FOLDER, evaluate
from tilth.data import Dataset, Memory
from tilth.report import Outcome
from tilth.rules import parse
from tilth.store.places import atomic

SMALL, LARGE = b"a,b\n1,2\n3\n", b"x" * 2048
FILES = {"small.csv": SMALL, "twin.csv": LARGE, "deep/twin.csv": LARGE}
NOON = dt.datetime(2024, 3, 4, 12, tzinfo=dt.UTC)
SUMS = {word: hashlib.new(name, SMALL).hexdigest() for word, name in (("SHA256", "sha256"), ("MD5", "md5"), ("SHA-1", "sha1"))}
TABLE = Dataset(Memory(pa.table({"a": [1]}), ("a",)))


def cases() -> list[list[str]]:
    lines = FOLDER.joinpath("files.tsv").read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    top = tmp_path_factory.mktemp("files")
    for day, (name, content) in enumerate(FILES.items(), 1):
        path = top / "dir" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (dt.datetime(2024, 3, day, 12, tzinfo=dt.UTC).timestamp(),) * 2)
    (top / "copy").mkdir()
    (top / "copy" / "other.csv").write_bytes(LARGE)
    return {"DIR": str(top / "dir"), "COPY": str(top / "copy")}


def written(rule: str, folders: dict[str, str]) -> str:
    for word, place in folders.items():
        rule = rule.replace(f'"{word}', f'"{place}')
    for word, found in SUMS.items():
        rule = rule.replace(f'= "{word}" with', f'= "{found.upper()}" with').replace(f'"{word}"]', f'"{found}"]')
    return rule


@pytest.mark.parametrize("case", cases(), ids=lambda case: case[0])
def test_the_cases(case: list[str], folders: dict[str, str]) -> None:
    rule, outcome, *metric = case
    (found,) = evaluate(TABLE, parse(f"Rules = [ {written(rule, folders)} ]"), duckdb_session(), now=NOON)
    assert found.outcome == outcome, found.message
    if metric:
        assert found.payload.metrics[f"Dataset.*.{metric[0]}"] == pytest.approx(float(metric[1]), rel=1e-12)


def test_a_rule_without_a_path_is_about_the_files_that_were_read(folders: dict[str, str], tmp_path: Path) -> None:
    read = tmp_path / "read.csv"
    read.write_bytes(SMALL.replace(b"3\n", b"3,4\n"))
    (found,) = tilth.check(read, "Rules = [ FileSize = 12 B ]").findings
    assert (found.outcome, found.payload.metrics["Dataset.*.FileCount"]) == (Outcome.PASSED, 1)


def test_messages_name_the_files(folders: dict[str, str]) -> None:
    rules = ['FileSize "DIR" > 1 KB', 'FileMatch "DIR" "COPY"', 'FileUniqueness "DIR" = 1', 'FileSize "DIR/none" > 0']
    found = evaluate(TABLE, parse(f"Rules = [ {', '.join(written(rule, folders) for rule in rules)} ]"), duckdb_session())
    assert [f.message.replace(folders["DIR"], "DIR").splitlines()[-1] for f in found] == [
        "1 of 3 files do not meet it: small.csv",
        "without a partner in " + folders["COPY"] + ": small.csv, twin.csv",
        "2 of 3 files have the content of another: deep/twin.csv, twin.csv",
        "no files matched",
    ]


@pytest.mark.slow
def test_objects_in_s3(s3: str) -> None:
    for name, content in FILES.items():
        with atomic(f"{s3}/in/{name}") as path:
            path.write_bytes(content)
    with atomic(f"{s3}/in-old/z.csv") as path:
        path.write_bytes(SMALL)
    rules = f"""Rules = [
        FileSize "{s3}/in" >= 10 B, FileSize "{s3}/in/*.csv" > 1 KB, FileUniqueness "{s3}/in/" > 0.3,
        FileMatch "{s3}/in/twin.csv" "{s3}/in/deep/twin.csv", FileFreshness "{s3}/in" > (now() - 1 hours), FileSize "{s3}/none" > 0,
        FileMatch "{s3}/in/small.csv" = "{SUMS["SHA256"]}"
    ]"""
    found = evaluate(TABLE, parse(rules), duckdb_session())
    assert [str(f.outcome) for f in found] == ["Passed", "Failed", "Passed", "Passed", "Passed", "Failed", "Passed"]
    assert [f.payload.metrics.get("Dataset.*.FileCount") for f in found[:3]] == [3, 3, 3]
