"""select."""

import pyarrow as pa
import pytest

import tilth
from tests.steps.made import made
from tilth.data import Roles
from tilth.errors import ColumnError, RequestError
from tilth.flow.flow import Flow
from tilth.steps.clean.select import Select

TABLE = {"id": [1], "age": [2], "name": ["a"], "y": [True], "mail": ["b"]}
ROLES = Roles.of(id="id", label="y", private="mail")


@pytest.mark.parametrize(
    ("chosen", "stay"),
    [
        ("age", ["id", "age", "y"]),
        (("name", "age"), ["id", "age", "name", "y"]),
        ("string", ["id", "name", "y"]),
        ("!age", ["id", "name", "y", "mail"]),
        (("!id", "!private"), ["age", "name", "y"]),
        (("all", "!y"), ["id", "age", "name"]),
        ("m*", ["id", "y", "mail"]),
    ],
)
def test_chosen_columns_stay_and_so_do_those_with_a_part(chosen, stay):
    assert list(made(Select(chosen), TABLE, ROLES)) == stay


def test_a_column_that_is_not_there_cannot_stay():
    with pytest.raises(ColumnError, match="did you mean 'age'"):
        made(Select("agee"), TABLE, ROLES)


def test_something_must_stay():
    with pytest.raises(RequestError, match="no column would stay"):
        made(Select(("!id", "!age", "!name", "!y", "!mail")), TABLE, ROLES)


@pytest.mark.parametrize(
    ("step", "stay"),
    [
        (Select(("name", "age"), order="columns"), ["name", "age", "id", "y"]),
        (Select(("age", "id", "y", "name"), order="columns", rename={"age": "years"}), ["years", "id", "y", "name"]),
        (Select("all", rename={"age": "name", "name": "age"}), ["id", "name", "age", "y"]),
        (Select(("!id", "m*"), order="columns"), ["mail", "y"]),
    ],
)
def test_columns_stand_in_a_stated_order_under_new_names(step, stay):
    found = made(step, TABLE, ROLES)
    assert list(found) == stay
    names = dict(step.rename)
    assert all(found[names.get(c, c)] == values for c, values in TABLE.items() if names.get(c, c) in found)


def test_a_private_column_stays_private_under_its_new_name():
    flow = Flow.parse("data: {roles: {private: mail}}\nfeatures: [{select: {columns: [all, private], rename: {mail: address}}}]")
    fitted = tilth.fit(flow, pa.table(TABLE))
    assert tilth.apply(fitted, pa.table(TABLE)).roles.private == ("address",)
    assert fitted.row({k: v[0] for k, v in TABLE.items()}) == {"id": 1, "age": 2, "name": "a", "y": True, "address": "b"}


@pytest.mark.parametrize(
    ("rename", "message"),
    [
        ({"agee": "a"}, "did you mean 'age'"),
        ({"id": "key"}, "has the role 'id'"),
        ({"age": "NAME"}, "'NAME' and 'name'"),
    ],
)
def test_names_that_cannot_be(rename, message):
    with pytest.raises(RequestError, match=message):
        made(Select("all", rename=rename), TABLE, ROLES)
