"""Which kind a column of strings has."""

import pytest

from tests.engines import duckdb_session
from tilth.data import Kind
from tilth.formats import read
from tilth.formats.guess import END, guess, values_in_header

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


HEADS: list[tuple[str, str, bool]] = [
    ("a word above numbers", "age,job|31,cook|50,cook", True),
    ("a number above numbers", "31,cook|50,clerk|20,cook", False),
    ("a float above integers", "0.5,x|1,y|2,z", False),
    ("a word that occurs again", "cook,x|cook,y|clerk,z", False),
    ("strings only", "job,note|cook,x|clerk,y", True),
    ("years above numbers", "land,2019,2020|Chad,7,8|Fiji,3,9", True),
    ("a count above numbers", "0,1,2|7,8,3|3,9,4", True),
    ("a date above dates", "2024-01-01,x|2024-01-02,y", False),
    ("one line", "1,2,3", True),
    ("gaps above numbers", "?,31|5,20|6,21", False),
    ("names above empty columns", "a,b|,|,", True),
]


@pytest.mark.parametrize(("rows", "expected"), [c[1:] for c in HEADS], ids=[c[0] for c in HEADS])
def test_header_detection(rows: str, expected: bool) -> None:
    assert (not values_in_header([line.split(",") for line in rows.split("|")])) is expected


@pytest.mark.parametrize(
    ("values", "kinds"),
    [
        (["1", " -20 ", "", "NA"], (Kind.INTEGER, Kind.FLOAT)),
        (["999999999999999999", "1"], (Kind.INTEGER,)),  # a double would lose digits
        (["9223372036854775807"], (Kind.INTEGER,)),
        (["9223372036854775808"], ()),  # beyond 64 bits
        (["1e308", "2.5"], (Kind.FLOAT,)),
        (["1e309", "2.5"], ()),  # beyond every double
        ([f"1{END}2"], ()),  # one value, not two
        (["2012-02-29"], (Kind.DATE,)),
        (["2011-02-29"], ()),
        (["a", "1"], ()),
    ],
)
def test_first_values_permit_kinds(values: list[str], kinds: tuple[Kind, ...]) -> None:
    assert guess(values, ["NA"]).kinds == kinds
