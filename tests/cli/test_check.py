"""tilth check: other tables, the history, rows that pass and fail, and a machine that fails."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.processes import Completed
from tests.iceberg import MORE, catalog_in, orders_in
from tilth.errors import MachineError

RULES = 'Rules = [ ReferentialIntegrity "customer" "customers.id" > 0.5, ColumnValues "amount" > 0, RowCount >= avg(last(3)) ]'
ORDERS = "id,customer,amount\n1,10,5\n2,20,-1\n3,70,8\n"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "orders.csv").write_text(ORDERS)
    (tmp_path / "customers.csv").write_text("id\n10\n20\n30\n")
    (tmp_path / "r.dqdl").write_text(RULES)
    return tmp_path


def test_tables_history_and_rows(tilth: Callable[..., Completed], files: Path) -> None:
    words = ("check", "orders.csv", "r.dqdl", "--table", "customers=customers.csv", "--history", "h.db")
    first = tilth(*words, "--passed", "good.csv", "--failed", "bad.csv", "--json")
    assert first.code == 1
    found = json.loads(first.out)
    assert [r["Result"] for r in found["RuleResults"]] == ["PASS", "FAIL", "PASS"]
    assert {k: v for k, v in found["AggregatedMetrics"].items() if "Rows" in k} == {
        "TotalRowsProcessed": 3,
        "TotalRowsPassed": 1,
        "TotalRowsFailed": 2,
    }
    assert first.err.splitlines()[-1] == "no row-level result: RowCount >= avg(last(3))"
    assert (files / "good.csv").read_text().splitlines() == ["id,customer,amount", "1,10,5"]
    assert len((files / "bad.csv").read_text().splitlines()) == 3
    (files / "orders.csv").write_text(ORDERS + "4,10,1\n")
    assert "2 of 3 rules passed" in tilth(*words).out  # over 3 rows
    (files / "orders.csv").write_text("id,customer,amount\n1,10,5\n")
    assert "RowCount >= 3.5" in tilth(*words).out  # over (3 + 4) / 2


@pytest.mark.parametrize("tables", [("customers",), ("=x.csv",), ("c=",), ("c=x.csv", "c=y.csv")])
def test_a_table_is_a_name_and_a_path(tables: tuple[str, ...], tilth: Callable[..., Completed], files: Path) -> None:
    done = tilth("check", "orders.csv", "r.dqdl", *(word for table in tables for word in ("--table", table)))
    assert done.code == 2
    assert "NAME=PATH" in done.err


def test_a_missing_table_is_the_error_of_its_rule(tilth: Callable[..., Completed], files: Path) -> None:
    done = tilth("check", "orders.csv", "r.dqdl")
    assert done.code == 1
    assert "customers not found in additional sources" in done.out


def test_a_machine_error_is_exit_3(tilth: Callable[..., Completed], files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise MachineError("the disk is full")

    monkeypatch.setattr("tilth.rules.evaluation.measured", full)
    done = tilth("check", "orders.csv", "r.dqdl", "--table", "customers=customers.csv")
    assert (done.code, done.out) == (3, "")


def test_only_rules_with_a_label_decide_the_exit_code(tilth: Callable[..., Completed], files: Path) -> None:
    (files / "l.dqdl").write_text(
        'DefaultLabels = [ "severity"="low" ]\nRules = [ RowCount > 0 labels=["severity"="high"], ColumnValues "amount" > 0 ]'
    )
    words = ("check", "orders.csv", "l.dqdl", "-o", "report.sarif", "-o", "glue_event=event.json")
    codes = [
        tilth(*words, *(w for label in labels for w in ("--fail-on", label))).code for labels in ([], ["severity=high"], ["severity=low"])
    ]
    assert codes == [1, 0, 1]
    assert json.loads((files / "report.sarif").read_text())["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"] == {
        "startLine": 2,
        "startColumn": 52,
    }
    assert json.loads((files / "event.json").read_text())["detail"]["rulesetNames"] == ["l"]
    wrong = tilth(*words, "--fail-on", "severity=hihg")
    assert (wrong.code, "did you mean 'severity=high'?" in wrong.err) == (2, True)


def test_scores_are_in_the_history(tilth: Callable[..., Completed], files: Path) -> None:
    (files / "s.dqdl").write_text(
        'Rules = [ IsComplete "id" labels=["of"="keys"], ColumnValues "amount" > 0, Mean "no" > 1, RowCount > 0 ]'
    )
    for rows in ("", "4,10,"):
        (files / "orders.csv").write_text(ORDERS + rows)
        tilth("check", "orders.csv", "s.dqdl", "--history", "s.db")
    found = {
        name: [row["value"] for row in json.loads(tilth("history", "s.db", "--metric", f"{name}.Score", "--json").out)]
        for name in ("Dataset.*", "Column.id", "Column.amount", "Label.of=keys")
    }
    assert found == {"Dataset.*": [0.5, 0.5], "Column.id": [1.0, 1.0], "Column.amount": [0.0, 0.0], "Label.of=keys": [1.0, 1.0]}


@pytest.mark.slow
def test_a_ruleset_of_databrew(tilth: Callable[..., Completed], files: Path) -> None:
    """Checked, refused, and converted to DQDL that gives the same verdicts."""
    rule = {"Name": "positive", "CheckExpression": "> :v", "SubstitutionMap": {":v": "0"}, "ColumnSelectors": [{"Regex": "amount|id"}]}
    (files / "rules.json").write_text(json.dumps({"Name": "orders", "Rules": [rule]}))
    done = tilth("check", "orders.csv", "rules.json", "--failed", "bad.csv")
    assert (done.code, (files / "bad.csv").read_text().splitlines()[1].split(",")[0]) == (1, "2")
    (found,) = json.loads(tilth("check", "orders.csv", "rules.json", "--json", "--fail-on", "rule=positive").out)["rulesetResults"]
    assert [(c["name"], c["status"]) for c in found["ruleResults"][0]["columnResults"]] == [("id", "SUCCEEDED"), ("amount", "FAILED")]
    assert tilth("convert", "rules.json", "-o", "r2.dqdl").code == 2  # for which columns?
    made = tilth("convert", "rules.json", "--data", "orders.csv", "-o", "r2.dqdl")
    assert (made.code, made.err) == (0, "written: r2.dqdl\n1 rule, 0 not converted\n")
    assert "1 of 2 rules passed" in tilth("check", "orders.csv", "r2.dqdl").out
    (files / "flow.yaml").write_text("{data: {read: orders.csv}, check: rules.json}")
    assert "tilth convert rules.json --data DATA" in tilth("plan", "flow.yaml").err
    rule["SubstitutionMap"] = {}
    (files / "rules.json").write_text(json.dumps({"Rules": [rule]}))
    assert tilth("check", "orders.csv", "rules.json").code == 2


def test_what_rules_would_notice(tilth: Callable[..., Completed], files: Path) -> None:
    (files / "few.dqdl").write_text("Rules = [ RowCount > 2 ]")
    done = tilth("check", "customers.csv", "few.dqdl", "--what-if", "--json")
    (found,) = (f["details"] for f in json.loads(done.out)["findings"] if f["kind"] == "what_if" and not f["subject"])
    assert (done.code, found["damages"]["half"]) == (0, ["RowCount > 2"])


@pytest.mark.slow
def test_a_table_of_a_catalog_by_its_name(tilth: Callable[..., Completed], tmp_path: Path) -> None:
    table, place = orders_in(catalog_in(tmp_path)), "iceberg://catalog.db/sales.orders"
    (tmp_path / "r.dqdl").write_text('Rules = [ RowCount > last(1), IsComplete "id" ]')
    first = tilth("check", place, "r.dqdl", "--history", "h.db", "--json", "-o", "glue_event=event.json")
    found, names = json.loads(first.out), {"DatabaseName": "sales", "TableName": "orders", "CatalogId": "shop"}
    assert first.code == 0 and found["DataSource"] == {"GlueTable": names}
    context = json.loads((tmp_path / "event.json").read_text())["detail"]["context"]
    assert context == {"contextType": "GLUE_DATA_CATALOG", "runId": found["ResultId"]} | {k[0].lower() + k[1:]: v for k, v in names.items()}
    assert tilth("check", place, "r.dqdl", "--history", "h.db").code == 1  # as many rows as before, in the history under the table's place
    table.append(MORE)
    assert tilth("check", place, "r.dqdl", "--history", "h.db").code == 0
    assert {row["dataset"] for row in json.loads(tilth("history", "h.db", "--json").out)} == {place}
    assert tilth("profile", f"{place}?snapshot=first").code == 0
    (tmp_path / "f.yaml").write_text(f"data: {{read: '{place}'}}\ncheck: 'Rules = [ RowCount = 9 ]'\nfeatures: [{{select: '!tags'}}]\n")
    plan = tilth("plan", "f.yaml")
    assert plan.code == 0 and "-- without a scan, from Iceberg manifests: number of rows" in plan.out
    assert tilth("run", "f.yaml", "-o", "out").code == 0
