"""Golden rows: made up of constants and of what is in the artefact anyway, and a difference is named."""

import json
import zipfile
from dataclasses import replace

import pyarrow as pa
import pytest

import tilth
from tilth.flow import Flow
from tilth.flow.golden import differences

TABLE = pa.table(
    {
        "email": [f"person{i}@mail.invalid" for i in range(6)],
        "age": [20, 33, None, 47, 58, 61],
        "job": ["cook", "clerk", "cook", None, "smith", "clerk"],
        "born": pa.array([1000, 2000, 3000, 4000, 5000, None], pa.date32()),
        "paid": [1.5, 2.5, None, 3.25, 8.0, 1.0],
    }
)
FLOW = """
data: {roles: {private: email}}
features:
  - impute: {columns: [age, paid], with: median}
  - scale: {columns: [age, paid]}
  - featurize: {columns: born}
  - encode: {columns: job}
"""


@pytest.fixture
def saved(tmp_path):
    return tilth.fit(Flow.parse(FLOW), TABLE).save(tmp_path / "f.tilth")


def test_they_are_saved_and_hold_no_value_of_the_data_but_learned_categories(saved):
    with zipfile.ZipFile(saved) as archive:
        found = json.loads(archive.read("golden.json"))
    assert len(found) == 6
    given = [one["row"] for one in found]
    assert {row["job"] for row in given} == {None, "cook", "clerk", "smith", "golden"}
    assert {row["email"] for row in given} == {None, "golden"}
    assert not {row["age"] for row in given} & set(TABLE["age"].drop_null().to_pylist())
    flow = Flow.load(saved)
    assert [one["made"] for one in flow.learned.golden] == [flow.row(one["row"]) for one in flow.learned.golden]
    assert not differences(flow)


def test_a_difference_is_named(saved):
    flow = Flow.load(saved)
    golden = [dict(one) for one in flow.learned.golden]
    golden[1] = {**golden[1], "made": {**golden[1]["made"], "age": 99.0}}
    golden[2] = {"row": golden[2]["row"], "refused": "refused-value"}
    golden[3] = {**golden[3], "made": {**golden[3]["made"], "age": golden[3]["made"]["age"] * (1 + 1e-12)}}  # another machine's last digits
    other = flow.with_learned(replace(flow.learned, golden=tuple(golden)))
    assert differences(other) == ["row 2: age", "row 3: it was refused, and is not now"]


def test_a_refusal_is_golden_too(tmp_path):
    flow = tilth.fit(Flow.parse("features: [{encode: {columns: job, unseen: error}}, {select: 'job*'}]"), TABLE)
    found = Flow.load(flow.save(tmp_path / "f.tilth"))
    assert [one["refused"] for one in found.learned.golden if "refused" in one]
    assert not differences(found)
