"""select."""

import pytest

from tests.steps.made import made
from tilth.data import Roles
from tilth.errors import ColumnError, RequestError
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
