"""A first draft of a flow: it runs as it is, lists the pitfalls, and shows nothing private."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

import tilth
from tests.engines import duckdb_session
from tilth.demo.loans import write_loans
from tilth.drafting import init
from tilth.drafting.inspection import inspect
from tilth.errors import ColumnError
from tilth.flow import Flow
from tilth.flow.running import run
from tilth.report import Outcome
from tilth.yaml import parse


def proposed(place: Path, **options: Any) -> tuple[str, Flow]:
    saved = init(str(place), engine=duckdb_session(), **options).save(place.parent / "f.yaml")
    return saved.read_text("utf-8"), Flow.load(saved)


@pytest.fixture(scope="module")
def loans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("loans") / "loans.csv"
    write_loans(path, 3000, 2)
    return path


@pytest.fixture(scope="module")
def drafted(loans: Path) -> tuple[str, Flow]:
    return proposed(loans)


@pytest.mark.slow
def test_the_draft_of_the_loans_runs_and_its_rules_pass(drafted: tuple[str, Flow]) -> None:
    report = tilth.run(drafted[1])
    report.raise_for_failures()
    assert {"train", "test"} <= {f.part for f in report.findings}


def test_roles_are_guessed(drafted: tuple[str, Flow]) -> None:
    roles = drafted[1].reading.roles
    assert (roles.id, roles.label, roles.positive, roles.time) == (("application_id",), "approved", ("yes",), "applied_at")
    assert set(roles.facet) == {"sex", "age", "marital"}
    assert set(roles.private) == {"name", "email", "phone", "account", "note"}


PITFALLS = [
    "application_id should be unique, but has",
    "customer_no is nearly an id",
    "currency is constant",
    "disbursed_at may leak the label: it is null exactly where the label has one value",
    'credit.score holds -999, which may mean "not known"',
    "missing values are written as ?, N/A",
    "sex has several spellings of one value",
    "the label is unbalanced",
    "the label is missing in",
    "rows have a time (applied_at)",
    "age ranges from -",
]


@pytest.mark.parametrize("pitfall", PITFALLS)
def test_a_planted_pitfall_is_listed(drafted: tuple[str, Flow], pitfall: str) -> None:
    assert f"# - {pitfall}" in drafted[0]


def test_nothing_private_is_shown(loans: Path, drafted: tuple[str, Flow]) -> None:
    text = drafted[0]
    rows = [line.split(",") for line in loans.read_text().splitlines()[1:]]
    private = {cell for row in rows for cell in row[3:7] if len(cell) > 4}
    assert not [cell for cell in private if cell in text]


@pytest.mark.slow
def test_features_neither_leak_nor_identify(drafted: tuple[str, Flow]) -> None:
    flow = tilth.fit(drafted[1])
    made = set(flow.row(dict.fromkeys(flow.need_learned().schema.names)))
    assert not made & {"customer_no", "name", "email", "phone", "account", "note", "currency", "disbursed_at", "employed_since"}


SMALL: list[tuple[str, str, list[str]]] = [
    ("one column", "x\n1\n2\n3\n", ["RowCount between 1 and 5, ColumnCount = 1"]),
    ("odd names", 'a b,"c,d",yes,e:f\n1,x,2,u\n2,y,3,v\n3,x,4,u\n', ['"c,d"', '"e:f"']),
    ("a column of nulls", "id,x\n1,\n2,\n3,\n", ["x has no values"]),
    ("a header only", "id,x\n", ["ColumnCount = 2"]),
    (
        "a copy of the label",
        "id,a,b,y\n" + "".join(f"{i},{i % 3},{'p' if i % 2 else 'q'},{i % 2}\n" for i in range(60)),
        ["b may leak the label"],
    ),
    ("one row", "a,b\n1,x\n", ["a is constant"]),
    ("three rows, one without a value", "id,x\n1,2.5\n2,\n3,3.5\n", ["too few distinct rows to split"]),
    ("booleans", "id,ok\n1,true\n2,false\n3,true\n", ["label: ok", "positive: true"]),
    ("quotes in values", 'id,q\n1,"say ""x"""\n2,b\n3,b\n', ['ColumnLength "q" between 0 and 8']),
]


@pytest.mark.parametrize(("text", "says"), [c[1:] for c in SMALL], ids=[c[0] for c in SMALL])
def test_the_draft_of_a_small_file_is_a_flow(tmp_path: Path, text: str, says: list[str]) -> None:
    (tmp_path / "a.csv").write_text(text)
    draft, flow = proposed(tmp_path / "a.csv")
    assert not [s for s in says if s not in draft], draft
    if text.count("\n") > 2:
        tilth.check(tilth.read(tmp_path / "a.csv", **flow.reading.options), flow.check).raise_for_failures()


