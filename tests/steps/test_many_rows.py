"""Every step of `features` on 100,000 rows: the row function, DuckDB and Spark give the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import tilth
from tests.engines import duckdb_session
from tests.steps.both import AT_ONCE, ROUNDED, change_of, sample
from tests.steps.cases import FEATURES
from tilth.data import Dataset
from tilth.engine.session import Session
from tilth.errors import RequestError
from tilth.flow import Flow
from tilth.flow.flow import Reading
from tilth.formats import to_arrow
from tilth.steps.fitting import fit
from tilth.steps.step import Fitted, Step
from tilth.testing.steps import CLOSE, ROLES, dataset, sample_table

pytestmark = [pytest.mark.deep, pytest.mark.slow]

MANY, FEWER = 100_000, 2_000
COSTLY = ("gender_lean", "predict(", "transform(")  # of each row these make patterns, or a table for a model, for up to ten milliseconds
ROW = "row"  # a column with the number of the row
SPECIAL: dict[str, Sequence[Any]] = {
    "number": (0.5, -0.0, 38.5816, float("nan"), float("inf"), -float("inf"), 1e308, 5e-324, 2.0**53, 1e18),
    "whole": (0, 1, 2, 5, -7, 2**53 + 1, 2**63 - 1, -(2**63)),
    "price": (Decimal("1.50"), Decimal("0.00"), Decimal("-9.99")),
    "word": ("a", "A", "b", "", " ", "\t", "\u00a0", "日本", "it's", "-7", "1e3", "TRUE", "2024-02-29", "2024-02-29T12:30Z", "nan"),
    "flag": (True, False),
    "day": (date(1, 1, 1), date(1900, 2, 28), date(2024, 2, 29), date(9999, 12, 31)),
    "moment": (datetime(1, 1, 1), datetime(2024, 2, 29, 23, 59, 59, 999_999), datetime(9999, 12, 31)),
    "zoned": (datetime(1900, 1, 1, tzinfo=UTC), datetime(2024, 3, 31, 1, tzinfo=UTC)),
    "label": ("yes", "no", ""),
}
LETTERS = np.array(list("abAB zé日'-7.%,@"))


@cache
def many() -> pa.Table:
    """Rows with the columns of the sample table: a third of the values are special ones, a tenth is null, the others are random."""
    chance, schema = np.random.default_rng(11), sample_table().schema
    wide = chance.random(MANY) < 0.5
    made: dict[str, Any] = {
        "number": np.where(wide, chance.integers(0, 2**63, MANY).view("f8"), chance.normal(0, 10, MANY)),
        "whole": np.where(wide, chance.integers(-(10**17), 10**17, MANY), chance.integers(-9, 10, MANY)),
        "price": [Decimal(int(n)).scaleb(-2) for n in chance.integers(-999, 1000, MANY)],
        "word": ["".join(chance.choice(LETTERS, size)) for size in chance.integers(0, 6, MANY)],
        "flag": wide,
        "day": chance.integers(-719_162, 2_932_896, MANY).astype("i4"),  # days from the year 1 to the year 9999
        "moment": chance.integers(-62_135_596_800, 253_402_300_799, MANY) * 10**6 + chance.integers(0, 10**6, MANY),
        "zoned": chance.integers(-2_208_988_800, 253_370_764_800, MANY) * 10**6,
        "label": chance.choice(["yes", "no"], MANY),
    }
    columns = {}
    for name, values in made.items():
        kind = schema.field(name).type
        special = pa.array(SPECIAL[name], kind).take(pa.array(chance.integers(len(SPECIAL[name]), size=MANY)))
        mixed = pc.if_else(pa.array(chance.random(MANY) < 0.3), special, pa.array(values, kind))
        columns[name] = pc.if_else(pa.array(chance.random(MANY) < 0.1), pa.scalar(None, kind), mixed)
    return pa.table({**columns, "id": pa.array(range(MANY), pa.int64())}, schema)


@pytest.mark.parametrize("step", FEATURES, ids=str)
def test_rows_served_are_the_rows_applied(step: Step) -> None:
    """To the last bit, and in the same types; the rows that are refused are left out. Of steps that are costly by row, 2,000."""
    engine, given = duckdb_session(), many().slice(0, FEWER if any(word in str(step) for word in COSTLY) else MANY)
    flow = tilth.fit(Flow(parts={"features": (step,)}, reading=Reading(roles=ROLES)), sample_table(), engine=engine)
    served, rows = list[int](), list[dict[str, Any]]()
    for i, row in enumerate(given.to_pylist()):
        try:
            rows.append(flow.row(row))
        except RequestError:
            continue
        served.append(i)
    applied = tilth.write(tilth.apply(flow, given.take(pa.array(served, pa.int64())), engine=engine), engine=engine)
    assert len(rows) == applied.num_rows > 100
    for name in applied.column_names:
        values, column = [row[name] for row in rows], applied[name].combine_chunks()
        assert bits(pa.array(values, column.type)).equals(bits(column)), name
        some = column.drop_null()[:1].to_pylist(maps_as_pydicts="strict")
        assert {type(v) for v in values if v is not None} == {type(v) for v in some}, name


def bits(column: pa.Array) -> pa.Array:
    """A column of which 0.0 and -0.0 are not equal."""
    return column.view(pa.int64()) if pa.types.is_float64(column.type) else column


@pytest.mark.spark
def test_spark_gives_the_same(as_users_have_it) -> None:
    from tilth.engine.spark import Spark

    duck, cluster = duckdb_session(), Spark(as_users_have_it).session()
    rows = dataset(for_a_query(), ROLES)
    steps = [step for step in FEATURES if "error" not in str(step)]  # one refused row ends the query
    learned = [fit([step], sample(), duck)[0][0] for step in steps]
    wrong = [text for found in queries(learned, rows) for text in differences(*found, duck, cluster)]
    assert not wrong, "\n".join(wrong)


def for_a_query() -> pa.Table:
    """The rows, numbered, without integers that overflow, which would end the query. Spark reads naive timestamps as timestamptz."""
    whole, zoned = many()["whole"], many()["moment"].cast(pa.timestamp("us", "UTC"))
    fits = pc.if_else(pc.is_in(whole, pa.array([2**63 - 1, -(2**63)])), pa.scalar(None, pa.int64()), whole)
    return many().set_column(1, "whole", fits).set_column(6, "moment", zoned).append_column(ROW, many()["id"])


def queries(learned: Sequence[Fitted], rows: Dataset) -> Iterator[tuple[Dataset, dict[str, Step]]]:
    """Queries on the rows, and the step of each column that they make; most steps that make columns share one."""
    changes = [(found.step, change) for found in learned if (change := change_of(found, rows))]
    for some in (changes[i : i + AT_ONCE] for i in range(0, len(changes), AT_ONCE)):
        made = {f"{i} {name}": (step, tree) for i, (step, change) in enumerate(some) for name, tree in change.items()}
        whole = rows.change({name: tree for name, (_, tree) in made.items()})
        yield whole.keep((ROW, *made)), {name: step for name, (step, _) in made.items()}
    for found in learned:
        applied = found.apply(rows)
        if not change_of(found, rows) and ROW in applied.names:  # `select` may leave it out
            yield applied, dict.fromkeys(set(applied.names) - {ROW}, found.step)


def differences(data: Dataset, steps: dict[str, Step], duck: Session, cluster: Session) -> Iterator[str]:
    ours, theirs = (to_arrow(data, engine).sort_by(ROW) for engine in (duck, cluster))
    for name, step in steps.items():
        one = ours[name].combine_chunks()
        other = theirs[name].cast(one.type).combine_chunks()
        if one.equals(other) or (step.name in ROUNDED and near(one, other)):
            continue
        pairs = zip(ours[ROW].to_pylist(), one.to_pylist(), other.to_pylist(), strict=True)
        found = [(i, a, b) for i, a, b in pairs if a != b]
        yield f"{step}: {len(found)} values of {name!r} differ, first {found[:3]}"


def near(one: pa.Array, other: pa.Array) -> bool:
    if not pa.types.is_floating(one.type) or not one.is_null().equals(other.is_null()):
        return False
    return bool(np.allclose(one.fill_null(0), other.fill_null(0), rtol=CLOSE, atol=0))
