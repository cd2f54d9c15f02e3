"""What a user's query may name, and where the names lead."""

from __future__ import annotations

import duckdb
import pytest

from tilth.data import Column, Kind, Schema
from tilth.engine.operations.operation import lower
from tilth.engine.user_sql.query import parse_query, private_outputs, tables_of
from tilth.errors import ExpressionError

TABLES = {"primary": ("source0", Schema((Column("a", Kind.INTEGER, "int"),)))}
SELF = "with `{0}` as (select * from `{0}`) select count(*) from `{0}`"
OUTSIDE = "select (select count(*) from (with `{0}` as (select 1 as a) select * from `{0}`) q) as n, count(*) from `{0}`"


def run(text: str):
    with duckdb.connect() as connection:
        connection.execute('create table "source0" as select * from (values (1), (2), (3)) t(a)')
        return connection.execute(lower(parse_query(text, TABLES), "duckdb")).fetchall()


@pytest.mark.parametrize("query", [SELF, OUTSIDE])
def test_the_name_of_a_with_opens_no_file_where_it_is_out_of_scope(query, tmp_path):
    path = tmp_path / "secret.csv"
    path.write_text("a\n1\n")
    with pytest.raises(ExpressionError, match=r"secret\.csv` not found in additional sources"):
        run(query.format(path))


@pytest.mark.parametrize("query", [SELF, OUTSIDE])
def test_nor_does_it_read_a_view_of_the_engine(query):
    with pytest.raises(ExpressionError, match="`duckdb_tables` not found in additional sources"):
        run(query.format("duckdb_tables"))


def test_a_query_that_may_never_end_is_refused():
    with pytest.raises(ExpressionError, match="WITH RECURSIVE cannot be used"):
        parse_query("with recursive t as (select 1 as n union all select n + 1 from t) select count(*) from t", TABLES)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("with a as (select * from b), b as (select a from primary) select count(*) from a", "b not found in additional sources"),
        ("with a as (select a from primary), A as (select 1 as a) select count(*) from a", "WITH names a more than once"),
        ("select nosuch from primary", "there is no column 'nosuch'"),
        ("select count(*) from primary p where p.b = 1", "there is no column 'b'"),
        ("select a from primary p join primary q on p.a = q.a", "'a' could not be resolved"),
    ],
)
def test_a_name_that_means_nothing_or_two_things_is_refused(text, told):
    with pytest.raises(ExpressionError, match=told):
        parse_query(text, TABLES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("with t as (select a from primary where a > 1) select count(*) from t", [(2,)]),
        ("with T as (select a from primary), u as (select a from t where a < 3) select sum(u.a) from u", [(3,)]),
        ("with t(b) as (select a from primary) select sum(t.b) from t", [(6,)]),
        ("with t as (select a from primary) select count(*) from t as x join t as y on x.a = y.a", [(3,)]),
        ("with `a b` as (select a from primary) select max(`a b`.a) from `a b`", [(3,)]),
        ("select count(*) from primary p where p.a > 2", [(1,)]),
        ("select P.A from Primary p order by 1 desc limit 1", [(3,)]),
        ("select a + 1 as b, b * 2 as c from primary order by c", [(2, 4), (3, 6), (4, 8)]),
        ("select a % 2 as odd, count(*) as n from primary group by odd having n > 1 order by n", [(1, 2)]),
        ("select count(*) from primary p where exists (select 1 from primary q where q.a = p.a + 1)", [(2,)]),
        ("select count(*) from primary p where not exists (select 1 from primary q where q.a = p.a + 1)", [(1,)]),
        ("select a from primary p where exists (select 1 from primary q where q.a = p.a + 1) and a > 1", [(2,)]),
        ("select count(*) from primary natural join primary as q", [(3,)]),
        ("select count(*) from primary p, primary q where p.a < q.a", [(3,)]),
        (
            "select a from primary where a = '2' union all select a from primary where a in (select max(a) from primary) order by a",
            [(2,), (3,)],
        ),
        ("select count(*) from primary join primary as q using (a)", [(3,)]),
        ("select a from (select a, rank() over (order by a desc) as r from primary) where r = 1", [(3,)]),
        ("with primary as (select a from primary where a > 1) select count(*) from primary", [(2,)]),
        (
            "with t as (select a from primary), t2 as (with t as (select 9 as a) select a from t) select sum(t.a), max(t2.a) from t, t2",
            [(6, 9)],
        ),
        ("with t as (select 1 as a) select (select sum(a) from (with t as (select a from t) select a from t) q), a from t", [(1, 1)]),
    ],
)
def test_names_lead_where_they_say(text, expected):
    assert run(text) == expected


def test_the_tables_of_a_query():
    text = "with w as (select a from t join `Two words` using (a)) select a from w where a in (select a from u) union select a from t"
    assert set(tables_of(text)) == {"t", "Two words", "u"}


@pytest.mark.parametrize(
    ("text", "private"),
    [
        ("select name, a from people", ["name"]),
        ("select * from people", ["name"]),
        ("select lower(name) as x, count(name) as n, name = 'Ada' as y, a from people group by name, a", ["x"]),
        ("select count(name) as n, max(name) as m from people", ["m"]),
        ("select y from (select x as y from (select name as x from people) p) q", ["y"]),
        ("with q(y, n) as (select name, a from people) select y, n from q", ["y"]),
        ("select y, n from (select name, a from people) q(y, n)", ["y"]),
        ("select 'none' as x, a from people union all select name, a from people", ["x"]),
        ("select a, exists(select name from people p where p.a = q.a) as y from people q", []),
    ],
)
def test_what_may_be_made_of_private_columns(text, private):
    people = Schema((Column("name", Kind.STRING), Column("a", Kind.INTEGER)))
    assert private_outputs(parse_query(text, {"people": ("people", people)}), ["name"]) == private
