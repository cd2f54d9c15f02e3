"""keys: what tells rows apart."""

import pytest

from tilth.data import Column, Kind, Roles, Schema
from tilth.engine.keys import content, key_columns
from tilth.errors import RequestError

SCHEMA = Schema((Column("id", Kind.INTEGER), Column("tags", Kind.LIST), Column("x", Kind.FLOAT)))


def test_the_id_is_the_key_where_there_is_one():
    assert [c.name for c in key_columns(SCHEMA, Roles.of(id="id"))] == ["id"]
    assert [c.name for c in key_columns(SCHEMA, Roles())] == ["id", "x"]


def test_an_id_that_cannot_be_hashed_is_no_key():
    assert [c.name for c in key_columns(SCHEMA, Roles.of(id="tags"))] == ["id", "x"]


def test_a_table_of_lists_has_no_content():
    with pytest.raises(RequestError, match="identify rows"):
        content(Schema((Column("tags", Kind.LIST),)))
