"""A check at fixed times: a line for each, data that is missing for a while, and how it ends."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.processes import Completed
from tilth import verbs
from tilth.cli import every
from tilth.errors import RequestError, SourceError
from tilth.history import ledger_at

RULES = 'Rules = [ RowCount > last(1), IsComplete "a" ]'


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Path]:
    """The data of each check, an empty list for none; with the last the process is asked to end. Meanwhile no time passes."""
    seen = list[Path]()
    real = verbs.read

    def read(data: str, **given: object) -> object:
        days = sorted(tmp_path.glob("day*.csv"))
        day = days[len(seen)]
        seen.append(day)
        if day == days[-1]:
            signal.raise_signal(signal.SIGTERM)
        Path(data).unlink(missing_ok=True)
        if day.stat().st_size:
            Path(data).write_bytes(day.read_bytes())
        return real(data, **given)

    monkeypatch.setattr(verbs, "read", read)
    monkeypatch.setattr(every, "following", lambda start, now, every: now)
    return seen


def test_each_check_is_a_line_and_the_last_one_says_the_exit_code(
    tilth: Callable[..., Completed], checks: list[Path], tmp_path: Path
) -> None:
    for day, rows in enumerate(("a\n1\n", "", "a\n1\n", "a\n1\n2\n")):
        (tmp_path / f"day{day}.csv").write_text(rows)
    (tmp_path / "r.dqdl").write_text(RULES)
    done = tilth("check", "a.csv", "r.dqdl", "--every", "1s", "--history", "h.db")
    assert [line.partition(" ")[2] for line in done.out.splitlines()] == [
        "passed: 2 of 2 rules passed, 1 row",
        "failed: 1 of 2 rules passed, 1 row; not RowCount > last(1)",
        "passed: 2 of 2 rules passed, 2 rows",
    ]
    assert done.err.partition(" ")[2] == "error: there is no file a.csv\n"
    assert done.code == 0 and len(checks) == 4
    assert len(ledger_at(tmp_path / "h.db").checks()) == 3


def test_lines_of_json_and_an_end_with_a_failure(tilth: Callable[..., Completed], checks: list[Path], tmp_path: Path) -> None:
    for day in range(2):
        (tmp_path / f"day{day}.csv").write_text("a\n1\n")
    (tmp_path / "r.dqdl").write_text(RULES)
    done = tilth("check", "a.csv", "r.dqdl", "--every", "1s", "--history", "h.db", "--json")
    assert [json.loads(line)["Score"] for line in done.out.splitlines()] == [1.0, 0.5]
    assert done.code == 1


@pytest.mark.parametrize(("words", "says"), [(("--every", "15"), "such as 15m"), (("--every", "0m"), "such as 15m"),
                                             (("--every", "1d", "--at", "2026-01-01"), "at which it runs")])  # fmt: skip
def test_what_cannot_be_asked(tilth: Callable[..., Completed], tmp_path: Path, words: tuple[str, ...], says: str) -> None:
    done = tilth("check", "a.csv", "r.dqdl", *words)
    assert done.code == 2 and says in done.err


@pytest.fixture
def interruptible() -> Iterator[None]:
    """A process that was started in the background ignores SIGINT, and so would a check in it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_a_wrong_request_ends_it_and_so_does_a_second_signal() -> None:
    def wrong() -> int:
        raise RequestError("no")

    def asked_twice() -> int:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        return 0

    def missing() -> int:
        signal.raise_signal(signal.SIGINT)
        raise SourceError("no")

    with pytest.raises(RequestError):
        every.repeated(wrong, 1)
    with pytest.raises(KeyboardInterrupt):
        every.repeated(asked_twice, 1)
    assert every.repeated(missing, 1) == 2
