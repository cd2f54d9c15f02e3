"""Connections that read at one moment, on a real server."""

from __future__ import annotations

import pytest

from tilth.errors import MachineError
from tilth.store.snapshot import SNAPSHOT_GONE, reading

pytestmark = pytest.mark.slow


def test_another_connection_sees_the_same_rows(postgres):
    from adbc_driver_postgresql import dbapi

    place = f"{postgres}&query=select 1"
    with dbapi.connect(postgres, autocommit=True) as writer, writer.cursor() as cursor:
        cursor.execute("drop table if exists moments")
        cursor.execute("create table moments as select 1 as id")
        with reading(place) as first:
            name = first.export()
            cursor.execute("insert into moments values (2)")
            with reading(place, name=name) as second:
                schema, batches = second.batches("select * from moments")
                assert [b.to_pylist() for b in batches if b.num_rows] == [[{"id": 1}]]
                assert (schema.names, second.estimate("select * from moments").tables) == (["id"], (("public", "moments"),))
            with reading(place) as now:
                assert now.rows("select count(*) from moments") == [(2,)]
        with pytest.raises(MachineError) as error, reading(place, name=name):
            pass
        assert error.value.mistakes[0].code == SNAPSHOT_GONE
