"""Plans: what may be asked of a database, and what is wrong with a file, all at once and each with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tilth.engine.user_sql.warehouse import parsed_query, written
from tilth.errors import FlowError, RequestError, TilthError
from tilth.exporting.plan import Plan, plan_of
from tilth.exporting.subset import Subset

PLACE = "postgresql://me@db.example.com/sales"
WRONG = """
export:
  source: postgresql://me@db.example.com/sales?table=orders
  colums: [id]
  sample: {fraction: 2, by: customer}
  partition: {by: at, hash: id}
"""
WRONG_SQL = """
export:
  source: postgresql://me@db.example.com/sales?table=orders
  where: at >= :since and pg_sleep(9) is null
  parameters: {until: 2026-01-01}
"""


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("select 1; select 2", "not-one-select"),
        ("delete from t", "not-one-select"),
        ("with gone as (delete from t returning a) select * from gone", "write"),
        ("select * into u from t", "write"),
        ("select * from t for update", "write"),
        ("select PG_SLEEP(9)", "denied-function"),
        ("select pg_catalog.pg_read_file('/etc/passwd')", "denied-function"),
        ("select \"lo_import\"('/x')", "denied-function"),
        ("select * from dblink('x', 'select 1') as q(a int)", "denied-function"),
        ("select nextval('s')", "denied-function"),
        ("select E'\\\\x'", "not-accepted"),
        ("select a from t where a = :b", "no-value"),
        ("select a from t where a = $1", "bad-parameter"),
        ("select * from (", "not-sql"),
        ("call p()", "not-one-select"),
        ("copy t to '/x'", "not-one-select"),
    ],
)
def test_only_one_select_that_computes(query, code):
    with pytest.raises(TilthError) as error:
        parsed_query(query, "postgres", {})
    assert error.value.mistakes[0].code == code


def test_values_stand_in_the_query_as_literals():
    tree = parsed_query(
        "select * from t where a in (1, :some) and b = :b and c = :b -- or true", "postgres", {"some": ["it's", 2.5], "b": True}
    )
    assert written(tree, "postgres") == "SELECT * FROM t WHERE a IN (1, 'it''s', 2.5) AND b = TRUE AND c = TRUE"


def test_the_query_of_a_part():
    plan = plan_of(f'{PLACE}?table="shop"."or%22%22ders"', columns=["a b"], where="x = 1 or y = 2", sample={"fraction": 0.25, "by": "id"})
    assert Subset(plan).query("ctid < '(8,0)'") == (
        'SELECT "a b" FROM "shop"."or""ders" AS rows WHERE (x = 1 OR y = 2)'
        ' AND (HASHTEXTEXTENDED(CAST("id" AS TEXT), 0) & 9223372036854775807) % 1000000 < 250000'
        " AND ctid < '(8,0)'"
    ).replace("HASHTEXTEXTENDED", "hashtextextended")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"source": "orders.csv"}, "is not a table or query to export"),
        ({"source": PLACE}, "needs a table or a query"),
        ({"source": "postgresql://me:secret@db/sales?table=t"}, "must not contain a password"),
        ({"source": f"{PLACE}?table=t", "where": "a = 1) or (true"}, "cannot be parsed|is not a condition"),
        ({"source": f"{PLACE}?table=t", "where": "a = 1 order by a"}, "is not a condition"),
        ({"source": f"{PLACE}?table=t", "parameters": {"a": 1}}, "there is no parameter 'a'"),
        ({"source": f"{PLACE}?table=t", "partition": {"by": "a", "unit": "day", "parts": 3}}, "unit with by"),
        ({"source": f"{PLACE}?table=t", "sample": {"fraction": 0.5}}, "fraction and by, or first"),
        ({"source": f"{PLACE}?table=t", "sample": {"first": 5, "strata": "a"}}, "strata with fraction"),
        ({"source": f"{PLACE}?table=t", "sample": {"first": 5}, "partition": {"by": "a"}}, "`first` makes a single part"),
        ({"source": f"{PLACE}?table=t", "sample": {"fraction": 0.5, "by": "a", "strata": "b"}}, "needs the columns"),
    ],
)
def test_what_is_refused(given, words):
    with pytest.raises(RequestError, match=words) as error:
        plan_of(given)
    assert "secret" not in str(error.value).replace("--secret", "").replace("`secret:", "").replace("name a secret", "")


def lines(path: Path, text: str) -> set[tuple[int | None, str]]:
    path.write_text(text)
    with pytest.raises(FlowError) as error:
        Plan.load(str(path))
    return {(m.place and m.place.line, m.code) for m in error.value.mistakes}


def test_a_file_with_every_mistake_at_its_line(tmp_path):
    assert lines(tmp_path / "p.yaml", WRONG) == {(4, "unknown-key"), (5, "bad-value"), (6, "unknown-value")}
    assert lines(tmp_path / "p.yaml", WRONG_SQL) == {(4, "denied-function"), (4, "no-value")}
    assert lines(tmp_path / "p.yaml", "export:\n  source: postgresql://db/d?table=t\n  secret: 'command:pass'\n") == {(3, "program")}
    assert lines(tmp_path / "p.yaml", "data: {}") == {(1, "not-a-plan")}


def test_what_is_given_replaces_what_a_file_says(tmp_path):
    (tmp_path / "p.yaml").write_text(WRONG_SQL.replace(" and pg_sleep(9) is null", "").replace("until", "since"))
    plan = plan_of(str(tmp_path / "p.yaml"), to="out", connections=None)
    assert (plan.to, plan.connections) == ("out", 4)
    assert "at >= '2026-01-01'" in Subset(plan).query()


def test_the_plan_of_the_page(tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "export.md").read_text()
    (tmp_path / "p.yaml").write_text(page.partition("```yaml\n")[2].partition("```")[0])
    assert plan_of(str(tmp_path / "p.yaml")).partition.unit == "month"
