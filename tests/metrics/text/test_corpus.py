"""Features of texts that depend on the other texts of the table."""

import pyarrow as pa
import pytest

import tilth
from tests.engines import duckdb_session
from tilth.formats import to_arrow
from tilth.metrics.content import compared, content
from tilth.metrics.near_duplicates import Repeated
from tilth.testing.needs import check_need

PRIZE = "Win a prize, call now on 0800 555"
TEXTS = pa.table({"body": [PRIZE, "win a  prize, call now on 0800 556", "See you", "Thanks!", "Thanks!", None, "", "", " ", "Win", "Late"]})
BOILERPLATE = [1, 1, 0, 1, 1, None, 0, 0, 0, 0, 0]


def computed(table, feature, engine):
    data = tilth.read(table, roles={"text": "body"}, engine=engine)
    made = compared(content([f"@{feature}"], engine.schema(data), data.roles), data, engine)
    return to_arrow(data.change(made), engine)[f"@{feature}"].to_pylist()


def test_near_duplicates_are_boilerplate():
    assert computed(TEXTS, "is_boilerplate", duckdb_session()) == BOILERPLATE
    assert computed(TEXTS.slice(9), "is_boilerplate", duckdb_session()) == [0, 0]


TOPICS = pa.table({
    "body": [f"{start} {n}" for n in range(30) for start in ("your parcel is at the depot", "win a free ringtone now")]
    + [f"your parcel is at the depot {n}" for n in range(5)] + [None],
})  # fmt: skip


def test_topics_are_clusters_and_the_largest_is_the_first():
    assert computed(TOPICS, "topic", duckdb_session()) == ["topic 01", "topic 02"] * 30 + ["topic 01"] * 5 + [None]


def test_one_text_has_one_topic_and_none_has_none():
    assert computed(TEXTS.slice(9, 1), "topic", duckdb_session()) == ["topic 01"]
    assert computed(pa.table({"body": pa.array([None], pa.string())}), "topic", duckdb_session()) == [None]


def test_the_need():
    check_need(Repeated(("body",)), TEXTS, (duckdb_session(),))


@pytest.mark.spark
def test_spark_finds_the_same(spark):
    from tilth.engine.spark import Spark

    engine = Spark(spark).session()
    check_need(Repeated(("body",)), TEXTS, (engine,))
    assert computed(TEXTS, "is_boilerplate", engine) == BOILERPLATE
    assert computed(TOPICS, "topic", engine) == computed(TOPICS, "topic", duckdb_session())
