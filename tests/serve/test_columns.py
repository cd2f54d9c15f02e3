"""Many rows of CSV or JSON Lines are prepared as columns: the values and types are those of the row function, to the last bit."""

import csv
import io
import json
import random

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tilth
from tests.serve.conftest import FLOW
from tests.serve.conftest import TABLE as PEOPLE
from tests.steps.cases import FEATURES
from tilth.data import Kind
from tilth.errors import RequestError
from tilth.flow import Flow
from tilth.flow.flow import Reading
from tilth.serve import columns
from tilth.serve.batching import Sending, transformed
from tilth.serve.bodies.rows import BadRows, Columns, RowsInColumns
from tilth.serve.bodies.text import from_csv, from_lines, table_of_csv, table_of_lines
from tilth.serve.columns import prepared
from tilth.serve.media import media_type
from tilth.serve.pipeline import Pipeline
from tilth.serve.stages import Preparation
from tilth.testing.steps import ROLES, sample_table

CSV, LINES = media_type("text/csv"), media_type("application/jsonlines")
CHANCE = random.Random(11)
NUMBERS = ["0.5", "-0.0", "38.5816", "1e308", "5e-324", "9007199254740993", " 7 ", "+3", ".5", "?", "1e-7", "-9223372036854775808", "1e16"]
WORDS = ["a", "A", " ", "\t", "\u00a0", "日本", "new", "it's", "-7", "1e3", "TRUE", "2024-02-29", "2024-02-29T12:30Z", 'a "b", c', "nan"]
CELLS = {
    "number": lambda: CHANCE.choice([*NUMBERS, repr(CHANCE.gauss(0, 1)), repr(CHANCE.uniform(-1e18, 1e18))]),
    "whole": lambda: CHANCE.choice(
        ["0", "5", "007", "+1", "?", "-0", str(CHANCE.randint(-9, 9)), str(CHANCE.randint(-(2**63), 2**63 - 1))]
    ),
    "price": lambda: "0.50",
    "word": lambda: CHANCE.choice(WORDS),
    "flag": lambda: CHANCE.choice(["true", "FALSE", "y", "0", " t ", "?"]),
    "day": lambda: CHANCE.choice(["2024-02-29", "0001-01-01", "9999-12-31", "1970-01-01"]),
    "moment": lambda: CHANCE.choice(["2024-02-29 12:30", "0001-01-01T00:00:00", "1969-12-31 23:59:59.999999"]),
    "zoned": lambda: CHANCE.choice(["2024-02-29T12:30Z", "1969-12-31 23:59:59.999999+02:00"]),
    "label": lambda: "yes",
    "id": lambda: "7",
}
NATIVE = {"number": lambda text: len(text) / 7, "whole": lambda text: len(text) - 5, "flag": lambda text: text == "y"}  # as JSON has them
ROWS = [list(CELLS), *(["" if CHANCE.random() < 0.1 else cell() for cell in CELLS.values()] for _ in range(200))]


@pytest.fixture
def at_once(monkeypatch):
    """Even a few rows are prepared as columns."""
    monkeypatch.setattr(columns, "MANY", 1)


@pytest.mark.slow
@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("step", FEATURES[::9], ids=str)
def test_columns_are_the_rows(step):
    flow = tilth.fit(Flow(parts={"features": (step,)}, reading=Reading(roles=ROLES, options={"nulls": ("?", "N/A")})), sample_table())
    numbers = tuple(c for c in Preparation("it", flow).makes if c not in ("price", "day", "moment", "zoned"))
    stage, file = Preparation("it", flow, numbers), io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(ROWS)
    reject_difference(stage, file.getvalue().encode(), CSV, from_csv)
    lines = "".join(json.dumps({n: NATIVE.get(n, str)(v) if v else None for n, v in zip(CELLS, r, strict=True)}) + "\n" for r in ROWS[1:])
    reject_difference(stage, lines.encode(), LINES, from_lines)


def reject_difference(stage, body, kind, read):
    """Columns that differ from the rows, or that are prepared although a row is refused, such as for a sum that leaves 64 bits."""
    many = prepared(stage, body, kind)
    try:
        rows = stage(read(body, kind, stage.takes))
    except BadRows:
        assert many is None
    else:
        assert many is None or repr(list(many)) == repr(rows)  # the repr tells 0.0 from -0.0, and 1 from 1.0


CHARACTERS = st.text(st.sampled_from('ab",\n\r ä\0'), max_size=6)


@given(st.lists(st.tuples(CHARACTERS, CHARACTERS), max_size=4), st.booleans(), CHARACTERS, st.sampled_from(["\n", "\r\n"]))
def test_columns_of_any_csv_are_its_rows(rows, all_quoted, last, end):
    file = io.StringIO()
    csv.writer(file, lineterminator=end, quoting=csv.QUOTE_ALL if all_quoted else csv.QUOTE_MINIMAL).writerows(rows)
    body, names = (file.getvalue() + last).encode(), Columns(("a", "b"))
    table = table_of_csv(body, CSV, names)
    if table is not None:
        assert table.to_pylist() == from_csv(body, CSV, names)


