"""Which kind a column of strings has."""

import pytest

from tests.engines import duckdb_session
from tilth.formats import read

CASES = [
    (["1", "-20", " 3 ", ""], "integer"),
    (["0", "1"], "integer"),
    (["9" * 18], "integer"),
    (["9" * 19], "string"),  # might not fit 64 bits, and does not fit a double
    (["007", "12"], "string"),
    (["+49", "+33"], "string"),
    (["1", "2.5"], "float"),
    (["1e3", ".5", "5.", "-0.25E-2"], "float"),
    (["00.5"], "string"),
    (["1,5"], "string"),
    (["NaN", "1.0"], "string"),
    (["1e999"], "string"),
    (["true", "False", "TRUE"], "boolean"),
    (["yes", "no"], "string"),
    (["2024-02-29", "1999-12-31"], "date"),
    (["2023-02-29"], "string"),  # no such day
    (["2024-02-29 12:30", "2024-02-29T23:59:59.5"], "timestamp"),
    (["2024-02-29 12:30Z", "2024-02-29T23:59:59+02:00"], "timestamp with time zone"),
    (["2024-02-29", "2024-02-29 12:30"], "string"),
    (["", "", ""], "string"),
    (["1"] * 3000 + ["x"], "string"),  # beyond the head of the file
    ([""] * 3000 + ["1.5"], "float"),
    (["1"] * 3000 + ["1.5"], "float"),
    (["2024-02-29"] * 3000 + ["2023-02-29"], "string"),
]


@pytest.mark.parametrize(("strings", "kind"), CASES, ids=lambda v: None if isinstance(v, list) else v)
def test_all_rows_decide(strings, kind, tmp_path):
    engine = duckdb_session()
    file = tmp_path / "table.csv"
    file.write_text("x,y\n" + "".join(f'"{t}",0\n' for t in strings))
    assert engine.schema(read(file, engine=engine))["x"].kind == kind
