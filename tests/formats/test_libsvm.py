"""LibSVM, beside scikit-learn's reader and writer of it."""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sklearn.datasets import dump_svmlight_file, load_svmlight_file

from tests.engines import duckdb_session
from tilth.errors import RequestError, SourceError
from tilth.formats import libsvm as module
from tilth.formats import read, to_arrow, write
from tilth.formats.layout import Layout
from tilth.formats.libsvm import LibSVM
from tilth.formats.shards import Manifest
from tilth.testing.formats import check_format


def encoded(table, label="label", weight=None, **options):
    features = tuple(n for n in table.column_names if n not in (label, weight))
    sparse = features == ("keys", "values")
    layout = Layout(label if label in table.column_names else None, weight, features, () if sparse else (1,) * len(features), sparse)
    file = io.BytesIO()
    LibSVM().encode(table.to_reader(), file, layout=layout, **options)
    return file.getvalue()


def decoded(text, **options):
    return pa.Table.from_batches(LibSVM().decode(io.BytesIO(text.encode() if isinstance(text, str) else text), **options)).to_pydict()


TABLE = pa.table({"label": [1, 0], "f0": [0.5, 0.0], "f1": [0.0, 0.0], "f2": [2.0, 1e-7]})
LISTS = pa.table({"label": [1.0, 0.0], "keys": [[300, 1], []], "values": [[4.0, 1.0], []]})


@pytest.mark.parametrize(
    ("table", "options", "text"),
    [
        (TABLE, {}, "1 0:0.5 2:2\n0 2:1e-7\n"),
        (TABLE, {"zero_based": False}, "1 1:0.5 3:2\n0 3:1e-7\n"),
        (TABLE, {"absent": "missing"}, "1 0:0.5 1:0 2:2\n0 0:0 1:0 2:1e-7\n"),
        (pa.table({"label": [1, 0], "f0": [None, 0.5], "f1": [True, None]}), {"absent": "missing"}, "1 1:1\n0 0:0.5\n"),
        (pa.table({"label": [1], "w": [0.25], "f0": [3]}), {"weight": "w"}, "1:0.25 0:3\n"),
        (pa.table({"f0": [0, 2], "f1": [0, 0]}), {}, "0:0\n0:2\n"),  # a line without a label is not empty
        (LISTS, {"n_features": 301}, "1 1:1 300:4\n0\n"),
    ],
)
def test_lines(table, options, text):
    assert encoded(table, **options).decode() == text


def test_the_base_is_never_guessed():
    assert decoded("1 1:0.5\n", n_features=2) == {"label": [1.0], "f0": [0.0], "f1": [0.5]}
    assert decoded("1 1:0.5\n", n_features=2, zero_based=False) == {"label": [1.0], "f0": [0.5], "f1": [0.0]}
    with pytest.raises(SourceError, match=r"<file>:2: it has a feature 0, so it counts from 0"):
        decoded("1 1:0.5\n1 0:1\n", n_features=2, zero_based=False)


def test_what_other_writers_may_do_is_read():
    text = "# a comment\n\n+1 qid:3 1:0.5   7:+2 # another\n-1 qid:4\n"
    assert decoded(text, lists=True) == {"label": [1.0, -1.0], "qid": [3, 4], "keys": [[1, 7], []], "values": [[0.5, 2.0], []]}
    assert decoded("1:0.5 0:1\n-1:2 0:3\r\n", weights=True, n_features=1) == {"label": [1.0, -1.0], "weight": [0.5, 2.0], "f0": [1.0, 3.0]}
    assert decoded("0:1 2:3", n_features=3, absent="missing") == {"f0": [1.0], "f1": [pytest.approx(np.nan, nan_ok=True)], "f2": [3.0]}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("1 2:1 1:1", "the numbers of its features do not ascend"),
        ("1 1:1 1:1", "the numbers of its features do not ascend"),
        ("1 1", "a feature has no value"),
        ("1 1:2:3", "a feature has no value"),
        ("1 a:2", "the number of a feature is not a whole number"),
        ("1 1:b", "a value is not a number"),
        ("x 1:2", "the label is not a number"),
        ("1,2 1:2", "the label is not a number"),
        ("1 -1:2", "a number of a feature is negative"),
        ("1 9:2", "it has the feature number 9, and n_features is 5"),
        ("1 1:é", "the line has a character that is not ASCII"),
    ],
)
def test_a_wrong_line_is_named(line, says):
    with pytest.raises(SourceError, match=rf"<file>:3: {says}.*\[bad-line\]"):
        decoded(f"1 0:1\n\n{line}\n1 0:1\n", n_features=5)