def test_columns_called_no_and_on_are_strings_to_any_reader_of_yaml(tmp_path: Path) -> None:
    """YAML 1.1, which PyYAML reads, has booleans and numbers in words that are strings in YAML 1.2."""
    (tmp_path / "a.csv").write_text("No,on,null,1_0,y\n" + "".join(f"{i},{i % 7},{i * i % 50},{i % 3}.5,{i % 2}\n" for i in range(60)))
    draft, flow = proposed(tmp_path / "a.csv")
    assert flow.reading.roles.id == ("No",)
    assert yaml.safe_load(draft) == parse(draft).value


def test_options_of_reading_are_kept(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("1;né;?\n2;x;u\n3;x;v\n".encode("latin-1"))
    options = {"delimiter": ";", "names": ["id", "a", "b"], "encoding": "latin-1", "header": False}
    _, flow = proposed(tmp_path / "a.csv", **options)
    assert {k: v for k, v in flow.reading.options.items() if k != "nulls"} == options
    assert flow.reading.options["nulls"] == ["?"]


@pytest.mark.slow
def test_an_inspection_takes_few_scans(loans: Path) -> None:
    engine = duckdb_session()
    inspect(str(loans), engine, {})
    assert len(engine.scans) < 30


def rows(line: Callable[[int], tuple[Any, ...]], n: int = 120) -> str:
    return "".join(",".join(map(str, line(i))) + "\n" for i in range(n))


RACES = ("White", "Black", "Hispanic", "other")
KINDS = pa.table(
    {
        "id": list(range(120)),
        "price": [Decimal(i) / 4 for i in range(120)],
        "at": [datetime(2024, 1, 1) + timedelta(hours=i) for i in range(120)],
        "tags": [["a"]] * 120,
        "reading": [float("nan") if i % 10 == 0 else float("inf") if i == 3 else i * 0.5 for i in range(120)],
        "empty": pa.nulls(120),
        "y": ["no" if i % 2 else "yes" for i in range(120)],
    }
)

DRAFTS: list[tuple[str, str | pa.Table, list[str], list[str]]] = [  # data, strings that the draft has, and strings that it has not
    (
        "integers that differ are not ids",
        "id,amount,paid\n" + rows(lambda i: (i, i * 37, i % 2)),
        ["id: id", "impute: {columns: [amount]", 'ColumnValues "amount" <= 4900', "label: paid"],
        ["nearly an id"],
    ),
    (
        "private names of any spelling",
        "user id,first name,Last-Name,PatientAge,humid,y\n" + rows(lambda i: (i, f"F{i}", f"L{i}", 20 + i % 50, i / 7, i % 2)),
        ['private: ["first name", Last-Name]', "facet: [PatientAge]", "[PatientAge, humid]", "measure: [bias, profile]"],
        ["F1", "L1"],
    ),
    (
        "kinds of a Parquet file",
        KINDS,
        [
            *(
                'ColumnValues "price" >= 0, ColumnValues "price" <= 33',
                "by: time}",
                "reading is infinite in 1 rows",
                "empty has no values",
            ),
            "null_if: {columns: reading, below: -1.0e+308, above: 1.0e+308}",
        ],
        ['ColumnValues "reading"', "tags is constant"],
    ),
    (
        "names that need escapes",
        '"say ""x""",back\\slash,tick`y,select,😀,y\n'
        + rows(lambda i: ("" if i % 9 == 0 else i, *("" if i % 7 == k else "p" * k for k in (1, 2, 3)), i % 3, i % 2)),
        [
            'ColumnValues "say \\"x\\"" <= 140 where "`say \\"x\\"` is not null"',
            '"`back\\slash` is not null"',
            '"`tick``y` is not null"',
            '"`select` is',
        ],
        ["cannot be written in a rule"],
    ),
    (
        "a name that cannot be written in a rule",
        'id,"a\nb","c\x07",y\n' + rows(lambda i: (i, i % 5, i % 4, i % 2)),
        ["a b has a name that cannot be written in a rule"],
        [],
    ),
    (
        "a column called split",
        "id,split,x,y\n" + rows(lambda i: (i, i % 3, i / 9, i % 2)),
        ["split has the name of the column", 'select: {columns: ["!split"]}'],
        [],
    ),
    ("tiny numbers", "id,x,y\n" + rows(lambda i: (i, f"{i * 1e-12:.3e}", i % 2)), ['ColumnValues "x" <= 0.00000000014'], []),
    ("a header only", "id,x,y\n", ["there are no rows"], ["split:", "features:", "is constant"]),
    ("one value", "x\n" + "5\n" * 30, ["too few distinct rows"], ["\nsplit:"]),
    ("two rows", "id,x\n1,5\n2,7\n", ["too few distinct rows"], ["\nsplit:"]),
    (
        "no header",
        rows(lambda i: (i, "ab"[i % 2])),
        ["header: false  # the first line looks like values", "id: column_0", "label: column_1"],
        [],
    ),
    (
        "ids of other things",
        "order_id,customerId,region_id,amount,returned\n" + rows(lambda i: (i, i // 3, i // 5 % 4, i / 7, i % 2)),
        [
            "customerId has 40 values in 120 rows",
            'by: "group(customerId)"',
            '"!customerId"',
            "encode: {columns: [region_id]",
            "positive: 0",
        ],
        [],
    ),
    (
        "equal rows of different ids stay",
        "id,age,y\n" + rows(lambda i: (i, i % 4, i % 2)),
        ["116 rows are duplicates of an earlier row, but for id", "# rows:", '#  - dedupe: {on: ["*", "!id"]}'],
        ["\nrows:"],
    ),
    (
        "a date of birth is not the time of a row",
        "birthDate,x,y\n" + rows(lambda i: (date(1970, 1, 1) + timedelta(days=i), i / 7, i % 2)),
        ["private: [birthDate]", "by: stratified"],
        ["time:"],
    ),
    (
        "months read as strings",
        "Month,n\n" + rows(lambda i: (f"{1950 + i // 12}-{i % 12 + 1:02d}", i * 3)),
        ["all 120 values are months written %Y-%m", 'parse: {columns: Month, as: date, format: "%Y-%m"}', "by: time(Month)"],
        ["id:"],
    ),
    (
        "a time in several columns",
        "year,month,n\n" + rows(lambda i: (2000 + i // 12, i % 12 + 1, i * 3)),
        ["rows have a time (year, month)", "by: ordered(year)"],
        [],
    ),
    (
        "numbers with exceptions",
        "id,amount,y\n" + rows(lambda i: (i, "see note" if i % 40 == 0 else i / 7, i % 2)),
        [
            "parse: {columns: amount, as: number}  # 117 of 120 values are numbers; the others become null",
            "impute: {columns: [amount]",
        ],
        [],
    ),
    (
        "a decimal comma",
        "id,price,y\n" + rows(lambda i: (i, f'"{i},5"', i % 2)),
        [
            'parse: {columns: price, as: number, decimal: ","}  # all 120 values are numbers with a decimal comma',
            "scale: {columns: [price]",
        ],
        ["encode"],
    ),
    (
        "dates of another order",
        "id,day,y\n" + rows(lambda i: (i, f"{i % 28 + 1}/{i % 12 + 1}/2024", i % 2)),
        ["all 120 values are days written %d/%m/%Y", 'parse: {columns: day, as: date, format: "%d/%m/%Y"}', "by: time(day)"],
        ["encode"],
    ),
    (
        "free text",
        "id,review,x,y\n" + rows(lambda i: (i, f"this is what I thought of it, the {i}th time".replace(",", ""), i / 7, i % 2)),
        ["text: [review]", 'select: {columns: ["!review"]}  # free text'],
        ["encode", "nearly an id"],
    ),
    (
        "text and label only",
        "kind,said\n" + rows(lambda i: ("ham" if i % 3 else "spam", f"this is what was said to all of them on the day {i}")),
        ["label: kind", "features:", "  []"],
        [],
    ),
    ("a minus sign as a value", "id,a,y\n" + rows(lambda i: (i, i / 7, "+-"[i % 2])), ["label: y", 'ColumnValues "y" in'], ["nulls:"]),
    (
        "a number to predict",
        "a,b,target\n" + rows(lambda i: (i / 7, i % 4, i * 1.5)),
        ["label: target", "by: hash", "[a, b]"],
        ["positive:", "stratified"],
    ),
    (
        "the outcome, not a class of things",
        "survived,pclass,class\n" + rows(lambda i: (i % 2, i % 3, "abc"[i % 3])),
        ["label: survived", "positive: 1"],
        ["may leak the label"],
    ),
    (
        "a facet is not the label",
        "a,b,sex\n" + rows(lambda i: (i / 7, i, "mf"[i % 2])),
        ["facet: [sex]"],
        ["label:"],
    ),
    (
        "a column that begins late",
        "day,late,early,y\n"
        + rows(lambda i: (date(2024, 1, 1) + timedelta(days=i), i / 7 if i > 110 else "", i / 3 if i < 110 else "", i % 2)),
        ["late has no value in the training part", '"!late"]', "no value to learn from", "impute: {columns: [early]"],
        ["early has no value"],
    ),
    (
        "duplicate columns",
        "pclass,class,x,other,y\n" + rows(lambda i: (i % 3 + 1, ("First", "Second", "Third")[i % 3], i / 7, i // 2 % 3, i % 2)),
        ["class duplicates pclass", 'select: {columns: ["!class"]}  # duplicates pclass', "other"],
        ["other duplicates"],
    ),
    (
        "names of persons or of things",
        "id,name,x,y\n" + rows(lambda i: (i, f"model {i % 9}", i / 7, i % 2)),
        ["name may hold names of persons", 'ColumnLength "name" = 7'],
        ["private: [name]\n", "model 1"],
    ),
    (
        "names of businesses",
        "pidnum,business_name,age,y\n" + rows(lambda i: (7 * i * i + 10_000, f"inn {i % 9}", 20 + i % 50, i % 2)),
        ["id: pidnum"],
        ["private", "hold names"],
    ),
    (
        "sodium is not missing",
        "no,symbol,mass,y\n" + rows(lambda i: (i, "Na" if i == 11 else f"{'HCNOFP'[i % 6]}{i}", i * 2.02, i % 2)),
        ["label: y"],
        ["nulls"],
    ),
    (
        "names beside columns about persons",
        "id,name,age,y\n" + rows(lambda i: (i, f"Ann {i % 9}", 20 + i % 50, i % 2)),
        ["name looks private: its name says so", "private: [name]"],
        ["Ann 1", "may hold names"],
    ),
    (
        "the rarer of two values",
        "id,x,sex,y\n" + rows(lambda i: (i, i / 7, "mf"[i % 2], "u" if i % 3 else "v")),
        ["positive: v  # a guess: the rarer value, which is usually the one of interest; for bias, set"],
        ["a guess: the favourable label"],
    ),
    (
        "many columns",
        ",".join(f"f{k}" for k in range(40)) + ",y\n" + rows(lambda i: (*(i * k % 17 / 3 for k in range(1, 41)), i % 2)),
        ["impute: {columns: numeric,"],
        [],
    ),
    (
        "a label whose name says so, in the middle",
        "satisfaction,left,dept,hours\n" + rows(lambda i: (i % 7 / 7, i % 3 // 2, "abcd"[i % 4], 100 + i)),
        ["label: left  # a guess: its name is that of an outcome; 2 values", "encode: {columns: [dept]"],
        ["No column is surely"],
    ),
    (
        "a label of several words",
        "ID,LIMIT_BAL,default payment next month\n" + rows(lambda i: (i, i * 37, i % 3 // 2)),
        ['label: "default payment next month"', "scale: {columns: [LIMIT_BAL]"],
        [],
    ),
    (
        "the last of a numbered series",
        "id,fee,band1,band2\n" + rows(lambda i: (i, i * 7 % 101, i % 2, 1 - i % 2)),
        ["No column is surely the one to be predicted"],
        ["label:"],
    ),
    (
        "a treatment at the end",
        "id,fee,treat\n" + rows(lambda i: (i, i * 7 % 101, ("drug", "placebo")[i % 2])),
        ["No column is surely the one to be predicted", "treat may be it (2 values; the last column)"],
        ["label:"],
    ),
    (
        "no convincing label",
        "city,visitors,loan_status,sales\n" + rows(lambda i: ("abcd"[i % 4], i * 7 % 30, ("ok", "late", "open")[i % 3], i * 1.5)),
        [
            "# No column is surely the one to be predicted.",
            "# loan_status may be it (its name may be that of an outcome; 3 values), and is not a feature",
            "# sales may be it (a number; the last column)",
            'select: {columns: ["!loan_status", "!sales"]}  # may be what is to be predicted; take the label out of this list',
            "impute: {columns: [visitors]",
        ],
        ["label:"],
    ),
    (
        "protected attributes by abbreviations and values",
        "id,gndr,marital.status,ethnicity,p3,origin,colour,y\n"
        + rows(lambda i: (i, i % 2, "abc"[i % 3], "uvw"[i % 3], "MF"[i % 2], RACES[i % 4], ("Black", "White")[i % 2], i // 2 % 2)),
        ["facet: [gndr, marital.status, ethnicity, p3, origin]"],
        [],
    ),
    (
        "row numbers and ids are not features",
        "amount,row,station_id,note_no,y\n" + rows(lambda i: (i * 7 % 50, i + 1, f"s{i % 40}", 1000 + i * 3 % 90, i % 2)),
        ["scale: {columns: [amount]", '"!row"]}  # row numbers', '["!station_id", "!note_no"]}  # an id'],
        [],
    ),
    (
        "a year of one value",
        "year,month,day,delay,carrier\n" + rows(lambda i: (2013, 1 + i // 10, 1 + i % 10, i % 17, "ab"[i % 2])),
        ["by: ordered(month)", 'select: {columns: ["!year"]}  # constant', "year is constant"],
        ["ordered(year)"],
    ),
    (
        "a time of nearly one value",
        "day,x,y\n" + rows(lambda i: (date(2024, 1, 1 if i < 3 else 2), i, i % 2)),
        ["by: stratified"],
        ["time:"],
    ),
    (
        "numbers as people write them",
        "id,price,rate,hits,weight,y\n"
        + rows(lambda i: (i, f'"${i + 1},{i:03d}.00"', f"{i / 9:.2f}%", f'"{1 + i % 5},{i:03d}"', f"{i / 4} kg", i % 2)),
        [
            "parse: {columns: price, as: number}  # all 120 values are numbers with a currency sign and marks of thousands",
            "parse: {columns: rate, as: number}  # all 120 values are numbers with a percent sign (5 % becomes 0.05)",
            "parse: {columns: hits, as: number}  # all 120 values are numbers with marks of thousands",
            "parse: {columns: weight, as: number, units: [kg]}  # all 120 values are numbers with the unit kg",
            "scale: {columns: [price, rate, hits, weight], with: standard}",
        ],
        ["decimal comma", "nearly an id"],
    ),
    (
        "days as people write them",
        "id,a,b,c,y\n"
        + rows(
            lambda i: (
                i,
                f"{13 + i % 15}/12/20{10 + i % 9}",
                f"{('Feb', 'Mar')[i % 2]}-{i % 28 + 1:02d}-2017",
                f"{i % 9 + 1}/{i % 9 + 1}/2012",
                i % 2,
            )
        ),
        [
            "all 120 values are days written %d/%m/%Y",
            "all 120 values are days written %b-%d-%Y",
            "c is read as string: all 120 values are days written %d/%m/%Y; %m/%d/%Y fits too",
            'parse: {columns: a, as: date, format: "%d/%m/%Y"}',
            "by: time(a)",
        ],
        ["encode"],
    ),
    (
        "yes and no, and 0 and 1",
        "id,member,new,flag,x,y\n"
        + rows(lambda i: (i, ("Yes", "No")[i // 2 % 2], ("no", "yes")[i // 5 % 2], i // 3 % 2, i * 7 % 31, i % 2)),
        ["parse: {columns: [member, new], as: boolean}  # all 240 values are yes and no", "scale: {columns: [x], with: standard}"],
        ["encode", "columns: [flag"],
    ),
    (
        "postcodes and padded ids stay strings",
        "zip,code,y\n" + rows(lambda i: (10000 + i % 30, f"{i % 60:05d}", i % 2)),
        ["types: {zip: string}  # postcodes are codes", "encode: {columns: [zip], with: one_hot}", '"!code"]}  # more than 50 categories'],
        ["scale", "as: number"],
    ),
    (
        "strings of Parquet",
        pa.table(
            {
                "day": [f"2024-0{1 + i % 9}-1{i % 9}" for i in range(120)],
                "doc": ['{"a": [1, 2]}' if i % 2 else "[]" for i in range(120)],
                "n": [str(i * 3) for i in range(120)],
                "y": [i // 2 % 2 for i in range(120)],
            }
        ),
        [
            "parse: {columns: day, as: date}  # all 120 values are days written %Y-%m-%d",
            "doc is read as string: all 120 values are nested JSON",
            '["!doc"]}  # nested JSON',
            "parse: {columns: n, as: number}  # all 120 values are numbers",
        ],
        ["encode"],
    ),
    (
        "what looks like a phone number and is not",
        "case_ref,title,y\n" + rows(lambda i: (f"17-{i % 110:06d}", "Unknown" if i == 7 else f"A tale of {i} cities", i % 2)),
        [],
        ["private", "phone", "nulls"],
    ),
    (
        "unknown beside numbers",
        "id,mass,kind,y\n" + rows(lambda i: (i, "unknown" if i % 20 == 3 else i / 7, ("none", "full", "part")[i % 3], i % 2)),
        ['nulls: ["unknown"]', "impute: {columns: [mass]", "encode: {columns: [kind]"],
        ['"none"]'],
    ),
    (
        "few gaps are not marked",
        "id,a,b,y\n" + rows(lambda i: (i, "" if i % 3 else i, "" if i == 5 else i * 3, i % 2)),
        ["impute: {columns: [a], with: median, indicator: true}", "impute: {columns: [b], with: median}", "scale: {columns: [a, b]"],
        [],
    ),
    (
        "two categories need one column",
        "id,sex,city,y\n" + rows(lambda i: (i, ("male", "female")[i // 5 % 2], "abc"[i % 3], i % 2)),
        ["encode: {columns: [city], with: one_hot}", "encode: {columns: [sex], with: one_hot, drop: binary}"],
        [],
    ),
    (
        "choices of the same individuals",
        "individual,cost,vehicles,choice\n" + rows(lambda i: (i // 4, i * 7 % 101, i % 5, int(i % 4 == 2))),
        ['by: "group(individual)"', "individual has 30 values in 120 rows", '["!individual"]}  # an id'],
        [],
    ),
    (
        "dates in strings that are not the time of the row",
        "size,geb.datum,due date,fee,target\n"
        + rows(
            lambda i: (
                i * 7 % 101,
                f"{i % 28 + 1}.3.19{i % 50 + 40}",
                f"{i % 28 + 1}.3.20{i % 9 + 10}",
                f"{i % 7} %" if i % 3 else "k.A.",
                i % 2,
            )
        ),
        ["private: [geb.datum]", "by: stratified", "k.A.", "parse: {columns: fee, as: number}"],
        ["time("],
    ),
    (
        "an outcome beside the label",
        "size,outcome2,target\n" + rows(lambda i: (i * 7 % 101, i * 5 % 3, i % 2)),
        ["label: target", '["!outcome2"]}  # may be another outcome'],
        [],
    ),
    (
        "integers that pandas wrote as floats",
        "size,grade,mark,death\n" + rows(lambda i: (i * 7 % 101, f"{i % 3 * 2}.0", f"{i % 4}.0" if i % 7 else "", f"{i % 2}.0")),
        [
            "label: death",
            "positive: 0.0",
            'ColumnValues "death" in [0,1]',
            'ColumnValues "mark" in [0,1,2,3] where "mark is not null"',
            'ColumnValues "grade" >= 0, ColumnValues "grade" <= 5',
        ],
        [],
    ),
    (
        "a coordinate called y",
        "x,y,z,price\n" + rows(lambda i: (i * 7 % 101, i * 11 % 97, i * 13 % 89, i * 17 % 83)),
        ["label: price"],
        [],
    ),
    (
        "many columns that are nearly empty",
        ",".join("abcdefy") + "\n" + rows(lambda i: (*(i if i % 50 == k else "" for k in range(6)), i % 2)),
        ["a is nearly empty: fewer than 5 % of the rows have a value; the same holds of b, c, d, e … (5 in all)"],
        ["b is nearly empty"],
    ),
    (
        "the year that orders the rows",
        "year,month,day,sales,sold\n" + rows(lambda i: (2010 + i // 12, i % 12 + 1, i % 28 + 1, i * 17 % 83, i * 7 % 89)),
        ["by: ordered(year)", 'ColumnValues "day" between 0 and 32', '["!year"]}  # orders the rows', "month, day, sales"],
        [],
    ),
    (
        "names that repeat are not texts",
        "size,artist,notes,y\n"
        + rows(lambda i: (i * 7 % 101, f"Band {i % 70}", f"We liked song {i} best of all its {i * i} notes", i % 2)),
        ["text: [notes]", '["!artist"]}  # more than 50 categories'],
        [],
    ),
    (
        "a last column of nested values",
        "size,error\n" + rows(lambda i: (i * 7 % 101, f'"{{""code"": {i % 2}}}"')),
        ["error is read as string: all 120 values are nested JSON", 'IsComplete "error"\n'],
        ["error may be it"],
    ),
    (
        "the time until an event",
        "size,time,death\n" + rows(lambda i: (i * 7 % 101, i * 13 % 97 + 1, i % 3 % 2)),
        ["label: death", "time may be the time until death", '["!time"]}  # may be the time until the event of the label'],
        [],
    ),
    (
        "row numbers in strings",
        pa.table({n: [str(by * i + n.count("w")) for i in range(60)] for n, by in {"nr": 1, "row": 1, "fee": 7}.items()}),
        ["id: nr", '["!row"]}  # row numbers', '["!fee"]}  # may be what is to be predicted'],
        ["parse"],
    ),
    (
        "a last row of totals",
        "shop,size,units,sold\n"
        + rows(lambda i: (f"s{i % 7}", "SML"[i % 3], i * i % 50, i * i % 11 % 2))
        + f"Total,,{sum(i * i % 50 for i in range(120))},60\n",
        [
            "the last row is a total (shop is Total): units is the sum of the other rows",
            "label: sold",
            "filter: \"shop IS DISTINCT FROM 'Total'\"  # the last row is a total: units is the sum of the other rows",
            "columns: [shop, size], with: one_hot}",
            'ColumnValues "units" <= 3',
        ],
        ["sold is"],
    ),
    (
        "lists of categories",
        "id,wants,by,person,y\n"
        + rows(
            lambda i: (
                i,
                "|".join(w for w, n in {"price": 2, "speed": 3, "support": 5, "none of them": 7}.items() if i % n == 0),
                ("x@a.org;y@a.org", "y@a.org", "z@a.org;x@a.org", "y@a.org;z@a.org", "x@a.org;y@a.org;z@a.org")[i % 5],
                f'"{("Lee", "Cole")[i % 2]}, {("Al", "Bo", "Cy")[i % 3]}"',
                i * i % 11 % 2,
            )
        ),
        [
            'wants, with: multi_hot, separator: "|"}  # 40 of 93 values list several of 4 categories, separated by |',
            "encode: {columns: [person], with: one_hot}",
            'ColumnLength "wants" between',
            "private: [by]",
        ],
        ["wants is read as", "categories\n", "x@a.org"],
    ),
    (
        "columns alike",
        "id," + ",".join(f"x{k}" for k in range(9)) + ",y\n" + rows(lambda i: (i, *["1"] * 9, i * 7 % 5)),
        ["x0 is constant: it carries no information; the same holds of x1, x2, x3, x4 … (8 in all)"],
        ["x1 is constant"],
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize(("given", "says", "says_not"), [c[1:] for c in DRAFTS], ids=[c[0] for c in DRAFTS])
def test_a_draft_is_sensible_and_runs(tmp_path: Path, given: str | pa.Table, says: list[str], says_not: list[str]) -> None:
    """The rules hold on the data they were proposed from."""
    place = tmp_path / ("a.csv" if isinstance(given, str) else "a.parquet")
    if isinstance(given, str):
        place.write_text(given, "utf-8")
    else:
        pq.write_table(given, place)
    draft, flow = proposed(place)
    assert [s for s in says if s not in draft] == [s for s in says_not if s in draft] == [], draft
    engine = duckdb_session()
    data = tilth.read(place, engine=engine, roles=flow.reading.roles, **flow.reading.options)
    assert [f.name for f in tilth.check(data, flow.check, engine=engine).findings if f.outcome is not Outcome.PASSED] == []
    assert run(flow, data, engine).parts


def test_a_label_that_is_named_is_taken(tmp_path: Path) -> None:
    """A name overrides the guess, and its text is read before the split."""
    (tmp_path / "a.csv").write_text("cost,y\n" + rows(lambda i: (f"${i}.50", i % 2)))
    draft, flow = proposed(tmp_path / "a.csv", label="cost")
    assert "label: cost  # named by you" in draft and "rows:" in draft.partition("parse: {columns: cost, as: number}")[0]
    tilth.run(flow).raise_for_failures()
    with pytest.raises(ColumnError, match="there is no column 'cots'"):
        tilth.init(tmp_path / "a.csv", label="cots")


@pytest.mark.slow
def test_a_draft_in_python(tmp_path: Path) -> None:
    """A table in memory has no place; the draft of a file names it as seen from the flow."""
    draft = tilth.init(KINDS)
    assert "read:" not in str(draft) and "label: y" in str(draft)
    assert repr(draft) == str(draft)  # what an interpreter shows
    assert tilth.run(draft.flow, data=KINDS).passed
    (tmp_path / "data").mkdir()
    pq.write_table(KINDS, tmp_path / "data/a.parquet")
    saved = tilth.init(tmp_path / "data/a.parquet").save(tmp_path / "f.yaml")
    assert "read: data/a.parquet" in saved.read_text("utf-8") and tilth.run(saved).passed


def long(n: int) -> pa.Table:
    """A table whose last rows contradict its first ones: a late gap, extremes, categories, and strings."""
    late = [i > n - 4 for i in range(n)]
    return pa.table(
        {
            "key": [f"k{i if not end else 0}" for i, end in enumerate(late)],
            "number": pa.array([None if end else i % 90 for i, end in enumerate(late)]),
            "high": [1e6 if end else i / n for i, end in enumerate(late)],
            "fee": ["free" if end else f"${i % 70}.00" for i, end in enumerate(late)],
            "group": ["late" if end else "ab"[i % 2] for i, end in enumerate(late)],
            "copy": ["x" if i % 2 and not end else "y" for i, end in enumerate(late)],
            "y": [i % 2 for i in range(n)],
        }
    )


@pytest.mark.slow
def test_the_first_rows_suggest_and_all_rows_decide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A draft from the first rows and a scan says what one that looked at each row says."""
    pq.write_table(long(3000), tmp_path / "a.parquet")
    whole = str(init(tmp_path / "a.parquet", engine=duckdb_session()))
    monkeypatch.setattr("tilth.drafting.sample.MOST_ROWS", 1000)
    monkeypatch.setattr("tilth.drafting.sample.FEWEST_ROWS", 1000)
    draft = init(tmp_path / "a.parquet", engine=duckdb_session())
    assert str(draft).replace("# Seen: 3,000 rows, the first 1,000 value by value. Counts and ranges are of all rows.\n", "") == whole
    assert "2,997 of 3,000 values are numbers with a currency sign; the others become null" in whole
    assert 'ColumnValues "high" <= 1100000' in whole and '"late"' in whole and "copy may leak" not in whole and "id: key" in whole
    assert tilth.run(draft.flow).passed


@pytest.mark.spark
@pytest.mark.parametrize("most", [1000, 20_000], ids=["the first rows", "all rows"])
def test_spark_drafts_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spark: Any, most: int) -> None:
    monkeypatch.setattr("tilth.drafting.sample.MOST_ROWS", most)
    monkeypatch.setattr("tilth.drafting.sample.FEWEST_ROWS", most)
    pq.write_table(long(3000), tmp_path / "a.parquet")
    assert str(init(tmp_path / "a.parquet", engine=tilth.Spark(spark).session())) == str(
        init(tmp_path / "a.parquet", engine=duckdb_session())
    )


@pytest.mark.slow
def test_inspecting_many_columns_takes_few_scans(tmp_path: Path) -> None:
    pq.write_table(pa.table({f"f{k}": [i * k % 7 for i in range(60)] for k in range(1, 200)}), tmp_path / "a.parquet")
    engine = duckdb_session()
    init(tmp_path / "a.parquet", engine=engine)
    assert len(engine.scans) < 5


KNOWN: list[tuple[str, str | None, tuple[str, ...], str | None]] = [  # file, label, facets, how the split is made
    ("tabular/titanic.csv", "survived", ("sex", "age"), "stratified"),
    ("tabular/penguins.csv", "species", ("sex",), "stratified"),
    ("tabular/mpg.csv", None, (), "hash"),
    ("tabular/taxis.csv", None, (), "time"),
    ("tabular/german.csv", "column_20", (), "stratified"),
    ("tabular/mammography.csv", "column_6", (), "stratified"),
    ("tabular/adult-test.csv", "column_14", ("column_5", "column_8", "column_9"), "stratified"),
    ("timeseries/airline-passengers.csv", None, (), "time"),
    ("timeseries/daily-min-temperatures.csv", None, (), "time"),
    ("timeseries/pollution.csv", None, (), "ordered"),
    ("text/sms.tsv", "column_0", (), "stratified"),
]


@pytest.mark.shared_data
def test_duplicate_columns_of_known_data(shared_data: Callable[[str], Path]) -> None:
    """`alive` is `survived` as strings, `class` is `pclass`, and `embark_town` is `embarked`."""
    text = str(init(shared_data("tabular/titanic.csv"), engine=duckdb_session()))
    for pitfall in ("alive may leak the label", "class duplicates pclass", "embark_town duplicates embarked"):
        assert f"# - {pitfall}" in text
    assert '["!class"]}  # duplicates pclass' in text and '["!embark_town"]}  # duplicates embarked' in text
    name = str(init(shared_data("tabular/mpg.csv"), engine=duckdb_session()))
    assert "name may hold names of persons" in name and "\n    private:" not in name


@pytest.mark.slow
@pytest.mark.shared_data
@pytest.mark.parametrize(("file", "label", "facets", "split"), KNOWN, ids=[c[0] for c in KNOWN])
def test_the_draft_of_known_data(
    shared_data: Callable[[str], Path], file: str, label: str | None, facets: tuple[str, ...], split: str | None
) -> None:
    """Roles agree with the published descriptions of the data, and every rule passes."""
    place = shared_data(file)
    flow = init(place, engine=duckdb_session()).flow
    roles = flow.reading.roles
    assert (roles.label, roles.facet, flow.split.by if flow.split else None) == (label, facets, split)
    tilth.check(tilth.read(place, **flow.reading.options), flow.check).raise_for_failures()
