"""Requests of SageMaker's algorithms in JSON."""

from __future__ import annotations

import io
import json

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engines import duckdb_session
from tilth.errors import RequestError, SourceError
from tilth.formats import instances as module
from tilth.formats import read, to_arrow, write
from tilth.formats.instances import SagemakerJson, SagemakerJsonLines
from tilth.formats.layout import Layout
from tilth.formats.shards import Manifest
from tilth.testing.formats import check_format

LINES, DOCUMENT = SagemakerJsonLines(), SagemakerJson()
FORMS = [LINES, DOCUMENT]


def encoded(form, table, **options):
    names, file = tuple(table.column_names), io.BytesIO()
    sparse = names == ("keys", "values")
    form.encode(table.to_reader(), file, layout=Layout(None, None, names, (1,) * len(names), sparse), **options)
    return file.getvalue().decode()


def decoded(form, text, **options):
    return pa.Table.from_batches(form.decode(io.BytesIO(text.encode()), **options)).to_pydict()


@pytest.mark.parametrize(
    ("table", "options", "instances"),
    [
        ({"a": [1.5, None], "b": [2, 3]}, {}, ['{"features":[1.5,2]}', '{"features":[null,3]}']),
        (
            {"keys": [[7, 1], []], "values": [[0.5, 2.0], []]},
            {"n_features": 9},
            [
                '{"data":{"features":{"keys":[1,7],"shape":[9],"values":[2,0.5]}}}',
                '{"data":{"features":{"keys":[],"shape":[9],"values":[]}}}',
            ],
        ),
    ],
)
def test_requests(table, options, instances):
    assert encoded(LINES, pa.table(table), **options) == "".join(f"{i}\n" for i in instances)
    assert encoded(DOCUMENT, pa.table(table), **options) == '{"instances":[' + ",".join(instances) + "]}\n"


@pytest.mark.parametrize(
    ("instance", "row"),
    [
        ('{"features": [1, 2.5, null]}', {"f0": 1.0, "f1": 2.5, "f2": None}),
        ('{"data": {"features": {"values": [1, 2]}}}', {"f0": 1.0, "f1": 2.0}),
        ('{"data": {"features": {"values": [4], "keys": [3], "shape": [2, 2]}}}', {"f0": 0.0, "f1": 0.0, "f2": 0.0, "f3": 4.0}),
        ('{"data": {"features": {"shape": [2]}}, "configuration": {"k": 1}}', {"f0": 0.0, "f1": 0.0}),
        ('{"data": {"age": [34], "place": {"values": [1, 2]}}}', {"age": 34.0, "place_0": 1.0, "place_1": 2.0}),
    ],
)
def test_each_way_to_write_an_instance_is_read(instance, row):
    assert decoded(LINES, f"{instance}\n\n{instance}\n") == {name: [value] * 2 for name, value in row.items()}
    assert decoded(DOCUMENT, f'{{"instances": [{instance}], "configuration": {{}}}}') == {name: [value] for name, value in row.items()}


@pytest.mark.parametrize(
    ("instance", "says"),
    [
        ('{"features": [1', "it is not valid JSON at character"),
        ('{"features": [NaN]}', "it is not valid JSON: NaN and Infinity are not JSON"),
        ("[1, 2]", "it is not an instance"),
        ('{"features": ["1", 2]}', "its values are not a list of numbers"),
        ('{"features": [true, 2]}', "its values are not a list of numbers"),
        ('{"features": [1]}', "it has {'features': 1}, and the first one {'features': 2}"),
        ('{"data": {"features": {"values": [1], "keys": [0]}}}', "it has keys without a shape"),
        ('{"data": {"features": {"values": [1], "keys": [2], "shape": [2]}}}', "it has keys without a shape, outside it"),
        ('{"data": {"features": {"values": [1], "keys": ["a"], "shape": [2]}}}', "its keys or its shape are not a list of whole numbers"),
    ],
)
def test_a_wrong_instance_is_named(instance, says):
    with pytest.raises(SourceError, match=f"<file>:2: {says}"):
        decoded(LINES, f'{{"features": [1, 2]}}\n{instance}\n')
    if "valid JSON" not in says:
        with pytest.raises(SourceError, match=rf"instances\[1\]: {says}"):
            decoded(DOCUMENT, f'{{"instances": [{{"features": [1, 2]}}, {instance}]}}')