@pytest.mark.parametrize(
    ("body", "kind", "expected"),
    [
        (b"b,a\n1,2\n", "text/csv", [{"b": "1", "a": "2"}]),
        (b"b,a\r\n,2\r\n", "text/csv; header=absent", [{"a": "b", "b": "a"}, {"a": None, "b": "2"}]),
        (b'\xef\xbb\xbf"x, ""y""",\n\n 1,2', "text/csv", [{"a": 'x, "y"', "b": None}, {"a": " 1", "b": "2"}]),
        (b'"x\ny",1\n', "text/csv", None),
        (b'"x"y,1\n', "text/csv", None),
        (b"1,2\n3\n", "text/csv", None),
        (b"1,2,3\n", "text/csv", None),
        (b"a,a\n1,2\n", "text/csv; header=present", None),
        (b"1\r2\n", "text/csv", None),
        (b"1,\0\n", "text/csv", None),
        (b"1,\xff\n", "text/csv", None),
        (b"1,2\n", "text/csv; charset=latin-1", None),
        pytest.param(b"1," + b"2" * 131_073, "text/csv", None, id="a long cell"),
        (b"\n", "text/csv", None),
        (b"", "text/csv", None),
    ],
)
def test_columns_of_csv(body, kind, expected):
    before = csv.field_size_limit(131_072)  # Python's own, which reading a file raises
    table = table_of_csv(body, media_type(kind), Columns(("a", "b")))
    csv.field_size_limit(before)
    assert (None if table is None else table.to_pylist()) == expected


KINDS = {"n": Kind.INTEGER, "x": Kind.FLOAT, "t": Kind.STRING, "b": Kind.BOOLEAN}
ROW = {"n": 7, "x": -0.5, "t": "ä", "b": True}


def in_lines(*rows):
    return "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows).encode()


@pytest.mark.parametrize(
    "body",
    [
        in_lines(ROW, {"t": None, "b": None, "n": None, "x": None, "other": [1, [2]]}),
        in_lines({**ROW, "n": "7", "x": "?"}, ROW | {"n": "", "x": None}),
        in_lines({**ROW, "x": 2**60 + 1}, {**ROW, "x": 1e-320}, {**ROW, "n": -(2**63)}),
        in_lines(f" {json.dumps(ROW)} ", "\t", json.dumps(ROW, ensure_ascii=False) + "\r"),
        in_lines({**ROW, "t": '"n": "b":', "": 1, "n ": 2}),
        b"\xef\xbb\xbf" + in_lines(ROW),
    ],
)
def test_columns_of_lines(body):
    """They are what Python reads; of an absent value nothing is made."""
    table = table_of_lines(body, LINES, KINDS)
    rows = from_lines(body, LINES, Columns(tuple(KINDS)))
    assert table is not None
    assert repr(table.to_pylist()) == repr(
        [{n: float(row[n]) if n == "x" and type(row[n]) is int else row[n] for n in KINDS} for row in rows]
    )


LACKING = '{"x": 1.5, "t": "a", "b": true}'


@pytest.mark.parametrize(
    "row",
    [
        LACKING,
        LACKING[:-1] + ', "o": {"n": 1}}',
        LACKING[:-1] + r', "o \"n": 1}',
        LACKING[:-1] + ', "n" : null}',
        LACKING[:-1] + ', "n": null, "n": 1}',
        LACKING[:-1] + ', "n": 1.0}',
        LACKING[:-1] + ', "n": "1"}',
        LACKING[:-1] + ', "n": true}',
        LACKING[:-1] + f', "n": {2**63}}}',
        '{"n": 1, "x": -0, "t": "a", "b": true}',
        '{"n": 1, "x": 1e400, "t": "a", "b": true}',
        '{"n": 1, "x": 1.5, "t": 1, "b": true}',
        '{"n": 1, "x": 1.5, "t": [], "b": true}',
        '{"n": 1, "x": 1.5, "t": "a", "b": 1}',
        r'{"n": 1, "x": 1.5, "t": "\ud800", "b": true}',
        r'{"n": 1, "x": 1.5, "t": "\u0000", "b": true}',
        '{"n": 1, "x": 1.5, "t": "\t", "b": true}',
        *(LACKING[:-1] + f', "n": 1, "o": {other}}}' for other in ("NaN", "-Infinity", "01", "1" * 4400, "[" * 600 + "]" * 600)),
        '[1, 1.5, "a", true]',
        '{"features": [1, 1.5, "a", true]}',
        json.dumps(ROW) * 2,
        "{",
        json.dumps(ROW)[:-1] + "\n}",
    ],
)
def test_lines_that_only_python_reads(row):
    assert table_of_lines(in_lines(ROW, row), LINES, KINDS) is None


