"""The sidecar of delivered data: the roles of its columns, written and read."""

from __future__ import annotations

from pathlib import Path

import pytest

import tilth
from tilth.data import Column, Kind, Roles, Schema
from tilth.errors import SourceError
from tilth.formats.sidecar import SIDECAR, roles_beside, sidecar

ROLES = Roles.of(label="paid", positive="yes", id=["no", "at"], facet=["sex"], private="sex", weight="w")
COLUMNS = Schema(tuple(Column(n, Kind.STRING) for n in ("no", "at", "sex", "age", "w", "paid")))


def test_roles_are_read_as_they_were_written(tmp_path: Path) -> None:
    assert roles_beside(tmp_path) is None and roles_beside([tmp_path]) is None
    (tmp_path / SIDECAR).write_text(sidecar(ROLES, COLUMNS))
    assert roles_beside(tmp_path) == roles_beside(str(tmp_path)) == ROLES


@pytest.mark.parametrize("text", ["[]", "{", '{"format": "tilth-schema", "version": 2}', "{}"])
def test_a_sidecar_that_is_none_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / SIDECAR).write_text(text)
    for reads in (tilth.arrays, tilth.read):
        with pytest.raises(SourceError, match=r"_schema\.json is not a schema of this version"):
            reads(tmp_path)
