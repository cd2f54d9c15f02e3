"""tilth history: what is printed, exit codes, and that what is left out is not seen."""

import json

import pytest

ROWS = "Dataset.*.RowCount"


@pytest.mark.slow
def test_checks_of_several_days_are_shown_and_left_out(tilth, tmp_path):
    (tmp_path / "r.dqdl").write_text('DataSources = { "Primary": "t" } Rules = [ RowCount = last(), IsComplete "a" ]')
    for day, rows, code in (("2026-01-02", 2, 1), ("2026-01-01", 9, 1), ("2026-01-03", 9, 1)):  # the second is of an earlier day
        (tmp_path / "d.csv").write_text("a\n" + "1\n" * rows)
        assert tilth("check", "d.csv", "r.dqdl", "--history", "h.db", "--at", day).code == code
    shown = json.loads(tilth("history", "h.db", "--json").out)
    assert [(row["check"], row["at"][:10]) for row in shown] == [(3, "2026-01-03"), (1, "2026-01-02"), (2, "2026-01-01")]
    left = tilth("history", "h.db", "--exclude", "3", "--exclude", "1", "--metric", ROWS)
    assert left.code == 0 and "left out: 2 values of check 3, 1" in left.err
    assert [line.split()[0] for line in left.out.splitlines() if line.endswith("yes")] == ["3", "1"]
    assert tilth("check", "d.csv", "r.dqdl", "--history", "h.db").code == 0  # the last that counts had nine rows
    assert "included again: 1 value of check 3" in tilth("history", "h.db", "--include", "3", "--metric", ROWS).err


def test_what_there_is_not(tilth, tmp_path):
    assert "there is no history none.db" in (absent := tilth("history", "none.db")).err and absent.code == 2
    assert not (tmp_path / "none.db").exists()
    (tmp_path / "r.dqdl").write_text('Rules = [ IsComplete "a" ]')
    (tmp_path / "d.csv").write_text("a\n1\n")
    tilth("check", "d.csv", "r.dqdl", "--history", "h.db")
    wrong = tilth("history", "h.db", "--metric", "Column.a.Completenes")
    assert wrong.code == 2 and "did you mean 'Column.a.Completeness'?" in wrong.err
    assert tilth("history", "h.db", "--exclude", "7").code == 2
    wrong = tilth("history", "h.db", "--dataset", "d.cvs")
    assert wrong.code == 2 and "no check of a dataset 'd.cvs' is recorded" in wrong.err and "'d.csv'" in wrong.err
    assert tilth("history", "h.db").out.startswith("1 check in h.db")
    cases = ("mysql://u:p@h/d", "2026-01-01", "mysql:// holds no history"), ("h.db", "yesterday", "'yesterday' is not the time")
    for place, at, words in cases:
        wrong = tilth("check", "d.csv", "r.dqdl", "--history", place, "--at", at)
        assert wrong.code == 2 and words in wrong.err and "u:p" not in wrong.err
