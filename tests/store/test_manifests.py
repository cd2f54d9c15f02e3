"""What manifests know is what a scan says, and which files they are handed out for."""

from __future__ import annotations

from dataclasses import replace

import pytest

import tilth
from tests.engine.test_footers import asked
from tests.engines import duckdb_session
from tests.iceberg import ORDERS, RULES
from tilth.engine import footers
from tilth.engine.expressions import col
from tilth.engine.statistics import count, count_of, highest, lowest
from tilth.store import manifests


@pytest.mark.parametrize("change", ["rows deleted", "schema changed", "other names in the files", "by name", "of another store"])
def test_what_files_do_not_have_as_it_is_is_put_together(catalog, change):
    table = catalog.load_table("sales.orders")
    schema, tasks = table.schema(), list(table.scan().plan_files())
    assert len(manifests.paths_of(table, schema, tasks)) == 2
    match change:
        case "rows deleted":
            tasks[0] = type(tasks[0])(tasks[0].file, {tasks[1].file})
        case "schema changed":
            schema = schema.model_copy(update={"schema_id": 1})
        case "other names in the files":
            schema = type(schema)(*(field.model_copy(update={"name": f"{field.name} %"}) for field in schema.fields))
        case "by name":
            table.metadata.properties[manifests.BY_NAME] = "[]"
        case "of another store":
            tasks[0].file[1] = "s3://bucket/a.parquet"
    assert manifests.paths_of(table, schema, tasks) == ()


def test_manifests_say_what_a_scan_says(place):
    data, session = tilth.read(place, engine=duckdb_session()), duckdb_session()
    statistics = [count(), *(s for name in ORDERS.column_names for s in (count_of(col(name)), lowest(col(name)), highest(col(name))))]
    ranges = [replace(s, where=s.where.transform(lambda node: col("id") if node == col("whole") else node)) for s in asked()["whole"][5:]]
    known = footers.answered(data, [*statistics, *ranges], lambda: session.schema(data))
    assert known == session.answer(tilth.read(tilth.write(data)), known)
    assert {c for s in known for c in s.reads if s in statistics} == {"id", "number", "day", "at", "state", "paid", "total"}
    assert {s for s in known if s.reads >= {"day"}} == {count_of(col("day")), lowest(col("day")), highest(col("day"))}
    assert sum(s in known for s in ranges) == 4  # greater than -4 and 0, and the same with equality
    assert footers.dense(data, ["id", "number"]) == {"id": (1, 6)}


def test_a_check_that_manifests_answer_reads_no_row(place, catalog):
    report = tilth.check(place, 'Rules = [ RowCount = 6, IsComplete "id", ColumnValues "id" between 0 and 7, Completeness "number" > 0.6 ]')
    assert not report.facts.scans and report.facts.more["from Iceberg manifests"] == "number of rows, id, number"
    plain = catalog.load_table("sales.orders").scan().to_arrow()
    one, other = tilth.check(place, RULES), tilth.check(plain, RULES)
    assert [(f.name, f.outcome, f.value) for f in one.findings] == [(f.name, f.outcome, f.value) for f in other.findings]
