"""The configuration of a DataBrew profile job (`ProfileConfiguration`), read and checked as a whole."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from tilth.aws.configuration import Part, configuration
from tilth.aws.profile_jobs.statistics import OF_COLUMNS, OF_TABLE, Parameter
from tilth.errors import ColumnError, Mistake, RequestError, did_you_mean, listed, unknown
from tilth.validation import validated

ENTITIES = (
    "USA_SSN",
    "EMAIL",
    "USA_ITIN",
    "USA_PASSPORT_NUMBER",
    "PHONE_NUMBER",
    "USA_DRIVING_LICENSE",
    "BANK_ACCOUNT",
    "CREDIT_CARD",
    "IP_ADDRESS",
    "MAC_ADDRESS",
    "USA_DEA_NUMBER",
    "USA_HCPCS_CODE",
    "USA_NATIONAL_PROVIDER_IDENTIFIER",
    "USA_NATIONAL_DRUG_CODE",
    "USA_HEALTH_INSURANCE_CLAIM_NUMBER",
    "USA_MEDICARE_BENEFICIARY_IDENTIFIER",
    "USA_CPT_CODE",
    "PERSON_NAME",
    "DATE",
    "USA_ALL",
)
USA_ALL = "USA_ALL"
NOT_ALL = ("PERSON_NAME", "DATE", USA_ALL)
NONE = "NONE"


class Selector(Part):
    """Columns by name, or by a regular expression that matches the whole name."""

    Name: str | None = None
    Regex: str | None = None

    def selected(self, names: Sequence[str]) -> list[str]:
        """The columns that it selects."""
        return [n for n in names if n == self.Name or (self.Regex is not None and re.fullmatch(self.Regex, n))]


class Override(Part):
    """Parameters of a statistic; all values are strings."""

    Statistic: str
    Parameters: dict[str, str]


class Statistics(Part):
    """Which statistics: all if none are named, none for `["NONE"]`; and parameters of some."""

    IncludedStatistics: Annotated[list[str], Field(min_length=1)] | None = None
    Overrides: list[Override] = Field(default_factory=list)


class OfColumns(Part):
    """The statistics of some columns, of all if none are selected."""

    Selectors: Annotated[list[Selector], Field(min_length=1)] | None = None
    Statistics: Statistics


class Allowed(Part):
    """Statistics that columns with entities have nevertheless."""

    Statistics: list[str]


class EntityDetector(Part):
    """Which personal data to look for."""

    EntityTypes: list[str]
    AllowedStatistics: list[Allowed] = Field(default_factory=list)

    def entities(self) -> set[str]:
        """The entities to look for; `USA_ALL` is all of them except names of persons and dates."""
        asked = set(self.EntityTypes)
        return (asked | set(ENTITIES) - {*NOT_ALL} if USA_ALL in asked else asked) - {USA_ALL}

    def allowed(self) -> set[str]:
        """The statistics that a column with such data has nevertheless."""
        return {name for allowed in self.AllowedStatistics for name in allowed.Statistics}


class ProfileConfiguration(Part):
    """What a profile job measures.

    >>> found = {"ColumnStatisticsConfigurations": [{"Statistics": {"IncludedStatistics": ["MEAN"]}}]}
    >>> sorted(ProfileConfiguration.of(found).of_column("age"))
    ['MEAN']
    """

    ProfileColumns: Annotated[list[Selector], Field(min_length=1)] | None = None
    DatasetStatisticsConfiguration: Statistics | None = None
    ColumnStatisticsConfigurations: list[OfColumns] = Field(default_factory=list)
    EntityDetectorConfiguration: EntityDetector | None = None

    @classmethod
    def load(cls, path: str | Path) -> ProfileConfiguration:
        """The configuration in a file. Errors: `RequestError` with every mistake, each with its key path."""
        return cls.of(configuration(path))

    @classmethod
    def of(cls, given: Any) -> ProfileConfiguration:
        """The configuration in an object. Errors: as of `load`."""
        if isinstance(given, dict) and "Configuration" in given:
            hint = "use the object under Configuration, which CreateProfileJob calls ProfileConfiguration"
            raise RequestError("this is the request that creates a job, not its configuration", hint=hint, code="not-a-configuration")
        config = validated(cls, given)
        RequestError.reject(_mistakes(config))
        return config

    def columns(self, names: Sequence[str]) -> list[str]:
        """The columns to profile, in the order of the table. Errors: `ColumnError` for a selector that selects none."""
        known = [s for c in self.ColumnStatisticsConfigurations for s in c.Selectors or ()]
        wrong = [s for s in (*(self.ProfileColumns or ()), *known) if not s.selected(names)]
        named = unknown([s.Name for s in wrong if s.Name is not None], names, "there is no column {}", "unknown-column")
        matched = [
            Mistake(f"no column matches {s.Regex!r}", accepted=listed(names), code="unknown-column") for s in wrong if s.Name is None
        ]
        ColumnError.reject([*named, *matched])
        if self.ProfileColumns is None:
            return list(names)
        chosen = {n for s in self.ProfileColumns for n in s.selected(names)}
        return [n for n in names if n in chosen]

    def of_table(self) -> dict[str, dict[str, Any]]:
        """The statistics of the table, each with its parameters."""
        return _included([self.DatasetStatisticsConfiguration or Statistics()], OF_TABLE)

    def of_column(self, name: str) -> dict[str, dict[str, Any]]:
        """The statistics of a column, each with its parameters. The last of several configurations says which, and all say how."""
        fit = [
            c.Statistics for c in self.ColumnStatisticsConfigurations if c.Selectors is None or any(s.selected([name]) for s in c.Selectors)
        ]
        return _included(fit, {n: s.parameters for n, s in OF_COLUMNS.items()})


def _included(configured: Sequence[Statistics], known: Mapping[str, Mapping[str, Parameter]]) -> dict[str, dict[str, Any]]:
    named = next((c.IncludedStatistics for c in reversed(configured) if c.IncludedStatistics is not None), None)
    names = list(known) if named is None else [n for n in known if n in named]
    found = {n: {p: parameter.default for p, parameter in known[n].items()} for n in names}
    for o in (o for c in configured for o in c.Overrides if o.Statistic in found):
        found[o.Statistic] |= {p: known[o.Statistic][p].read(text) for p, text in o.Parameters.items()}
    return found


# ── mistakes ──


def _mistakes(config: ProfileConfiguration) -> Iterator[Mistake]:
    """Mistakes: unknown statistics, parameters and entities, and contradictions."""
    for path, selector in _selectors(config):
        yield from selector_mistakes(path, selector)
    every = {**OF_TABLE, **{n: s.parameters for n, s in OF_COLUMNS.items()}}
    if config.DatasetStatisticsConfiguration:
        yield from _of_statistics("DatasetStatisticsConfiguration", config.DatasetStatisticsConfiguration, OF_TABLE)
    for i, c in enumerate(config.ColumnStatisticsConfigurations):  # may also name statistics of the table, as AWS's guide does
        yield from _of_statistics(f"ColumnStatisticsConfigurations[{i}].Statistics", c.Statistics, every)
    if detector := config.EntityDetectorConfiguration:
        at = "EntityDetectorConfiguration"
        yield from unknown(detector.EntityTypes, ENTITIES, f"{at}.EntityTypes: there is no entity {{}}", "unknown-entity")
        yield from unknown(sorted(detector.allowed()), every, f"{at}.AllowedStatistics: there is no statistic {{}}", "unknown-statistic")


def _selectors(config: ProfileConfiguration) -> Iterator[tuple[str, Selector]]:
    for i, s in enumerate(config.ProfileColumns or ()):
        yield f"ProfileColumns[{i}]", s
    for i, c in enumerate(config.ColumnStatisticsConfigurations):
        yield from ((f"ColumnStatisticsConfigurations[{i}].Selectors[{k}]", s) for k, s in enumerate(c.Selectors or ()))


def selector_mistakes(path: str, selector: Selector) -> Iterator[Mistake]:
    """Mistakes of a selector: neither a name nor a pattern, both, or an invalid pattern."""
    if (selector.Name is None) == (selector.Regex is None):
        yield Mistake(f"{path}: a selector has a Name or a Regex", accepted='{"Name": "age"} or {"Regex": "age.*"}', code="bad-selector")
    try:
        re.compile(selector.Regex or "")
    except re.error as error:
        yield Mistake(f"{path}.Regex: {selector.Regex!r} is not a regular expression: {error}", code="bad-regex")


def _of_statistics(path: str, found: Statistics, known: Mapping[str, Mapping[str, Parameter]]) -> Iterator[Mistake]:
    names = found.IncludedStatistics or []
    yield from unknown(names, [*known, NONE], f"{path}.IncludedStatistics: there is no statistic {{}}", "unknown-statistic")
    if NONE in names and len(names) > 1:
        yield Mistake(
            f"{path}.IncludedStatistics: NONE excludes the others", accepted='["NONE"], or names of statistics', code="none-and-more"
        )
    for i, o in enumerate(found.Overrides):
        where = f"{path}.Overrides[{i}]"
        if o.Statistic not in known:
            yield from unknown([o.Statistic], known, f"{where}.Statistic: there is no statistic {{}}", "unknown-statistic")
            continue
        parameters = known[o.Statistic]
        for name, text in o.Parameters.items():
            if name not in parameters:
                accepted = listed(parameters) if parameters else f"none: {o.Statistic} has no parameters"
                message = f"{where}.Parameters: {o.Statistic} has no parameter {name!r}"
                yield Mistake(message, accepted=accepted, hint=did_you_mean(name, parameters), code="unknown-parameter")
            elif parameters[name].read(text) is None:
                yield Mistake(f"{where}.Parameters.{name}: found {text!r}", accepted=parameters[name].accepted, code="bad-value")
        mild, whole = (_read(parameters, o, p) for p in ("mildThreshold", "threshold"))
        if mild is not None and whole is not None and mild >= whole:
            yield Mistake(f"{where}.Parameters.mildThreshold: it must be below threshold", code="bad-value")


def _read(parameters: Mapping[str, Parameter], override: Override, name: str) -> Any:
    """A given parameter, or its default; None if the statistic has no such parameter, or if it is invalid."""
    if name not in parameters:
        return None
    return parameters[name].read(override.Parameters[name]) if name in override.Parameters else parameters[name].default
