"""The facts of a run."""

from pathlib import Path

import tilth


def test_a_file_has_a_fingerprint_that_changes_with_it(tmp_path: Path) -> None:
    place = tmp_path / "a.csv"
    place.write_text("x\n1\n2\n")
    first, again = (tilth.check(tilth.read(place), "Rules = [ RowCount = 2 ]").facts for _ in range(2))
    assert first.fingerprint.startswith("sha256:")
    assert (first.fingerprint, first.rows) == (again.fingerprint, 2)
    place.write_text("x\n1\n2\n3\n")
    assert tilth.check(tilth.read(place), "Rules = [ RowCount = 3 ]").facts.fingerprint != first.fingerprint