@pytest.mark.parametrize(
    ("text", "found"),
    [  # answers of the linear learner, k-means, PCA and random cut forest
        ('{"predictions": [{"score": 0.4, "predicted_label": 0}]}', {"score": [0.4], "predicted_label": [0]}),
        (
            '{"predictions": [{"closest_cluster": 1.0, "distance_to_cluster": 3.0}]}',
            {"closest_cluster": [1.0], "distance_to_cluster": [3.0]},
        ),
        ('{"projections": [{"projection": [0.1, 0.2]}]}', {"projection": [[0.1, 0.2]]}),
        ('{"scores": [{"score": 0.02}, {"score": 1}]}', {"score": [0.02, 1.0]}),
    ],
)
def test_answers_are_tables_of_their_fields(text, found):
    assert decoded(DOCUMENT, text) == found


@pytest.mark.parametrize("text", ['{"instances": 1}', "[]", "1", '{"instances": []}', '{"predictions": [1]}', "", '{"instances": [{"featu'])
def test_other_documents_are_refused(text):
    with pytest.raises(SourceError):
        decoded(DOCUMENT, text)


@given(
    st.lists(
        st.lists(st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False)), min_size=2, max_size=2), min_size=1, max_size=5
    )
)
def test_what_is_written_is_read_by_us_and_by_json(rows):
    table = pa.table({n: pa.array([r[i] for r in rows], pa.float64()) for i, n in enumerate(["f0", "f1"])})
    assert [json.loads(line)["features"] for line in encoded(LINES, table).splitlines()] == rows
    for form in FORMS:
        assert decoded(form, encoded(form, table)) == table.to_pydict()


def test_files_are_written_without_the_label_and_read_in_batches(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "AT_ONCE", 2)
    engine = duckdb_session()
    data = read(pa.table({"no": [7, 8, 9], "age": [1.0, 2.0, 3.0], "paid": [1, 0, 1]}), roles={"label": "paid", "id": "no"}, engine=engine)
    for form, media in (("sagemaker_json", "application/json"), ("sagemaker_jsonl", "application/jsonlines")):
        write(data, tmp_path / form, format=form, engine=engine)
        assert Manifest.beside(tmp_path / form).contents.media_type == media
        assert to_arrow(read(tmp_path / form, engine=engine), engine).to_pydict() == {"age": [1.0, 2.0, 3.0]}
    write(data, tmp_path / "request.json", format="sagemaker_json", engine=engine)
    assert (tmp_path / "request.json").read_text() == '{"instances":[{"features":[1]},{"features":[2]},{"features":[3]}]}\n'
    with pytest.raises(SourceError, match="no format has this suffix"):  # most files in JSON hold something else
        read(tmp_path / "request.json", engine=engine)
    with pytest.raises(RequestError, match="column 'age' holds infinity"):
        encoded(LINES, pa.table({"age": [float("inf")]}))


def test_wide_instances_are_lists():
    sparse = '{"data": {"features": {"values": [4], "keys": [30000], "shape": [40000]}}}\n'
    assert decoded(LINES, sparse, lists=True) == {"keys": [[30000]], "values": [[4.0]]}
    with pytest.raises(SourceError, match="it has 40,000 features, and a table up to 10,000 columns"):
        decoded(LINES, sparse)
    with pytest.raises(SourceError, match="it or one after it is not sparse"):
        decoded(LINES, '{"features": [1]}\n', lists=True)


@pytest.mark.parametrize("form", FORMS)
def test_the_battery(form, tmp_path):
    check_format(form, tmp_path, table=pa.table({"f0": [0.5, None, -1.5], "f1": [1e300, 5e-324, 3.25]}))
