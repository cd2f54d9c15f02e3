"""Every rule type that is evaluated, on real data: each figure is computed once more by pandas, numpy, scipy or `re`, row by row."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy import stats

import tilth
from tests.engines import duckdb_session
from tests.rules.cases import evaluate
from tilth.data import Dataset
from tilth.engine.duckdb import DuckDB
from tilth.engine.session import Session
from tilth.report import Finding, Outcome
from tilth.rules import RULE_TYPES, parse

pytestmark = pytest.mark.shared_data

Shared = Callable[[str], Path]
Rows = pd.DataFrame
NOW = datetime(2019, 3, 20, 12, 30, 59, tzinfo=UTC)
TINY = 1e-9
OF_NOTHING = [None, "", " ", "\t\n", "\u00a0\u2003", "x", " x ", "X"]
"""The kinds of nothing, and three of something, that no file of the shared data has all of."""


@pytest.fixture(scope="module")
def titanic(shared_data: Shared) -> Rows:
    rows = pd.read_csv(shared_data("tabular/titanic.csv"), keep_default_na=False, na_values=[""])
    texts = {"note": [OF_NOTHING[i % len(OF_NOTHING)] for i in range(len(rows))], "figure": [f"{f:g}" for f in rows["fare"]]}
    return rows.assign(**texts).assign(figure=lambda r: r["figure"].where(r["pclass"] != 1, "dear"))


@pytest.fixture(scope="module")
def taxis(shared_data: Shared) -> Rows:
    rows = pd.read_csv(
        shared_data("tabular/taxis.csv"), keep_default_na=False, na_values=[""], parse_dates=["pickup", "dropoff"], date_format="ISO8601"
    )
    day = rows["pickup"].dt.strftime("%d/%m/%Y")  # a seventh of them as others write it, some of which are not days; some missing
    day = day.where(rows.index % 7 != 0, rows["pickup"].dt.strftime("%m/%d/%Y")).where(rows.index % 11 != 0)
    stamp = rows["pickup"].dt.strftime("%Y-%m-%dT%H:%M:%S").where(rows.index % 5 != 0, rows["pickup"].dt.strftime("%Y-02-%d %H:%M:%S"))
    return rows.assign(day=day, stamp=stamp.where(rows.index % 13 != 0, "soon"))


@pytest.fixture(scope="module")
def engine() -> DuckDB:
    return duckdb_session()


def dataset(rows: Rows) -> Dataset:
    return tilth.read(pa.Table.from_pandas(rows, preserve_index=False))


def found(rows: Rows, rules: list[str], engine: Session) -> list[Finding]:
    return evaluate(dataset(rows), parse("Rules = [\n" + ",\n".join(rules) + "\n]"), engine, now=NOW, examples=0)


def plain(x: float) -> str:
    """A number as DQDL writes it: without an exponent."""
    return f"{x:.12f}"


# ── rules on one number: the figure, and a verdict on either side of it ──


@dataclass(frozen=True)
class Number:
    """A rule without its condition, the metric it reports, how others compute it, and the scope as SQL and as pandas has it."""

    rule: str
    metric: str
    by_hand: Callable[[Rows], float]
    where: str = ""
    scope: Callable[[Rows], Any] = lambda r: r.index == r.index

    def __str__(self) -> str:
        return f"{self.rule} where {self.where}" if self.where else self.rule

    def asked(self, value: float) -> list[str]:
        """The rule with a condition that holds, and with one that does not."""
        low, high, where = plain(value - TINY * max(1, abs(value))), plain(value + TINY * max(1, abs(value))), f' where "{self.where}"'
        return [f"{self.rule} {word} {low} and {high}{where if self.where else ''}" for word in ("between", "not between")]


def once(keys: pd.Series | Rows) -> int:
    """The number of keys that occur once; rows whose key is wholly null have none."""
    frame = keys.to_frame() if isinstance(keys, pd.Series) else keys
    return int((frame.dropna(how="all").value_counts(dropna=False) == 1).sum())


def uniqueness(keys: pd.Series | Rows) -> float:
    frame = keys.to_frame() if isinstance(keys, pd.Series) else keys
    return once(frame) / len(frame.dropna(how="all"))


def duplicates(keys: Rows) -> int:
    there = keys.dropna(how="all")
    return int(there.duplicated(keep=False).sum())


def entropy(values: pd.Series) -> float:
    return float(stats.entropy(values.value_counts()))


def r_of(rows: Rows, x: str, y: str) -> float:
    both = rows.dropna(subset=[x, y])
    return float(stats.pearsonr(both[x], both[y]).statistic)


YOUNG: dict[str, Any] = {"where": "age < 18", "scope": lambda r: r["age"] < 18}  # without an age a row is in no scope
TITANIC = [
    Number("RowCount", "Dataset.*.RowCount", len),
    Number("RowCount", "Dataset.*.RowCount", len, **YOUNG),
    Number("ColumnCount", "Dataset.*.ColumnCount", lambda r: r.shape[1]),
    Number("DuplicateRowCount", "Dataset.*.DuplicateRowCount", duplicates),
    Number('DuplicateRowCount "deck" "age"', "Multicolumn.deck,age.DuplicateRowCount", lambda r: duplicates(r[["deck", "age"]])),
    Number('DuplicateRowCount "deck"', "Multicolumn.deck.DuplicateRowCount", lambda r: duplicates(r[["deck"]]), **YOUNG),
    Number('Completeness "age"', "Column.age.Completeness", lambda r: r["age"].notna().mean()),
    Number(
        'Completeness "deck"',
        "Column.deck.Completeness",
        lambda r: r["deck"].notna().mean(),
        "pclass = 1 and not alone",
        lambda r: (r["pclass"] == 1) & ~r["alone"],
    ),
    Number('Completeness "note"', "Column.note.Completeness", lambda r: r["note"].notna().mean()),  # empty and blank strings are not null
    Number('Uniqueness "fare"', "Column.fare.Uniqueness", lambda r: uniqueness(r["fare"])),
    Number('Uniqueness "age"', "Column.age.Uniqueness", lambda r: uniqueness(r["age"]), **YOUNG),
    Number('Uniqueness "age" "deck" "fare"', "Multicolumn.age,deck,fare.Uniqueness", lambda r: uniqueness(r[["age", "deck", "fare"]])),
    Number('UniqueValueRatio "age"', "Column.age.UniqueValueRatio", lambda r: once(r["age"]) / r["age"].nunique()),
    Number('DistinctValuesCount "deck"', "Column.deck.DistinctValuesCount", lambda r: r["deck"].nunique(dropna=False)),
    Number('DistinctValuesCount "class"', "Column.class.DistinctValuesCount", lambda r: r["class"].nunique(dropna=False)),
    Number('DistinctValuesCount "note"', "Column.note.DistinctValuesCount", lambda r: r["note"].nunique(dropna=False)),
    Number('Entropy "deck"', "Column.deck.Entropy", lambda r: entropy(r["deck"])),
    Number('Entropy "survived"', "Column.survived.Entropy", lambda r: entropy(r["survived"]), **YOUNG),
    Number('Mean "age"', "Column.age.Mean", lambda r: r["age"].mean()),
    Number('Mean "fare"', "Column.fare.Mean", lambda r: r["fare"].mean(), "deck is null", lambda r: r["deck"].isna()),
    Number('Sum "fare"', "Column.fare.Sum", lambda r: math.fsum(r["fare"])),
    Number('Sum "parch"', "Column.parch.Sum", lambda r: r["parch"].sum(), **YOUNG),
    Number('StandardDeviation "age"', "Column.age.StandardDeviation", lambda r: r["age"].std(ddof=0)),
    Number('StandardDeviation "fare"', "Column.fare.StandardDeviation", lambda r: r["fare"].std(ddof=0), **YOUNG),
    Number('Variance "age"', "Column.age.Variance", lambda r: r["age"].var(ddof=0)),
    Number('Range "fare"', "Column.fare.Range", lambda r: np.ptp(r["fare"]), **YOUNG),
    Number('InterquartileRange "age"', "Column.age.InterquartileRange", lambda r: stats.iqr(r["age"], nan_policy="omit")),
    Number('Skewness "age"', "Column.age.Skewness", lambda r: stats.skew(r["age"], nan_policy="omit")),
    Number('Skewness "fare"', "Column.fare.Skewness", lambda r: stats.skew(r["fare"]), **YOUNG),
    Number('Kurtosis "fare"', "Column.fare.Kurtosis", lambda r: stats.kurtosis(r["fare"])),
    Number('Kurtosis "age"', "Column.age.Kurtosis", lambda r: stats.kurtosis(r["age"]), **YOUNG),
    Number('ZerosCount "parch"', "Column.parch.ZerosCount", lambda r: (r["parch"] == 0).sum(), **YOUNG),
    Number('ColumnCorrelation "age" "fare"', "Multicolumn.age,fare.ColumnCorrelation", lambda r: r_of(r, "age", "fare")),
    Number('ColumnCorrelation of "parch" and "age"', "Multicolumn.parch,age.ColumnCorrelation", lambda r: r_of(r, "parch", "age"), **YOUNG),
    Number(
        "CustomSql \"select avg(fare) from primary where sex = 'female'\"",
        "Dataset.*.CustomSQL",
        lambda r: r[r["sex"] == "female"]["fare"].mean(),
    ),
    Number(
        'CustomSql "select count(distinct embarked, pclass) from primary"',
        "Dataset.*.CustomSQL",
        lambda r: len(r[["embarked", "pclass"]].dropna().drop_duplicates()),
    ),
    Number(
        'CustomSql "select max(n) from (select deck, count(*) as n from primary where deck is not null group by deck) d"',
        "Dataset.*.CustomSQL",
        lambda r: r["deck"].value_counts().max(),
    ),
]
NIGHT: dict[str, Any] = {"where": "hour(pickup) < 6", "scope": lambda r: r["pickup"].dt.hour < 6}
TAXIS = [
    Number("RowCount", "Dataset.*.RowCount", len, **NIGHT),
    Number("DuplicateRowCount", "Dataset.*.DuplicateRowCount", duplicates),
    Number('DuplicateRowCount "pickup"', "Multicolumn.pickup.DuplicateRowCount", lambda r: duplicates(r[["pickup"]])),
    Number('Completeness "payment"', "Column.payment.Completeness", lambda r: r["payment"].notna().mean()),
    Number('Uniqueness "pickup" "dropoff"', "Multicolumn.pickup,dropoff.Uniqueness", lambda r: uniqueness(r[["pickup", "dropoff"]])),
    Number('UniqueValueRatio "total"', "Column.total.UniqueValueRatio", lambda r: once(r["total"]) / r["total"].nunique()),
    Number('DistinctValuesCount "pickup_zone"', "Column.pickup_zone.DistinctValuesCount", lambda r: r["pickup_zone"].nunique(dropna=False)),
    Number('Entropy "pickup_zone"', "Column.pickup_zone.Entropy", lambda r: entropy(r["pickup_zone"])),
    Number('Entropy "total"', "Column.total.Entropy", lambda r: entropy(r["total"]), **NIGHT),
    Number('Mean "tip"', "Column.tip.Mean", lambda r: r["tip"].mean(), "payment = 'credit card'", lambda r: r["payment"] == "credit card"),
    Number('Sum "total"', "Column.total.Sum", lambda r: math.fsum(r["total"])),
    Number('StandardDeviation "distance"', "Column.distance.StandardDeviation", lambda r: r["distance"].std(ddof=0), **NIGHT),
    Number('Variance "total"', "Column.total.Variance", lambda r: r["total"].var(ddof=0)),
    Number('Range "distance"', "Column.distance.Range", lambda r: np.ptp(r["distance"]), **NIGHT),
    Number('InterquartileRange "total"', "Column.total.InterquartileRange", lambda r: stats.iqr(r["total"])),
    Number('Skewness "distance"', "Column.distance.Skewness", lambda r: stats.skew(r["distance"]), **NIGHT),
    Number('Kurtosis "tip"', "Column.tip.Kurtosis", lambda r: stats.kurtosis(r["tip"])),
    Number('ZerosCount "tip"', "Column.tip.ZerosCount", lambda r: (r["tip"] == 0).sum()),
    Number('ColumnCorrelation "fare" "tip"', "Multicolumn.fare,tip.ColumnCorrelation", lambda r: r_of(r, "fare", "tip"), **NIGHT),
]  # fmt: skip


def assert_numbers(cases: list[Number], rows: Rows, engine: Session) -> None:
    expected = [float(case.by_hand(rows[case.scope(rows)])) for case in cases]
    findings = found(rows, [rule for case, value in zip(cases, expected, strict=True) for rule in case.asked(value)], engine)
    for case, value, holds, fails in zip(cases, expected, findings[::2], findings[1::2], strict=True):
        assert holds.payload.metrics == {case.metric: pytest.approx(value, rel=1e-9, abs=1e-12)}, str(case)
        assert (holds.outcome, fails.outcome) == (Outcome.PASSED, Outcome.FAILED), (str(case), holds.message)
        assert fails.message.startswith("Value: "), str(case)


def test_numbers_of_titanic(titanic: Rows, engine: DuckDB) -> None:
    assert_numbers(TITANIC, titanic, engine)


def test_numbers_of_taxis(taxis: Rows, engine: DuckDB) -> None:
    assert_numbers(TAXIS, taxis, engine)


def test_analyzers_record_what_others_compute(titanic: Rows, engine: DuckDB) -> None:
    """The same figures without a verdict; and the extremes of ColumnValues and ColumnLength."""
    cases = [c for c in TITANIC if not c.where and "DuplicateRow" not in c.rule]
    analyzers = [c.rule for c in cases] + ['ColumnValues "age"', 'ColumnLength "deck"', 'ColumnLength "embark_town"']
    findings = evaluate(dataset(titanic), parse("Analyzers = [\n" + ",\n".join(analyzers) + "\n]"), engine)
    assert {f.kind for f in findings} == {"analyzer"}
    for case, finding in zip(cases, findings, strict=False):
        assert finding.payload.metrics == {case.metric: pytest.approx(float(case.by_hand(titanic)), rel=1e-9)}, str(case)
    values, deck, town = (f.payload.metrics for f in findings[-3:])
    assert values == {"Column.age.Minimum": titanic["age"].min(), "Column.age.Maximum": titanic["age"].max()}
    assert deck == {"Column.deck.MinimumLength": 0, "Column.deck.MaximumLength": 1}  # null counts as 0
    lengths = titanic["embark_town"].fillna("").str.len()
    assert town == {"Column.embark_town.MinimumLength": lengths.min(), "Column.embark_town.MaximumLength": lengths.max()}


# ── rules on each row: which rows pass, and a threshold on either side of their share ──


@dataclass(frozen=True)
class Cells:
    """A rule on rows, and what others say of one cell, None for null."""

    rule: str
    passes: Callable[[Any], bool]
    tail: str = ""
    where: str = ""
    scope: Callable[[Rows], Any] = lambda r: r.index == r.index

    @property
    def column(self) -> str:
        return self.rule.split('"')[1]

    def asked(self, share: float) -> list[str]:
        """The rule as it is, with a threshold that its share meets, and with one that it does not meet."""
        begins = self.rule + (f' where "{self.where}"' if self.where else "")
        low, high = plain(share - TINY), plain(share + TINY)
        return [
            begins + self.tail,
            f"{begins} with threshold between {low} and {high}{self.tail}",
            f"{begins} with threshold > {high}{self.tail}",
        ]


def judged(cases: list[Cells], rows: Rows, engine: Session) -> dict[str, Mapping[str, Any]]:
    """Each rule's outcomes and figures against those by hand; the metrics of the rules without a threshold."""
    scopes = [rows[case.scope(rows)] for case in cases]
    cells = [[None if pd.isna(x) else x for x in scope[case.column]] for case, scope in zip(cases, scopes, strict=True)]
    passed = [sum(bool(case.passes(x)) for x in of) for case, of in zip(cases, cells, strict=True)]
    rules = [rule for case, n, of in zip(cases, passed, cells, strict=True) for rule in case.asked(n / len(of))]
    findings = found(rows, rules, engine)
    for i, (n, of) in enumerate(zip(passed, cells, strict=True)):
        whole, met, missed = findings[3 * i : 3 * i + 3]
        assert whole.outcome is not Outcome.ERROR, (whole.name, whole.message)
        assert whole.payload.rows == {"passed": n, "failed": len(of) - n, "total": len(of)}, (whole.name, whole.message)
        assert whole.outcome is (Outcome.PASSED if n == len(of) else Outcome.FAILED), whole.name
        assert (met.outcome, missed.outcome) == (Outcome.PASSED, Outcome.FAILED), (met.name, met.message)
        (share,) = (v for name, v in met.payload.metrics.items() if re.search("Compliance|PatternMatch|Completeness", name))
        assert share == pytest.approx(n / len(of), rel=1e-12), met.name
    return {f.name: f.payload.metrics for f in findings[::3]}


