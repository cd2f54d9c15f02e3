"""tilth run, from the file to the result; atomically, whenever it is stopped."""

from __future__ import annotations

import json
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import tilth as front
from tests.cli.processes import Completed, finish, start
from tilth.demo.loans import write_loans
from tilth.flow import Flow

Tilth = Callable[..., Completed]

FLOW = """
data:
  read: loans.csv
  nulls: ["?", N/A]
  roles: {id: application_id, label: approved, positive: yes, time: applied_at, facet: sex}
check: |
  Rules = [ RowCount > 10, IsComplete "age" ]
rows:
  - filter: approved IS NOT NULL
split: {train: 0.8, test: 0.2, by: time}
features:
  - select: [age, income, sex, "credit.score"]
  - impute: {columns: numeric, with: median}
  - scale: numeric
  - encode: {columns: sex, missing: slot}
training:
  - balance: {with: over, ratio: 0.5}
measure: [bias]
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with 500 loans and a flow."""
    folder = tmp_path_factory.mktemp("run")
    write_loans(folder / "loans.csv", 500, 2)
    (folder / "loans.yaml").write_text(FLOW)
    return folder


@pytest.fixture
def place(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.fixture(scope="module")
def ran(made: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Completed, Path]:
    """A run of the flow, and its folder: only to be looked at."""
    folder = tmp_path_factory.mktemp("ran")
    shutil.copytree(made, folder, dirs_exist_ok=True)
    return finish(start("run", "loans.yaml", "-o", "out", "--json", cwd=folder)), folder


def seen(folder: Path) -> set[str]:
    """What a user sees in a folder: everything that is not hidden."""
    return {p.name for p in folder.iterdir() if not p.name.startswith((".", "_"))}


@pytest.mark.slow
def test_a_run_leaves_data_flow_and_report(ran: tuple[Completed, Path]) -> None:
    done, place = ran
    assert done.code == 1  # a rule fails: ages are missing
    assert seen(place / "out") == {"train", "test", "loans.tilth", "croissant.json", "openlineage.jsonl", "report.html", "report.json"}
    assert "report: out/report.html" in done.err
    train, test = (pq.read_table(place / "out" / part) for part in ("train", "test"))
    assert train.column_names == test.column_names
    assert not any(train.column(c).null_count for c in train.column_names if c != "application_id")
    assert {"application_id", "age", "income", "approved"} <= set(train.column_names)
    report = json.loads((place / "out/report.json").read_text())
    assert {f["part"] for f in report["findings"] if f["kind"] == "bias"} == {"raw", "train", "test"}
    assert Flow.load(place / "out/loans.tilth").fitted


@pytest.mark.slow
def test_the_training_part_is_balanced_and_the_test_part_is_not(ran: tuple[Completed, Path]) -> None:
    shares = {}
    for part in ("train", "test"):
        labels = pq.read_table(ran[1] / "out" / part).column("approved").to_pylist()
        shares[part] = labels.count("yes") / labels.count("no")
    assert shares["train"] == pytest.approx(0.5, abs=0.01)
    assert shares["test"] < 0.4


@pytest.mark.slow
def test_run_twice_gives_the_same_bytes(tilth: Tilth, place: Path, ran: tuple[Completed, Path]) -> None:
    tilth("run", "loans.yaml", "-o", "out")
    first, second = ran[1] / "out", place / "out"
    assert (first / "loans.tilth").read_bytes() == (second / "loans.tilth").read_bytes()
    for part in ("train", "test"):
        a, b = (sorted(map(str, pq.read_table(folder / part).to_pylist())) for folder in (first, second))
        assert a == b


@pytest.mark.slow
def test_the_result_goes_to_the_place_in_the_flow(tilth: Tilth, place: Path) -> None:
    (place / "flows").mkdir()
    (place / "flows/f.yaml").write_text(FLOW.replace("read: loans.csv", "read: ../loans.csv") + "deliver: {to: result}\n")
    assert tilth("run", "flows/f.yaml").code == 1
    assert (place / "flows/result/train").exists()


@pytest.mark.slow
def test_a_dry_run_touches_nothing(tilth: Tilth, place: Path) -> None:
    before = seen(place)
    done = tilth("run", "loans.yaml", "-o", "out", "--dry-run")
    assert done.code == 0
    first, *lines = done.out.splitlines()
    titles = [line for line in lines if line.startswith("-- ")]
    scans = int(first.removeprefix("-- ").removesuffix(" scans of the data:"))
    assert titles == titles[:scans] * 2  # all of them at the top, and each above its query
    assert "SELECT" in lines  # one thing on a line
    assert seen(place) == before
    planned = tilth("plan", "loans.yaml", "--json")
    assert [p["title"] for p in json.loads(planned.out)]


def test_fit_and_apply_prepare_as_the_run_did(tilth: Tilth, place: Path, ran: tuple[Completed, Path]) -> None:
    done = tilth("fit", "loans.yaml", "-o", "mine.tilth")
    assert done.code == 0
    assert "impute" in done.out
    assert "median" not in done.err
    assert tilth("apply", "mine.tilth", "loans.csv", "-o", "all.parquet").code == 0
    whole = {r["application_id"]: r for r in pq.read_table(place / "all.parquet").to_pylist()}
    for row in pq.read_table(ran[1] / "out/test").to_pylist():
        assert whole[row["application_id"]] == row


@pytest.mark.slow
def test_a_plan_has_placeholders_for_learned_values_of_every_kind(tilth: Tilth, place: Path) -> None:
    (place / "kinds.csv").write_text("n,t,d,b\n1,a,2024-01-01,true\n,,,\n2,b,2024-01-02,false\n")
    (place / "kinds.yaml").write_text(
        "data: {read: kinds.csv}\nfeatures: [{impute: {columns: [n, t, d, b], with: mode}}]\nmeasure: [profile]\n"
    )
    assert tilth("plan", "kinds.yaml").code == 0
    assert tilth("run", "kinds.yaml", "-o", "out").code == 0  # it is a flow that runs


def test_a_check_masks_private_columns_and_shows_the_ids_of_failed_rows(tilth: Tilth, place: Path) -> None:
    (place / "people.csv").write_text("no,mail\n7,ada@example.org\n8,ada@example.org\n9,bob@example.org\n")
    (place / "keys.dqdl").write_text('Rules = [ IsUnique "mail" ]')
    done = tilth("check", "people.csv", "keys.dqdl", "--id", "no", "--private", "mail", "-o", "report.json")
    (rule,) = json.loads((place / "report.json").read_text())["findings"]
    assert rule["examples"] == [{"no": 7, "mail": "a*** (15 characters)"}]
    assert rule["details"]["example_rows"] == [2]
    assert "ada@" not in done.out + done.err + (place / "report.json").read_text()


def test_json_goes_to_standard_output_and_every_scan_has_a_purpose(ran: tuple[Completed, Path]) -> None:
    report = json.loads(ran[0].out)
    assert report["findings"]
    purposes = dict.fromkeys(p["purpose"] for p in report["facts"]["scans"])
    assert [p for p in purposes if p] == [
        "rules",
        "bias of raw",
        "rows",
        "rows: filter",
        "learning of split",
        "split",
        "rows of each part",
        "learning of impute numeric",
        "learning of scale numeric; encode sex",
        "leakage checks of the split",
        "comparison of the parts",
        "cells changed by features",
        "features",
        "training",
        "learning of balance",
        "training: balance",
        "measures of train",
        "bias of train",
        "bias of test",
        "delivery of train",
        "delivery of test",
    ]
    assert [p["title"] for p in report["facts"]["scans"] if not p["purpose"]] == ["load text files"]


# ── exit codes, in a process of its own ──

EXITS = [
    (["check", "loans.csv", "good.dqdl"], 0),
    (["check", "loans.csv", "bad.dqdl"], 1),
    (["check", "nothing.csv", "good.dqdl"], 2),
    (["run", "loans.yaml", "-o", "/proc/nothing/out"], 3),
    (["lint", "good.dqdl", "--target", "glue-etl"], 0),
    (["lint", "broken.dqdl"], 2),
]


@pytest.mark.parametrize(("words", "code"), EXITS, ids=[f"{w[0]} {c}" for w, c in EXITS])
def test_the_exit_code_tells_request_and_machine_errors_apart(place: Path, tilth: Tilth, words: list[str], code: int) -> None:
    (place / "good.dqdl").write_text("Rules = [ RowCount > 10 ]")
    (place / "bad.dqdl").write_text('Rules = [ IsComplete "age" ]')
    (place / "broken.dqdl").write_text("Rules = [ RowCount ]")
    done = tilth(*words)
    assert done.code == code, done


@pytest.mark.slow
@pytest.mark.parametrize(("what", "most"), [(resource.RLIMIT_FSIZE, 20_000), (resource.RLIMIT_NOFILE, 6)], ids=["size", "files"])
def test_a_limit_of_the_process(place: Path, what: int, most: int) -> None:
    """The size of a file, and the number of open files."""
    done = finish(start("run", "loans.yaml", "-o", "out", cwd=place, preexec_fn=lambda: resource.setrlimit(what, (most, most))))
    assert done.code == 3, done
    assert "out could not be written: this process reached a limit [ulimit]" in done.err
    assert seen(place) == {"loans.csv", "loans.yaml"}


FULL = [
    "run loans.yaml -o {}/out",
    "fit loans.yaml -o {}/a.tilth",
    "measure loans.csv -o {}/out",
    "check loans.csv r.dqdl -o {}/report.html",
    "init loans.csv -o {}/a.yaml",
    "apply a.tilth loans.csv -o {}/new/out.csv",
    "demo -o {}/new --rows 1000",
]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory disks are mounted otherwise here")
def test_every_command_on_a_disk_without_room(place: Path, tilth: Tilth) -> None:
    disk = place / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("a disk is mounted by root only")
    try:
        (place / "r.dqdl").write_text("Rules = [ RowCount > 10 ]")
        assert tilth("fit", "loans.yaml", "-o", "a.tilth").code == 0
        (disk / "filling").write_bytes(bytes(16 << 10)[: shutil.disk_usage(disk).free])
        for words in FULL:
            done = tilth(*words.format("disk").split())
            assert (done.code, done.out) == (3, ""), (words, done)
            assert "the disk is full" in done.err or "No space left" in done.err, (words, done)
            assert ".tilth-" not in done.err, (words, done)  # the user knows no hidden place
            assert [p.name for p in disk.iterdir()] == ["filling"], words
    finally:
        subprocess.run(["umount", disk], check=True)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full on this machine")
def test_standard_output_on_a_full_disk(place: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = finish(start("schema", cwd=place, stdout=full))
    assert (done.code, done.err) == (3, "No space left on device\n")


@pytest.fixture(scope="module")
def results(made: Path, ran: tuple[Completed, Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, int], Path]:
    """The parts of a whole run with their rows; and the result of a run with other rows."""
    rows = {part: pq.read_table(ran[1] / "out" / part).num_rows for part in ("train", "test")}
    other = tmp_path_factory.mktemp("old")
    shutil.copy(made / "loans.csv", other)
    (other / "old.yaml").write_text(FLOW.replace("train: 0.8, test: 0.2", "train: 0.5, test: 0.5"))
    front.run(other / "old.yaml", other / "out")
    return rows, other / "out"


def until(process: subprocess.Popen[str], place: Path, pattern: str) -> None:
    """Wait until a file that matches is there, or the process has ended."""
    found = None
    while not found:
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.005)
            return
        with suppress(FileNotFoundError):  # a folder that went while it was looked through
            found = next(place.glob(pattern), None)


MOMENTS = {
    "at the first file": (".out*", "old"),
    "at the first part": (".out*/train", "nothing"),
    "at the fitted flow": (".out*/*.tilth", "old"),
    "at the report": (".out*/report.json", "nothing"),
}
STOPPED = [(signal.SIGKILL, moment) for moment in MOMENTS]
STOPPED += [(signal.SIGINT, "at the first part"), (signal.SIGTERM, "at the report")]  # one handler serves both


@pytest.mark.slow
@pytest.mark.parametrize(("how", "moment"), STOPPED)
def test_stopped_at_any_moment_it_leaves_the_old_or_the_new(
    place: Path, results: tuple[dict[str, int], Path], how: signal.Signals, moment: str
) -> None:
    (when, there), out, (whole, old) = MOMENTS[moment], place / "out", results
    if there == "old":
        shutil.copytree(old, out)
    process = start("run", "loans.yaml", "-o", "out", cwd=place)
    until(process, place, when)
    process.send_signal(how)
    done = finish(process)
    if how is not signal.SIGKILL and done.code not in (0, 1):
        assert done.code in (128 + how, -how), done  # a shell shows the same for both
        assert not [p for p in place.iterdir() if p.name.startswith(".out")]
    if out.exists():
        kept = {part: pq.read_table(out / part).num_rows for part in ("train", "test")}
        assert kept == whole or there == "old"
        assert {"train", "test", "report.html", "report.json"} <= seen(out)
    else:
        assert there == "nothing"
    assert seen(place) <= {"loans.csv", "loans.yaml", "out"}
    if how is signal.SIGKILL and there == "nothing":  # what was left hidden is cleared by the next run
        front.run(place / "loans.yaml", out)
        assert not [p for p in place.iterdir() if p.name.startswith(".out")]


@pytest.mark.spark
@pytest.mark.xdist_group("processes")  # it starts no Spark, and waits
def test_an_unreachable_spark_connect_server_is_reported(tmp_path):
    (tmp_path / "data.csv").write_text("a\n1\n")
    (tmp_path / "rules.dqdl").write_text("Rules = [ RowCount = 1 ]")
    words = ("check", "data.csv", "rules.dqdl", "--engine", "spark", "--spark-remote", "sc://localhost:1")
    done = finish(start(*words, cwd=tmp_path))
    assert done.code == 3, done
    assert "the Spark Connect server sc://localhost:1 cannot be used: failed to connect" in done.err
