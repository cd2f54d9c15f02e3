"""Bad input: a clear message, the right exit code, nothing half written, no traceback. The cases are in `bad_input.yaml`."""

from __future__ import annotations

import os
import pickle
import shlex
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.cases import cases
from tests.cli.processes import Completed
from tests.house.closed import closed

CASES: list[dict[str, Any]] = cases(Path(__file__).with_name("bad_input.yaml"))
Tilth = Callable[..., Completed]


class Loaded:
    """Creates a file when unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("loaded"),)


def empty(path: Path, *names: str) -> None:
    """Add empty entries to a zip file."""
    with zipfile.ZipFile(path, "a") as archive:
        for name in names:
            archive.writestr(name, "")


def make(path: Path) -> None:
    """Make a file that YAML cannot hold."""
    match path.name:
        case "latin.csv":
            path.write_bytes("name\nMüller\n".encode("latin-1"))
        case "latin.dqdl":
            path.write_bytes('Rules = [\nIsComplete "ä" ]'.encode("latin-1"))
        case "broken.csv":
            path.symlink_to("gone.csv")
        case "loop.csv":
            path.symlink_to("loop.csv")
        case "pipe.csv":
            os.mkfifo(path)
        case "half.parquet":
            pq.write_table(pa.table({"age": list(range(1000))}), path)
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        case "bomb.tilth":  # a little more than is opened, of blanks that pack well
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive, archive.open("schema.json", "w") as file:
                for _ in range(513):
                    file.write(b" " * 2**20)
            empty(path, "manifest.json", "flow.yaml", "flow.json", "baseline.json")
        case "outside.tilth":
            empty(path, "../../outside", "/etc/outside", "manifest.json")
        case "pickled.tilth":
            path.write_bytes(pickle.dumps(Loaded()))
        case "newer.tilth":
            empty(path, "flow.yaml", "flow.json", "schema.json", "baseline.json")
            with zipfile.ZipFile(path, "a") as archive:
                archive.writestr("manifest.json", '{"format": "tilth", "version": 99, "sha256": {}}')
        case _:
            path.write_bytes(bytes(range(256)) * 40)


def contents(folder: Path) -> dict[Path, bytes | None]:
    """Everything in a folder, the files with their bytes."""
    return {p: p.read_bytes() if p.is_file() else None for p in folder.rglob("*")}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=[c["case"] for c in CASES])
def test_bad_input_is_reported_and_leaves_no_files(case: dict[str, Any], tilth: Tilth, tmp_path: Path) -> None:
    for name, text in case.get("files", {}).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    if "made" in case:
        make(tmp_path / case["made"])
    before = contents(tmp_path)
    done = tilth(*shlex.split(case["tilth"].replace("LONG", "x" * 300)))
    codes = case["code"] if isinstance(case["code"], list) else [case["code"]]
    assert done.code in codes, done
    words = done.err if done.code > 1 and not case["tilth"].startswith("lint") else done.out
    assert all(str(said) in words for said in case["says"]), words
    assert contents(tmp_path) == before
    assert not any((tmp_path / name).exists() for name in case.get("lacks", ()))


CLOSED: list[tuple[str, int]] = [
    ("run f.yaml -o closed/out", 3),
    ("check a.csv r.dqdl -o closed/new/r.html", 3),
    ("measure a.csv -o closed/out", 3),
    ("init a.csv -o closed/f.yaml", 3),
    ("demo -o closed/demo", 3),
    ("check closed/a.csv r.dqdl", 2),
    ("check closed r.dqdl", 2),
    ("check a.csv closed/r.dqdl", 2),
    ("run closed/f.yaml", 2),
    ("apply closed/f.tilth a.csv -o b.csv", 2),
]


@pytest.mark.parametrize(("words", "code"), CLOSED, ids=[c[0] for c in CLOSED])
def test_a_place_without_permission(tilth: Tilth, tmp_path: Path, words: str, code: int) -> None:
    (tmp_path / "a.csv").write_text("age\n1\n2\n")
    (tmp_path / "f.yaml").write_text("data: {read: a.csv}")
    (tmp_path / "r.dqdl").write_text("Rules = [ RowCount > 0 ]")
    (tmp_path / "closed").mkdir()
    with closed(tmp_path / "closed"):
        done = tilth(*words.split())
    assert done.code == code, done
    place = next(w for w in words.split() if w.startswith("closed"))
    assert place in done.err and any(f"{why}" in done.err for why in ("no permission", ": Permission denied\n", "denied [")), done
    assert not done.err.startswith("Permission denied"), done


@pytest.mark.parametrize(
    "words",
    ["check a.csv pipe.csv", "run pipe.csv -o out", "measure a.csv --config pipe.csv", "lint pipe.csv", "apply pipe.tilth a.csv -o b.csv"],
)
def test_a_pipe_without_a_writer_does_not_block(tilth: Tilth, tmp_path: Path, words: str) -> None:
    (tmp_path / "a.csv").write_text("age\n1\n2\n")
    for name in ("pipe.csv", "pipe.tilth"):
        os.mkfifo(tmp_path / name)
    done = tilth(*words.split())
    assert (done.code, "is a pipe or a device, not a file" in done.err + done.out) == (2, True), done


def test_an_unwritable_output_is_rejected_before_reading(tilth: Tilth, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "work").touch()
    (tmp_path / "f.yaml").write_text("data: {read: nothing.csv}")
    for words, says in (
        ("check nothing.csv r.dqdl -o x.doc", "the suffix of 'x.doc'"),
        ("check nothing.csv r.dqdl -o mine", "the suffix of 'mine'"),
        ("measure nothing.csv -o mine", "not written by Tilth: work"),
        ("run f.yaml -o mine", "not written by Tilth: work"),
    ):
        done = tilth(*words.split())
        assert (done.code, says in done.err, "nothing.csv" in done.err) == (2, True, False), done


@pytest.mark.slow
def test_an_edited_demo_is_not_replaced(tilth: Tilth, tmp_path: Path) -> None:
    assert tilth("demo", "--rows", "200").code == 0
    assert tilth("demo", "--rows", "300").code == 0
    flow = tmp_path / "demo" / "loans.yaml"
    flow.write_text(flow.read_text() + "# mine\n")
    before = contents(tmp_path)
    done = tilth("demo", "--rows", "400")
    assert (done.code, "demo/loans.yaml already exists and differs from the demo's" in done.err) == (2, True), done
    assert contents(tmp_path) == before


def test_unmatched_quotes(tilth: Tilth, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('a,b\n1,"x" y\n2,z\n')
    (tmp_path / "r.dqdl").write_text('Rules = [ ColumnLength "b" <= 5, RowCount = 2 ]')
    done = tilth("check", "a.csv", "r.dqdl")
    assert (done.code, '--quote ""' in done.err) == (2, True), done
    assert tilth("check", "a.csv", "r.dqdl", "--quote", "").code == 0


def test_prepared_data_never_replaces_its_input(tilth: Tilth, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("age\n1\n2\n")
    (tmp_path / "f.yaml").write_text("data: {read: a.csv}\nfeatures: [{scale: age}]")
    assert tilth("fit", "f.yaml", "-o", "f.tilth").code == 0
    before = contents(tmp_path)
    for out in ("a.csv", "./a.csv", "f.tilth"):
        done = tilth("apply", "f.tilth", "a.csv", "-o", out)
        assert (done.code, "would replace" in done.err) == (2, True), done
    done = tilth("run", "f.tilth", "-o", "out")
    assert (done.code, "tilth apply f.tilth DATA -o OUT" in done.err) == (2, True), done
    done = tilth("apply", "f.tilth", "a.csv", "-o", "a.xlsx")  # not a folder of Parquet by that name
    assert (done.code, "no format has this suffix" in done.err) == (2, True), done
    assert contents(tmp_path) == before


def test_too_many_threads_are_rejected(tilth: Tilth) -> None:
    done = tilth("check", "a.csv", "r.dqdl", "--threads", "100000")
    assert done.code == 2 and "1<=x<=1024" in done.err
