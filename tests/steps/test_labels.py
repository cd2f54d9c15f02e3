"""labels: the column of the label, by its name or by its role."""

import pytest

from tilth.data import Column, Kind, Roles, Schema
from tilth.errors import ColumnError, RequestError
from tilth.steps.labels import label_column

SCHEMA = Schema((Column("paid", Kind.STRING), Column("tags", Kind.LIST)))


def test_a_name_goes_ahead_of_the_role():
    assert label_column("s", "", SCHEMA, Roles(label="paid")).name == "paid"
    assert label_column("s", "paid", SCHEMA, Roles(label="other")).name == "paid"


@pytest.mark.parametrize(("name", "error"), [("", RequestError), ("pait", ColumnError), ("tags", RequestError)])
def test_what_is_no_label_is_rejected(name, error):
    with pytest.raises(error):
        label_column("s", name, SCHEMA, Roles())