floats = st.one_of(st.just(0.0), st.floats(-1e300, 1e300))
rows = st.integers(1, 4).flatmap(lambda n: st.lists(st.lists(floats, min_size=n + 1, max_size=n + 1), min_size=1, max_size=6))


@given(rows, st.booleans(), st.sampled_from(["zero", "missing"]))
@example([[1.0, -0.0, 5e-324]], False, "zero")
def test_tables_are_read_back_by_us_and_by_scikit_learn(given_rows, zero_based, absent):
    width = len(given_rows[0]) - 1
    table = pa.table({n: [r[i] for r in given_rows] for i, n in enumerate(["label", *(f"f{i}" for i in range(width))])})
    content = encoded(table, zero_based=zero_based, absent=absent)
    assert decoded(content, zero_based=zero_based, absent=absent, n_features=width) == table.to_pydict()
    features, labels = load_svmlight_file(io.BytesIO(content), n_features=width, zero_based=zero_based)
    np.testing.assert_array_equal(features.toarray(), np.array(given_rows)[:, 1:])
    np.testing.assert_array_equal(labels, np.array(given_rows)[:, 0])
    file = io.BytesIO()
    dump_svmlight_file(np.array(given_rows)[:, 1:], labels, file, zero_based=zero_based)
    found = np.array(list(decoded(file.getvalue(), zero_based=zero_based, n_features=width).values())).T
    np.testing.assert_allclose(found, np.array(given_rows), rtol=1e-15)  # it writes 16 digits


@given(st.binary(max_size=30), st.integers(0, 40))
def test_damage_is_refused_or_read_with_its_line(rubbish, at):
    content = bytearray(b"1 0:1 1:2\n0 0:3 1:4\n1 0:5 1:6\n")
    content[at : at + len(rubbish)] = rubbish
    try:
        found = decoded(bytes(content), n_features=2)
    except SourceError as error:
        assert "<file>:" in str(error) or "no rows" in str(error)
    else:
        assert found


def test_files_are_read_in_parts(monkeypatch):
    monkeypatch.setattr(module, "CHUNK", 7)
    monkeypatch.setattr(module, "CELLS", 4)
    text = "".join(f"{i} {i % 3}:{i}\n" for i in range(1, 20))
    batches = list(LibSVM().decode(io.BytesIO(text.encode()), n_features=3))
    assert len(batches) > 6 and [v for b in batches for v in b["label"].to_pylist()] == list(range(1, 20))
    with pytest.raises(SourceError, match="<file>:20: a value is not a number"):
        list(LibSVM().decode(io.BytesIO((text + "1 0:x").encode()), n_features=3))


def test_values_that_cannot_be_left_out_are_refused():
    for table, options, says in [
        (pa.table({"label": [1], "f0": pa.array([None], pa.float64())}), {}, "column 'f0' has missing values, and what is left out"),
        (pa.table({"f0": pa.array([None], pa.float64())}), {"absent": "missing"}, "a row has no label and only missing values"),
        (pa.table({"label": pa.array([None], pa.int64()), "f0": [1.0]}), {}, "a label or a weight is missing"),
        (TABLE, {"absent": "nothing"}, "absent: 'nothing' is not known"),
        (LISTS, {}, "the rows are sparse, and their width is not known"),
    ]:
        with pytest.raises(RequestError, match=says):
            encoded(table, **options)


def test_folders_keep_width_and_names(tmp_path):
    engine = duckdb_session()
    data = read(pa.table({"paid": [1, 0, 1], "age": [0.5, 0.0, 0.0], "x": [0, 0, 0]}), roles={"label": "paid"}, engine=engine)
    write(data, tmp_path / "train", format="libsvm", rows_per_shard=2, zero_based=False, engine=engine)
    contents = Manifest.beside(tmp_path / "train").contents
    assert (contents.n_features, contents.media_type, contents.options) == (2, "text/libsvm", {"zero_based": False})
    found = to_arrow(read(tmp_path / "train", engine=engine), engine)
    assert found.to_pydict() == {"paid": [1.0, 0.0, 1.0], "age": [0.5, 0.0, 0.0], "x": [0.0, 0.0, 0.0]}
    for name, text in (("a", "1 0:1\n"), ("b", "0 3:1\n")):
        (tmp_path / f"{name}.svm").write_text(text)
    assert read([tmp_path / "a.svm", tmp_path / "b.svm"], engine=engine).names == ("label", "f0", "f1", "f2", "f3")


def test_the_battery(tmp_path):
    table = pa.table({"f0": [0.5, 1e300, -1.5], "f1": [0.0, 2.0, 5e-324], "f2": [17.5, 0.0, 3.25]})
    check_format(LibSVM(), tmp_path, table=table)