def test_lines_in_another_charset():
    kind = media_type("application/jsonlines; charset=latin-1")
    assert table_of_lines(in_lines(ROW), kind, KINDS) is None
    assert table_of_lines(in_lines(ROW) + b'{"o": "\xff"}\n', LINES, {"t": Kind.STRING}) is None


JSON_VALUES = st.none() | st.booleans() | st.integers(-9, 2**64) | st.floats() | st.text(st.sampled_from('n"{:\\ ä'), max_size=4)


@given(st.lists(st.dictionaries(st.sampled_from([*KINDS, "o"]), JSON_VALUES | st.lists(JSON_VALUES, max_size=2), max_size=5), max_size=4))
def test_columns_of_any_lines_are_its_rows(rows):
    body = in_lines(*rows)
    table = table_of_lines(body, LINES, KINDS)
    if table is not None:
        read = from_lines(body, LINES, Columns((*KINDS, "o")))
        assert table.to_pylist() == [{name: row[name] for name in KINDS} for row in read]


TEXT = "no,email,age,job\n" + "".join(f"{i},e,{i % 70 or '?'},{'cook' if i % 2 else 'Ärztin'}\n" for i in range(60))


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    ("text", "works"),
    [
        (TEXT, True),
        (TEXT + "9,e,six,cook\n", False),
        (TEXT.replace("age", "years"), False),
        ("job,age\ncook,38\n", True),
        ("age\n38\n", False),
    ],
    ids=["readable", "an unreadable value", "a column is missing", "only needed columns", "the other is missing"],
)
def test_what_is_prepared_as_columns(text, works):
    flow = tilth.fit(Flow.parse(FLOW.replace("roles", "nulls: ['?'], roles")), PEOPLE)
    stage = Preparation("it", flow)
    many = prepared(stage, text.encode(), CSV)
    assert (many is not None) == works
    if many is not None:
        assert list(many) == stage(from_csv(text.encode(), CSV, stage.takes)) == [many[i] for i in range(len(many))]


@pytest.mark.usefixtures("at_once")
def test_an_unreadable_value_may_be_null():
    flow = tilth.fit(Flow.parse(FLOW.replace("roles", "max_invalid: 1, roles")), PEOPLE)
    body = b"1,e,six,cook\n"
    stage = Preparation("it", flow)
    assert list(prepared(stage, body, CSV)) == stage(from_csv(body, CSV, stage.takes))


@pytest.mark.usefixtures("at_once")
def test_an_overflow_is_named_by_the_row_function():
    flow = tilth.fit(Flow.parse("features: [{formula: {column: twice, expression: 2 * x}}]"), pa.table({"x": [1, 2]}))
    pipeline, body = Pipeline([Preparation("it", flow)]), b"1\n9223372036854775807\n"
    assert prepared(pipeline.stages[0], body, CSV) is None
    with pytest.raises(RequestError):
        pipeline.stages[0](pipeline.read(body, "text/csv"))


@pytest.mark.parametrize("bad", [False, True])
@pytest.mark.parametrize("accept", ["text/csv", "application/jsonlines"])
@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_a_batch_of_many_records_is_as_it_was_record_by_record(served, tmp_path, monkeypatch, accept, bad, suffix):
    text = TEXT.replace("?", "") + ("9,e,six,cook\n" if bad else "")
    given = [{**row, "age": int(row["age"]) if row["age"].isdigit() else row["age"] or None} for row in csv.DictReader(io.StringIO(text))]
    file = tmp_path / f"a{suffix}"
    file.write_bytes(text.encode() if suffix == ".csv" else in_lines(*given))
    pipeline = Pipeline.of(str(served / "people.tilth"), str(served / "model.skops"), output=["softmax"])
    found = []
    for most in (1, 10**9):
        monkeypatch.setattr(columns, "MANY", most)
        out = tmp_path / f"out{most}"
        found.append(transformed(pipeline, [str(file)], str(out), Sending(accept=accept)))
        found.append(sorted((path.name, path.read_bytes()) for path in out.iterdir()))
    assert found[:2] == found[2:]
    assert [one.records for one in found[0]] == ([0] if bad else [60])


@pytest.mark.usefixtures("at_once")
def test_later_stages_are_given_a_list_of_rows():
    """They may iterate over all rows for each column, and each time the rows would be made of the columns again."""
    flow = tilth.fit(Flow.parse(FLOW.replace("roles", "nulls: ['?'], roles")), PEOPLE)

    class Kept:
        takes, gives = Columns(("age",)), ("age",)

        def __call__(self, rows):
            assert isinstance(rows, list)
            return [{"age": row["age"]} for row in rows]

    pipeline = Pipeline([Preparation("it", flow), Kept()])
    assert len(pipeline.predicted(TEXT.encode(), "text/csv")) == 60


def test_rows_in_columns():
    rows = RowsInColumns({"a": [1, 2], "b": ["x", None]})
    assert (len(rows), list(rows), rows[1]) == (2, [{"a": 1, "b": "x"}, {"a": 2, "b": None}], {"a": 2, "b": None})
    assert list(rows.values_of(["b"])) == [("x",), (None,)]
