"""sql."""

import pyarrow as pa
import pytest

import tilth
from tests.steps.made import dataset, fitted, made
from tilth.data import Roles
from tilth.engine.user_sql import bounds
from tilth.errors import ExpressionError, FlowError, RequestError
from tilth.steps.rows.sql import Sql

DATA = {"k": [1, 2, 2, None], "x": ["a", "b", "c", "d"]}
TABLES = {"cities": pa.table({"k": [1, 2], "city": ["Rome", "Oslo"]})}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT k, count(*) AS n FROM input GROUP BY k ORDER BY n, k", {"k": [None, 1, 2], "n": [1, 1, 2]}),
        ("select X from INPUT order by x desc limit 2", {"x": ["d", "c"]}),
        (
            "SELECT i.x, c.city FROM input i JOIN cities c ON i.k = c.k ORDER BY i.x",
            {"x": ["a", "b", "c"], "city": ["Rome", "Oslo", "Oslo"]},
        ),
        ("SELECT city FROM cities EXCEPT SELECT c.city FROM cities c JOIN input i ON i.k = c.k WHERE i.x = 'a'", {"city": ["Oslo"]}),
        ("SELECT x FROM input WHERE k IN (SELECT k FROM cities WHERE city = 'Rome')", {"x": ["a"]}),
        (
            "SELECT x, row_number() OVER (PARTITION BY k ORDER BY x) AS r FROM input ORDER BY x",
            {"x": ["a", "b", "c", "d"], "r": [1, 1, 2, 1]},
        ),
        ("WITH input2 AS (SELECT x FROM input) SELECT count(*) AS below FROM input2 AS below", {"below": [4]}),
    ],
)
def test_what_a_select_makes(text, expected):
    assert made(Sql(text, tables=TABLES), DATA) == expected


def test_the_order_is_meant_where_the_query_ends_with_one():
    for text, ordered in (("SELECT x FROM input ORDER BY x", True), ("SELECT x FROM input", False)):
        assert fitted(Sql(text), DATA).apply(dataset(DATA)).ordered is ordered


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SELECT x FROM input UNION SELECT x FROM inputs", "there is no table 'inputs'"),
        ("SELECT x FROM input UNION SELECT x FROM 'secret.csv'", "there is no table 'secret.csv'"),
        ("SELECT y FROM input", "there is no column 'y'"),
        ("SELECT x, k AS X FROM input", "two columns of the result are called x"),
        ("SELECT upper(x) FROM input", "column 1 of the result has no name"),
        ("SELECT x FROM input LIMIT 2", "LIMIT without ORDER BY takes arbitrary rows"),
        ("DROP TABLE input", "a query is one SELECT"),
        ("SELECT read_text('secret.csv') AS t FROM input", "read_text"),
        ("SELECT * FROM cities", "the query does not read the table"),
        ("SELECT", "the query does not read the table"),
        ("SELEC x FROM input", "Expected|Invalid"),
    ],
)
def test_what_it_refuses(text, message):
    with pytest.raises(RequestError, match=message):
        made(Sql(text, tables=TABLES), DATA)


def test_a_table_is_named_as_the_flow_names_it():
    with pytest.raises(RequestError, match="there is no table 'citys'") as error:
        made(Sql("SELECT i.* FROM input i JOIN citys c ON i.k = c.k", tables=TABLES), DATA)
    assert "did you mean 'cities'?" in str(error.value)


def test_every_row_with_every_row_of_large_tables(monkeypatch):
    monkeypatch.setattr(bounds, "MOST_PAIRS", 7)
    with pytest.raises(ExpressionError, match="pairs every row with every row, 8 in all"):
        made(Sql("SELECT i.x, c.city FROM input i CROSS JOIN cities c", tables=TABLES), DATA)
    monkeypatch.setattr(bounds, "MOST_PAIRS", 8)
    assert len(made(Sql("SELECT i.x, c.city FROM input i CROSS JOIN cities c", tables=TABLES), DATA)["x"]) == 8


def test_private_columns_stay_private():
    roles = Roles.of(private="x")
    step = Sql("SELECT lower(x) AS y, count(x) AS n, k FROM input GROUP BY x, k", private="k")
    assert fitted(step, DATA, roles).apply(dataset(DATA, roles)).roles.private == ("x", "y", "k")


def test_in_a_flow(tmp_path):
    (tmp_path / "orders.csv").write_text("shop,price\na,1\na,2\nb,?\n")
    (tmp_path / "shops.csv").write_text("shop,city\na,Rome\nb,Oslo\n")
    flow = """
data: {read: orders.csv, tables: {shops: shops.csv}, nulls: ["?"]}
rows:
  - sql: |
      SELECT s.city, count(o.price) AS n, sum(o.price) AS total
      FROM input o JOIN shops s ON o.shop = s.shop
      GROUP BY s.city
      ORDER BY s.city
"""
    (tmp_path / "flow.yaml").write_text(flow)
    assert tilth.run(tmp_path / "flow.yaml", tmp_path / "out").passed
    found = tilth.write(tilth.read(tmp_path / "out" / "all"), format="arrow").to_pydict()
    assert found == {"city": ["Oslo", "Rome"], "n": [0, 2], "total": [None, 3]}
    with pytest.raises(FlowError, match="what is computed row by row is a `formula`, which is served"):
        tilth.Flow.parse(flow.replace("rows:", "features:"))
    with pytest.raises(FlowError, match="there is no table 'shop'"):
        tilth.Flow.parse(flow.replace("JOIN shops", "JOIN shop"))


def assert_stopped(tmp_path, rows, engine=None):
    """A query that pairs all rows with all."""
    (tmp_path / "orders.csv").write_text("shop,n\n" + "a,1\n" * rows)
    (tmp_path / "flow.yaml").write_text("""
data: {read: orders.csv}
rows:
  - sql: {query: "SELECT max(a.n - b.n) AS n FROM input a JOIN input b ON a.shop = b.shop", seconds: 0.2}
""")
    with pytest.raises(ExpressionError, match=r"sql: it took longer than 0.2 seconds(.|\n)*give it more: `sql: {query: …, seconds"):
        tilth.run(tmp_path / "flow.yaml", tmp_path / "out", engine=engine)


@pytest.mark.slow
def test_a_query_that_takes_too_long_is_stopped(tmp_path):
    assert_stopped(tmp_path, 60_000)
    with pytest.raises(ExpressionError, match="a number above 0"):
        Sql("SELECT shop FROM input", seconds=0)


@pytest.mark.spark
def test_it_is_on_spark_and_what_follows_runs(tmp_path, spark):
    assert_stopped(tmp_path, 2_000, tilth.Spark(spark))  # more would keep a core busy: a task ends where its rows come from the next batch
    assert spark.range(3).count() == 3
