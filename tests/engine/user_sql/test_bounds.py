"""Which queries pair every row with every row."""

from __future__ import annotations

import pytest

from tilth.data import Column, Kind, Schema
from tilth.engine.user_sql.bounds import reject_products
from tilth.engine.user_sql.query import parse_query
from tilth.errors import ExpressionError

COLUMNS = Schema((Column("a", Kind.INTEGER), Column("k", Kind.INTEGER)))
TABLES = {"p": ("source0", COLUMNS), "q": ("source1", COLUMNS)}
LINEAR = [
    "select count(*) from p join q using (a)",
    "select count(*) from p natural join q",
    "select count(*) from p, q where p.a = q.a",
    "select count(*) from p left join q on p.a + 1 = abs(q.a) and p.k < q.k where q.a is null",
    "select count(*) from p left anti join q on p.a = q.a",
    "select count(*) from p where not exists (select 1 from q where q.a = p.a and q.k > p.k)",
    "select count(*) from p where a in (select a from q) and k > (select avg(k) from q)",
    "select count(*) from p cross join (select avg(k) as m from q) x where p.k > x.m",
    "select count(*) from p where k > (select avg(q.k) from q where q.a = p.a)",
    "select count(*) from (select a from p union all select a from q) x join q on x.a = q.a",
    "with d as (select k, count(*) as n from p group by k), e as (select distinct k from q) select count(*) from d join e on d.k < e.k",
    "select count(*) from p, (select a from q order by a limit 3) x",
]
PAIRS = [
    "select count(*) from p, q",
    "select count(*) from p join q on p.a < q.a",
    "select count(*) from p join q on p.a = p.k and q.a = q.k",
    "select count(*) from p join q on p.a = q.a or p.k = q.k",
    "select count(*) from p join q on p.a = 1 and q.a = 1",
    "select count(*) from p left anti join q on p.a < q.a",
    "select count(*) from p join q on p.a = q.a join p r on r.k > q.k",
    "select count(*) from p where exists (select 1 from q where q.a < p.a)",
    "select (select count(*) from q where q.k > p.k) as n from p",
    "with x as (select p.a from p join q on p.a = q.a) select count(*) from x, x y",
    "select count(*) from (select a from p union all select a from q) x, q",
]


def refused(text: str) -> bool:
    try:
        reject_products(parse_query(text, TABLES), lambda table: 100_000)
    except ExpressionError as error:
        assert "pairs every row with every row" in str(error)
        return True
    return False


@pytest.mark.parametrize("text", LINEAR)
def test_tables_that_equalities_connect_are_joined(text):
    assert not refused(text)


@pytest.mark.parametrize("text", PAIRS)
def test_others_are_not(text):
    assert refused(text)


ESCAPED = "replace(replace(replace(replace(cast(a as string), '&', '&amp;'), '<', '&lt;'), '>', '&gt;'), '\"', '&quot;')"
STEPS = ["a + a + a + a + a as a, s || '-' as s", "a * a as a, lower(s) as s", "-a as a, coalesce(s, s, s, '') as s"]


def test_strings_that_grow_a_little_and_numbers_of_many_parts_are_accepted():
    text = f"select {ESCAPED} as s, a from p"
    for n in range(30):
        text = f"select {STEPS[n % 3]} from ({text}) t{n}"
    parse_query(text, TABLES)


def test_a_string_that_could_grow_a_thousandfold_is_refused_however_it_is_written():
    for step in ("s || s || s as s", "coalesce(null, s || s) as s", "case when s = 'x' then s else replace(s, 'a', 'aaaa') end as s"):
        text = "select cast(a as string) as s from p"
        for n in range(14):
            text = f"select {step} from ({text}) t{n}"
        with pytest.raises(ExpressionError, match="times as long"):
            parse_query(text, TABLES)
