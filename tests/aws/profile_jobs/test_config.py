"""The configuration of a profile job: what it selects, and every mistake at once."""

from __future__ import annotations

import json

import pytest

from tilth.aws.profile_jobs.config import ENTITIES, ProfileConfiguration
from tilth.aws.profile_jobs.statistics import OF_COLUMNS, OF_TABLE
from tilth.entities import catalogue
from tilth.errors import ColumnError, RequestError


def config(**given):
    return ProfileConfiguration.of(given)


def mistakes(**given):
    with pytest.raises(RequestError) as error:
        config(**given)
    return [(m.code, m.message) for m in error.value.mistakes]


def columns(*configurations):
    return {"ColumnStatisticsConfigurations": [{"Selectors": s, "Statistics": t} if s else {"Statistics": t} for s, t in configurations]}


def test_without_a_word_everything_is_measured():
    assert set(config().of_table()) == set(OF_TABLE)
    assert set(config().of_column("x")) == set(OF_COLUMNS)
    assert config().columns(["b", "a"]) == ["b", "a"]
    assert config().of_column("x")["OUTLIER_DETECTION"] == {"threshold": 3.0, "mildThreshold": None, "sampleSize": 50}


def test_columns_are_selected_by_name_and_by_a_whole_match():
    chosen = config(ProfileColumns=[{"Name": "age"}, {"Regex": "addr_.*"}])
    assert chosen.columns(["my_addr_x", "addr_b", "age", "addr_a"]) == ["addr_b", "age", "addr_a"]
    with pytest.raises(ColumnError, match="there is no column 'agee'") as error:
        config(ProfileColumns=[{"Name": "agee"}, {"Regex": "b"}]).columns(["age"])
    assert len(error.value.mistakes) == 2


def test_of_several_configurations_the_last_says_which_and_all_say_how():
    bins = {"Statistic": "VALUE_DISTRIBUTION", "Parameters": {"binNumber": "4"}}
    outliers = {"Statistic": "OUTLIER_DETECTION", "Parameters": {"threshold": "4", "mildThreshold": "2.5", "sampleSize": "ALL"}}
    found = config(
        **columns(
            (None, {"IncludedStatistics": ["MEAN"], "Overrides": [bins]}),
            ([{"Name": "age"}], {"IncludedStatistics": ["VALUE_DISTRIBUTION", "OUTLIER_DETECTION"], "Overrides": [outliers]}),
        )
    )
    assert found.of_column("other") == {"MEAN": {}}
    assert found.of_column("age") == {
        "VALUE_DISTRIBUTION": {"binNumber": 4},
        "OUTLIER_DETECTION": {"threshold": 4.0, "mildThreshold": 2.5, "sampleSize": "ALL"},
    }
    assert config(**columns((None, {"IncludedStatistics": ["NONE"]}))).of_column("age") == {}
    assert config(DatasetStatisticsConfiguration={"IncludedStatistics": ["NONE"]}).of_table() == {}


def test_the_example_of_the_guide_is_read():
    """Its configuration of a column also names statistics of the table."""
    selectors = json.dumps([{"name": "example"}, {"regex": "example.*"}])
    correlation = {"Statistic": "CORRELATION", "Parameters": {"columnSelectors": selectors}}
    found = config(
        ProfileColumns=[{"Name": "example"}, {"Regex": "example.*"}],
        DatasetStatisticsConfiguration={"IncludedStatistics": ["CORRELATION"], "Overrides": [correlation]},
        **columns(([{"Name": "example"}], {"IncludedStatistics": ["CORRELATION", "DUPLICATE_ROWS_COUNT"]})),
    )
    assert found.of_table()["CORRELATION"]["columnSelectors"] == [{"name": "example"}, {"regex": "example.*"}]
    assert found.of_column("example") == {}


def test_every_mistake_is_named_with_its_place():
    override = {"Statistic": "VALUE_DISTRIBUTION", "Parameters": {"binNumber": "0", "bins": "3"}}
    absent = {"Statistic": "MOD", "Parameters": {}}
    mild = {"Statistic": "OUTLIER_DETECTION", "Parameters": {"mildThreshold": "3"}}
    found = mistakes(
        ProfileColumns=[{"Name": "a", "Regex": "b"}, {"Regex": "("}],
        DatasetStatisticsConfiguration={"IncludedStatistics": ["MEAN", "NONE"]},
        **columns((None, {"IncludedStatistics": ["MEDAIN"], "Overrides": [override, mild, absent]})),
    )
    first = ["bad-selector", "bad-regex", "unknown-statistic", "none-and-more"]
    assert [code for code, _ in found] == [*first, "unknown-statistic", "bad-value", "unknown-parameter", "bad-value", "unknown-statistic"]
    assert found[5][1] == "ColumnStatisticsConfigurations[0].Statistics.Overrides[0].Parameters.binNumber: found '0'"


def test_keys_and_types_are_checked():
    assert mistakes(ProfileColumn=[])[0][0] == "unknown-key"
    assert mistakes(ProfileColumns=[])[0][0] == "bad-value"
    wrong = {"Statistic": "VALUE_DISTRIBUTION", "Parameters": {"binNumber": 10}}
    assert "binNumber: found 10" in mistakes(**columns((None, {"Overrides": [wrong]})))[0][1]
    assert mistakes(Configuration={})[0] == ("not-a-configuration", "this is the request that creates a job, not its configuration")


def test_entities_are_those_that_the_catalogue_knows():
    detector = config(EntityDetectorConfiguration={"EntityTypes": ["USA_ALL", "DATE"]}).EntityDetectorConfiguration
    assert detector.entities() == set(ENTITIES) - {"USA_ALL", "PERSON_NAME"} <= set(catalogue())
    wrong = {"EntityTypes": ["MAIL"], "AllowedStatistics": [{"Statistics": ["MEANS"]}]}
    assert [code for code, _ in mistakes(EntityDetectorConfiguration=wrong)] == ["unknown-entity", "unknown-statistic"]


def test_a_file_that_is_not_json_is_refused(tmp_path):
    path = tmp_path / "profile.json"
    path.write_text("{")
    with pytest.raises(RequestError, match="is not valid JSON"):
        ProfileConfiguration.load(path)