def is_null(x: Any) -> bool:
    return x is None


def but_null(test: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """What null does not pass."""
    return lambda x: x is not None and test(x)


def blank(x: Any) -> bool:
    return x is not None and len(x) > 0 and not x.strip()


def full(pattern: str, negated: bool = False) -> Callable[[Any], bool]:
    return lambda x: x is not None and (re.fullmatch(pattern, x) is not None) != negated


WOMEN: dict[str, Any] = {"where": "sex = 'female'", "scope": lambda r: r["sex"] == "female"}
VALUES = [
    # numbers
    Cells('ColumnValues "age" > 1', but_null(lambda x: x > 1)),
    Cells('ColumnValues "age" >= 1', but_null(lambda x: x >= 1)),
    Cells('ColumnValues "fare" < 512.3292', but_null(lambda x: x < 512.3292)),
    Cells('ColumnValues "fare" <= 512.3292', but_null(lambda x: x <= 512.3292)),
    Cells('ColumnValues "pclass" = 3', lambda x: x == 3),
    Cells('ColumnValues "pclass" != 3', lambda x: x != 3),
    Cells('ColumnValues "age" != 22', lambda x: x != 22),  # null is not 22
    Cells('ColumnValues "age" between 22 and 38', but_null(lambda x: 22 < x < 38)),
    Cells('ColumnValues "age" not between 22 and 38', but_null(lambda x: x <= 22 or x >= 38)),
    Cells('ColumnValues "age" in [22, 38, 80]', lambda x: x in (22, 38, 80)),
    Cells('ColumnValues "age" in [22, NULL]', lambda x: x is None or x == 22),
    Cells('ColumnValues "age" not in [22, 38]', lambda x: x not in (22, 38)),
    Cells('ColumnValues "age" not in [22, NULL]', but_null(lambda x: x != 22)),
    Cells('ColumnValues "age" = NULL', is_null),
    Cells('ColumnValues "age" != NULL', lambda x: x is not None),
    Cells('ColumnValues "age" > 14', but_null(lambda x: x > 14), **WOMEN),
    Cells('ColumnValues "survived" > -1', lambda x: x > -1),
    Cells('ColumnValues "alone" = 1', lambda x: bool(x)),  # booleans count as 0 and 1
    Cells('ColumnValues "alone" < 1', lambda x: not x),
    # a text that is a number is one; another is a value that equals no number
    Cells('ColumnValues "figure" > 10', lambda x: x != "dear" and float(x) > 10),
    Cells('ColumnValues "figure" != 8.05', lambda x: x == "dear" or float(x) != 8.05),
    Cells('ColumnValues "figure" not in [8.05, 13]', lambda x: x == "dear" or float(x) not in (8.05, 13)),
    Cells('ColumnValues "figure" between 8 and 13', lambda x: x != "dear" and 8 < float(x) < 13),
    Cells('ColumnValues "figure" not between 8 and 13', lambda x: x != "dear" and not 8 < float(x) < 13),
    # strings
    Cells('ColumnValues "deck" = "C"', lambda x: x == "C"),
    Cells('ColumnValues "deck" != "C"', lambda x: x != "C"),
    Cells('ColumnValues "deck" in ["A", "B", "C"]', lambda x: x in ("A", "B", "C")),
    Cells('ColumnValues "deck" not in ["A", "B", "C"]', lambda x: x not in ("A", "B", "C")),
    Cells('ColumnValues "deck" in ["A", NULL]', lambda x: x in ("A", None)),
    Cells('ColumnValues "deck" not in ["A", NULL]', lambda x: x not in ("A", None)),
    Cells('ColumnValues "class" in ["first", "SECOND"]', lambda x: x in ("First", "Second"), ' with ignoreCase = "true"'),
    Cells('ColumnValues "class" != "first"', lambda x: x != "First", ' with ignoreCase = "true"'),
    Cells('ColumnValues "class" in ["first", "Second"]', lambda x: x == "Second"),
    Cells('ColumnValues "embark_town" matches "S[a-z]+"', full("S[a-z]+"), **WOMEN),
    Cells('ColumnValues "embark_town" matches "S|Q.*"', full("S|Q.*")),
    Cells('ColumnValues "embark_town" matches "[a-z]+"', full("[a-z]+")),  # a part of the text is not enough
    Cells('ColumnValues "embark_town" not matches "S.*"', full("S.*", negated=True)),
    Cells('ColumnValues "note" matches "^$"', full("")),
    Cells('ColumnValues "note" not matches "[xX]"', full("[xX]", negated=True)),
    # the kinds of nothing
    Cells('ColumnValues "note" = EMPTY', lambda x: x == ""),
    Cells('ColumnValues "note" != EMPTY', lambda x: x != ""),
    Cells('ColumnValues "note" = WHITESPACES_ONLY', blank),
    Cells('ColumnValues "note" != WHITESPACES_ONLY', lambda x: not blank(x)),
    Cells('ColumnValues "note" in [EMPTY, WHITESPACES_ONLY]', lambda x: x == "" or blank(x)),
    Cells('ColumnValues "note" in [NULL, EMPTY, "x"]', lambda x: x in (None, "", "x")),
    Cells('ColumnValues "note" not in [EMPTY, "x"]', lambda x: x not in ("", "x")),
    Cells('ColumnValues "note" not in [NULL, EMPTY, WHITESPACES_ONLY]', but_null(lambda x: x.strip() != "")),
    Cells('ColumnValues "note" in ["x"]', lambda x: x == "x"),
    # lengths, 0 for null
    Cells('ColumnLength "embark_town" > 9', lambda x: len(x or "") > 9),
    Cells('ColumnLength "deck" <= 1', lambda x: len(x or "") <= 1),
    Cells('ColumnLength "deck" != 1', lambda x: len(x or "") != 1),
    Cells('ColumnLength "deck" in [0, 2]', lambda x: len(x or "") in (0, 2)),
    Cells('ColumnLength "embark_town" not between 8 and 11', lambda x: not 8 < len(x or "") < 11),
    Cells('ColumnLength "note" between 0 and 3', lambda x: 0 < len(x or "") < 3, **WOMEN),
    Cells('ColumnLength "note" = 2', lambda x: len(x or "") == 2),
    # types of strings; booleans by their words
    Cells('ColumnDataType "figure" = "Integer"', lambda x: x != "dear" and "e" not in x),
    Cells('ColumnDataType "figure" = "Double"', lambda x: x != "dear"),
    Cells('ColumnDataType "figure" != "Double"', lambda x: x == "dear"),
    Cells('ColumnDataType "alive" = "Boolean"', lambda x: x in ("yes", "no")),
    Cells('ColumnDataType "note" = "Boolean"', lambda _: False),
    Cells('ColumnDataType "note" != "Long"', lambda _: True),
    Cells('ColumnDataType "age" = "Integer"', but_null(math.isfinite)),
    Cells('ColumnDataType "pclass" = "Long"', lambda x: x is not None),
    Cells('ColumnDataType "figure" = "Decimal(4,2)"', lambda x: x != "dear" and abs(round(float(x), 2)) < 100),
]  # fmt: skip


def test_values_of_titanic(titanic: Rows, engine: DuckDB) -> None:
    metrics = judged(VALUES, titanic, engine)
    ages, fares = titanic["age"], titanic["fare"]
    assert metrics['ColumnValues "age" > 1'] == {"Column.age.Minimum": ages.min()}
    assert metrics['ColumnValues "fare" < 512.3292'] == {"Column.fare.Maximum": fares.max()}
    assert metrics['ColumnValues "age" between 22 and 38'] == {"Column.age.Minimum": ages.min(), "Column.age.Maximum": ages.max()}
    assert list(metrics['ColumnValues "embark_town" matches "S|Q.*"']) == ["Column.embark_town.PatternMatch"]
    assert list(metrics['ColumnValues "age" != NULL']) == ["Column.age.ColumnValues.Compliance"]
    assert list(metrics['ColumnLength "deck" <= 1']) == [
        "Column.deck.MinimumLength",
        "Column.deck.MaximumLength",
        "Column.deck.LengthCompliance",
    ]


def reads(text: str, layout: str) -> bool:
    try:
        return bool(datetime.strptime(text, layout))
    except ValueError:
        return False


DAY = pd.Timestamp("2019-03-15")
MINUTE = pd.Timestamp(NOW).tz_localize(None).floor("min")
SECOND = pd.Timestamp(NOW).tz_localize(None)
EVENING: dict[str, Any] = {"where": "hour(pickup) > 18", "scope": lambda r: r["pickup"].dt.hour > 18}
TIMES = [
    # plain days are compared as days, everything else as timestamps
    Cells('ColumnValues "pickup" > "2019-03-15"', but_null(lambda x: x.normalize() > DAY)),
    Cells('ColumnValues "pickup" <= "2019-03-15"', but_null(lambda x: x.normalize() <= DAY)),
    Cells('ColumnValues "pickup" = "2019-03-15"', lambda x: x.normalize() == DAY),
    Cells('ColumnValues "pickup" != "2019-03-15"', lambda x: x.normalize() != DAY),
    Cells('ColumnValues "pickup" between "2019-03-14" and "2019-03-16"', lambda x: x.normalize() == DAY),
    Cells('ColumnValues "pickup" not between "2019-03-14" and "2019-03-16"', lambda x: x.normalize() != DAY),
    Cells('ColumnValues "pickup" in ["2019-03-15", "2019-03-16"]', lambda x: x.normalize() in (DAY, DAY + pd.Timedelta(days=1))),
    Cells('ColumnValues "pickup" not in ["2019-03-15"]', lambda x: x.normalize() != DAY),
    Cells('ColumnValues "dropoff" < now()', lambda x: x < MINUTE),
    Cells('ColumnValues "dropoff" > (now() - 10 days)', lambda x: x > MINUTE - pd.Timedelta(days=10)),
    Cells('ColumnValues "dropoff" between (now() - 240 hours) and (now() - 90 minutes)',
          lambda x: MINUTE - pd.Timedelta(hours=240) < x < MINUTE - pd.Timedelta(minutes=90)),
    Cells('ColumnValues "dropoff" >= "9:30 AM"', lambda x: x >= pd.Timestamp("2019-03-20 13:30"), ' with timeZone = "America/New_York"'),
    Cells('ColumnValues "dropoff" >= "21:30"', lambda x: x >= pd.Timestamp("2019-03-20 21:30")),
    Cells('DataFreshness "pickup" <= 12 days', lambda x: SECOND - x <= pd.Timedelta(days=12)),
    Cells('DataFreshness "dropoff" between 90 minutes and 300 hours',
          lambda x: pd.Timedelta(minutes=90) < SECOND - x < pd.Timedelta(hours=300), **EVENING),
    Cells('DataFreshness "stamp" != 49 hours', lambda x: x != "soon" and reads(x[:10], "%Y-%m-%d")),
    Cells('ColumnDataType "day" = "Date"', but_null(lambda x: reads(x, "%d/%m/%Y")), ' with format = "dd/MM/yyyy"'),
    Cells('ColumnDataType "day" != "Date"', lambda x: x is None or not reads(x, "%d/%m/%Y"), ' with format = "dd/MM/yyyy"'),
    Cells('ColumnDataType "day" = "Date"', lambda _: False),
    Cells('ColumnDataType "stamp" = "Date"', but_null(lambda x: reads(x[:10], "%Y-%m-%d"))),
    Cells('ColumnDataType "stamp" = "Timestamp"', but_null(lambda x: reads(x[:19].replace(" ", "T"), "%Y-%m-%dT%H:%M:%S"))),
    Cells('ColumnValues "stamp" > "2019-03-15"', lambda x: x != "soon" and x[:10] > "2019-03-15"),
    Cells('ColumnValues "payment" != NULL', lambda x: x is not None),
    Cells('ColumnValues "payment" in ["cash", NULL]', lambda x: x in ("cash", None)),
    Cells('ColumnValues "tip" > 0', but_null(lambda x: x > 0), where="payment = 'credit card' and pickup_borough <> 'Bronx'",
          scope=lambda r: (r["payment"] == "credit card") & (r["pickup_borough"] != "Bronx") & r["pickup_borough"].notna()),
    Cells('ColumnLength "pickup_zone" between 3 and 30', lambda x: 3 < len(x or "") < 30),
    Cells('ColumnValues "pickup_zone" matches ".*(North|South|East|West)"', full(".*(North|South|East|West)")),
    Cells('ColumnDataType "pickup" = "Timestamp"', lambda x: x is not None),
    Cells('ColumnDataType "total" = "Integer"', lambda x: x is not None),
]  # fmt: skip


@pytest.mark.slow
def test_values_of_taxis(taxis: Rows, engine: DuckDB) -> None:
    judged(TIMES, taxis, engine)


# ── keys, what needs no data, queries, and rules joined ──


@pytest.mark.parametrize(
    ("rule", "met"),
    [
        ('IsComplete "fare"', lambda r: r["fare"].notna().all()),
        ('IsComplete "deck"', lambda r: r["deck"].notna().all()),
        ('IsComplete "deck" where "deck <> \'Z\'"', lambda _: True),
        ('IsUnique "row"', lambda r: r["row"].is_unique),
        ('IsUnique "fare"', lambda r: r["fare"].is_unique),
        ('IsUnique "sex" "row"', lambda r: True),
        ('IsUnique "gap"', lambda r: r["gap"].dropna().is_unique),  # null keys do not matter to IsUnique …
        ('IsPrimaryKey "gap"', lambda r: r["gap"].notna().all()),  # … but to a primary key
        ('IsPrimaryKey "row"', lambda r: r["row"].is_unique),
        ('IsPrimaryKey "row" "deck"', lambda r: r["deck"].notna().all()),
        ('IsPrimaryKey "row" "deck" where "deck is not null"', lambda _: True),
        ('ColumnNamesMatchPattern "[a-z_]+"', lambda r: all(re.fullmatch("[a-z_]+", c) for c in r)),
        ('ColumnNamesMatchPattern "a|s"', lambda r: all(re.fullmatch("a|s", c) for c in r)),
        ('ColumnExists "deck"', lambda r: "deck" in r),
        ('ColumnExists "cabin"', lambda r: "cabin" in r),
        ('(Completeness "age" > 0.9) or (Completeness "fare" > 0.9)', lambda r: r[["age", "fare"]].notna().mean().max() > 0.9),
        ('(Completeness "age" > 0.9) and (Completeness "fare" > 0.9)', lambda r: r[["age", "fare"]].notna().mean().min() > 0.9),
        ('((Mean "age" > 40) or (Mean "age" < 30)) and (RowCount = 891)', lambda r: r["age"].mean() < 30),
        ('(Mean "age" > 40) or ((Mean "age" < 30) and (RowCount = 890))', lambda r: False),
        ('(Mean "nothing" > 40) or (RowCount = 891)', lambda r: True),  # what cannot be evaluated counts as not passed
    ],
)  # fmt: skip
def test_verdicts_of_titanic(rule: str, met: Callable[[Rows], bool], titanic: Rows, engine: DuckDB) -> None:
    rows = titanic.assign(row=range(len(titanic)), gap=[None if i % 3 else i for i in range(len(titanic))])
    (finding,) = found(rows, [rule], engine)
    assert finding.outcome is (Outcome.PASSED if met(rows) else Outcome.FAILED), finding.message


@pytest.mark.parametrize(
    ("query", "passes"),
    [
        ("select fare from primary where fare > 10", lambda r: r["fare"] > 10),
        ("select age, sex from primary where age is null or sex = 'female'", lambda r: r["age"].isna() | (r["sex"] == "female")),
        ("select sex from primary where survived = 1", lambda r: r["sex"].notna()),  # both sexes are returned, so every row passes
    ],
)
def test_a_query_returns_the_rows_that_pass(query: str, passes: Callable[[Rows], Any], titanic: Rows, engine: DuckDB) -> None:
    """A row passes if its values of the returned columns are among those returned, null equal to null."""
    share = passes(titanic).mean()
    whole, met = found(titanic, [f'CustomSql "{query}"', f'CustomSql "{query}" with threshold > {plain(share - TINY)}'], engine)
    assert whole.payload.metrics == {"Dataset.*.CustomSQL.Compliance": pytest.approx(share, rel=1e-12)}
    assert whole.outcome is (Outcome.PASSED if share == 1 else Outcome.FAILED)
    assert met.outcome is Outcome.PASSED


def test_spark_judges_values_as_others_do(spark: Any, titanic: Rows) -> None:
    from tilth.engine.spark import Spark

    judged(VALUES, titanic, Spark(spark).session())


def test_every_type_that_is_evaluated_is_tried_here() -> None:
    relations = {name for name, row in RULE_TYPES.items() if {"alias", "reference", "aggregate", "path"} & set(row.kinds)}  # elsewhere
    evaluated = {name for name, row in RULE_TYPES.items() if row.prepare}
    tried = {re.match(r"\w+", c.rule)[0] for c in (*TITANIC, *TAXIS, *VALUES, *TIMES)}  # type: ignore[index]  # each begins with its type
    verdicts = {"IsComplete", "IsUnique", "IsPrimaryKey", "ColumnExists", "ColumnNamesMatchPattern"}
    assert tried | verdicts | {"DetectAnomalies"} == evaluated - relations


def test_moments_do_not_cancel(taxis: Rows, engine: DuckDB) -> None:
    """Far from 0 the two-pass deviation by numpy holds; the difference of mean squares would not."""
    rows = taxis.assign(far=taxis["fare"] + 1e7)[["far"]]
    (finding,) = found(rows, ['StandardDeviation "far" > 0'], engine)
    assert finding.value == pytest.approx(np.std(rows["far"].to_numpy()), rel=1e-9)
