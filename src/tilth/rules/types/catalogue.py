"""The rule types and analyzers of DQDL: one row each (`dqdl` §4.3–4.5, §8, §9).

A row says all that tells one type from another: what it takes, what it may be compared with, which clauses it allows, and how
it is measured. To add a type, add a row.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Support(StrEnum):
    """Who accepts a thing: nobody, AWS Glue (and so Tilth), Glue from its next grammar on, or Tilth only."""

    NO = "no"
    GLUE = "glue"
    NEXT = "next"
    TILTH = "tilth"


NO, GLUE, NEXT, TILTH = Support.NO, Support.GLUE, Support.NEXT, Support.TILTH


@dataclass(frozen=True, slots=True)
class Form:
    """One way to write a rule: how many parameters (`most` None: no limit), the families of condition, and whether it may lack one."""

    least: int
    most: int | None
    families: tuple[str, ...] = ()
    bare: bool = False

    def takes(self, parameters: int) -> bool:
        """Whether this form has so many parameters."""
        return self.least <= parameters and (self.most is None or parameters <= self.most)

    @property
    def count(self) -> str:
        """The number of parameters, in words: `no parameter`, `1 parameter`, `at least 1 parameter`."""
        if self.most is None:
            return f"any number of parameters, {self.least} at least" if self.least else "any number of parameters"
        if self.least != self.most:
            return f"{self.least} to {self.most} parameters"
        return f"{self.most or 'no'} parameter{'s' if self.most > 1 else ''}"


@dataclass(frozen=True, slots=True)
class RuleType:
    """One rule type. `T` in the comments: a thing in which Tilth goes beyond AWS.

    `kinds` says what each parameter is; the last one stands for all further ones. `metrics` are the names of what is reported,
    with the parameters filled in. `row` – a row can pass or fail it; `row_mode` – it may take part in a composite that is
    evaluated row by row; `dynamic` – its condition may look into the history; `observed` – its metric is watched for anomalies;
    `inexact` – its metric is computed in floating point, so that equality is chance; `glue` – who knows the type.
    """

    name: str
    forms: tuple[Form, ...]
    kinds: tuple[str, ...]
    metrics: tuple[str, ...]
    usage: str
    where: bool = False
    threshold: Support = NO
    tags: tuple[str, ...] = ()
    row: bool = False
    row_mode: bool = False
    dynamic: bool = False
    observed: bool = False
    inexact: bool = False
    glue: Support = GLUE
    rule: bool = True
    analyzer: Support = NO

    def form(self, parameters: int) -> Form | None:
        """The form with so many parameters."""
        return next((form for form in self.forms if form.takes(parameters)), None)

    def kind(self, index: int) -> str:
        """What the parameter at an index is: `column`, `columns`, `sql`, `pattern`, `alias`, `reference`, `mapping`, `aggregate`, …"""
        return self.kinds[min(index, len(self.kinds) - 1)] if self.kinds else ""

    @property
    def boolean(self) -> bool:
        """Whether it has no condition in any form, so that there is no number to measure without one."""
        return not any(form.families for form in self.forms)


NUMBER = ("number",)
TABLE = (Form(0, 0, NUMBER),)
ONE = (Form(1, 1, NUMBER),)
TWO = (Form(2, 2, NUMBER),)
COLUMN = ("column",)
FILE_TAGS = ("recentFiles", "uriRegex", "filterOrder")

CATALOGUE: dict[str, RuleType] = {
    row.name: row
    for row in (
        RuleType(
            "RowCount", TABLE, (), ("Dataset.*.RowCount",), "RowCount > 100",
            where=True, dynamic=True, observed=True, analyzer=GLUE,
        ),
        RuleType(
            "DuplicateRowCount", (Form(0, None, NUMBER),), COLUMN,
            ("Dataset.*.DuplicateRowCount", "Multicolumn.{columns}.DuplicateRowCount"), 'DuplicateRowCount "a" "b" = 0',
            where=True, row=True, row_mode=True, dynamic=True, observed=True, glue=NEXT, analyzer=TILTH,
        ),
        RuleType(
            "ColumnCount", TABLE, (), ("Dataset.*.ColumnCount",), "ColumnCount = 12",
            dynamic=True, observed=True, analyzer=GLUE,
        ),
        RuleType(
            "ColumnExists", (Form(1, 1, bare=True),), COLUMN, ("Dataset.{column}.ColumnExists",), 'ColumnExists "column"',
        ),
        RuleType(
            "ColumnNamesMatchPattern", (Form(1, 1, bare=True),), ("pattern",), ("Dataset.*.ColumnNamesPatternMatchRatio",),
            'ColumnNamesMatchPattern "[a-z_]+"',
        ),
        RuleType(
            "Completeness", ONE, COLUMN, ("Column.{column}.Completeness",), 'Completeness "column" > 0.95',
            where=True, row=True, dynamic=True, observed=True, analyzer=GLUE,
        ),
        RuleType(
            "IsComplete", (Form(1, 1, bare=True),), COLUMN, ("Column.{column}.Completeness",), 'IsComplete "column"',
            where=True, row=True, row_mode=True,
        ),
        RuleType(
            "Uniqueness", (Form(1, None, NUMBER),), COLUMN, ("Column.{column}.Uniqueness", "Multicolumn.{columns}.Uniqueness"),
            'Uniqueness "a" "b" > 0.99',
            where=True, row=True, dynamic=True, analyzer=GLUE,
        ),
        RuleType(
            "IsUnique", (Form(1, None, bare=True),), COLUMN, ("Column.{column}.Uniqueness", "Multicolumn.{columns}.Uniqueness"),
            'IsUnique "a" "b"',
            where=True, row=True, row_mode=True,
        ),
        RuleType(
            "UniqueValueRatio", ONE, COLUMN, ("Column.{column}.UniqueValueRatio",), 'UniqueValueRatio "column" > 0.9',
            where=True, row=True, row_mode=True, dynamic=True, analyzer=GLUE,
        ),
        RuleType(
            "DistinctValuesCount", ONE, COLUMN, ("Column.{column}.DistinctValuesCount",), 'DistinctValuesCount "column" <= 6',
            where=True, dynamic=True, observed=True, analyzer=GLUE,
        ),
        RuleType(
            "IsPrimaryKey", (Form(1, None, bare=True),), COLUMN,
            ("Column.{column}.Uniqueness", "Multicolumn.{columns}.Uniqueness", "Column.{column}.Completeness"), 'IsPrimaryKey "a" "b"',
            where=True, row=True, row_mode=True,
        ),
        RuleType(
            "Entropy", ONE, COLUMN, ("Column.{column}.Entropy",), 'Entropy "column" > 0.5',
            where=True, dynamic=True, inexact=True, analyzer=GLUE,
        ),
        RuleType(
            "Mean", ONE, COLUMN, ("Column.{column}.Mean",), 'Mean "column" between 3.5 and 4.5',
            where=True, dynamic=True, inexact=True, analyzer=GLUE,
        ),
        RuleType(
            "Sum", ONE, COLUMN, ("Column.{column}.Sum",), 'Sum "column" > 0',
            where=True, dynamic=True, analyzer=GLUE,
        ),
        RuleType(
            "StandardDeviation", ONE, COLUMN, ("Column.{column}.StandardDeviation",), 'StandardDeviation "column" < 2.5',
            where=True, dynamic=True, inexact=True, analyzer=GLUE,
        ),
        RuleType(
            "Variance", ONE, COLUMN, ("Column.{column}.Variance",), 'Variance "column" <= 2.25',
            where=True, dynamic=True, observed=True, inexact=True, analyzer=TILTH,
        ),
        RuleType(
            "ColumnCorrelation", TWO, COLUMN, ("Multicolumn.{columns}.ColumnCorrelation",), 'ColumnCorrelation "a" "b" > 0.7',
            where=True, dynamic=True, inexact=True, analyzer=GLUE,
        ),
        RuleType(
            "Range", ONE, COLUMN, ("Column.{column}.Range",), 'Range "column" <= 60',
            where=True, dynamic=True, observed=True, glue=TILTH, analyzer=TILTH,
        ),
        RuleType(
            "InterquartileRange", ONE, COLUMN, ("Column.{column}.InterquartileRange",), 'InterquartileRange "column" < 250',
            where=True, dynamic=True, observed=True, inexact=True, glue=TILTH, analyzer=TILTH,
        ),
        RuleType(
            "Skewness", ONE, COLUMN, ("Column.{column}.Skewness",), 'Skewness "column" between -2 and 2',
            where=True, dynamic=True, observed=True, inexact=True, glue=TILTH, analyzer=TILTH,
        ),
        RuleType(
            "Kurtosis", ONE, COLUMN, ("Column.{column}.Kurtosis",), 'Kurtosis "column" < 5',
            where=True, dynamic=True, observed=True, inexact=True, glue=TILTH, analyzer=TILTH,
        ),
        RuleType(
            "ZerosCount", ONE, COLUMN, ("Column.{column}.ZerosCount",), 'ZerosCount "column" <= 100',
            where=True, dynamic=True, observed=True, glue=TILTH, analyzer=TILTH,
        ),
        RuleType(
            "ColumnLength", ONE, COLUMN,
            ("Column.{column}.MinimumLength", "Column.{column}.MaximumLength", "Column.{column}.LengthCompliance"),
            'ColumnLength "column" = 5',
            where=True, threshold=TILTH, row=True, row_mode=True, observed=True, analyzer=GLUE,
        ),
        RuleType(
            "ColumnValues", (Form(1, 1, ("string", "number", "date")),), COLUMN,
            (
                "Column.{column}.Minimum", "Column.{column}.Maximum",
                "Column.{column}.ColumnValues.Compliance", "Column.{column}.PatternMatch",
            ),
            'ColumnValues "column" in ["a","b"]',
            where=True, threshold=GLUE, tags=("ignoreCase", "timeZone"), row=True, row_mode=True, observed=True, analyzer=GLUE,
        ),
        RuleType(
            "ColumnDataType", (Form(1, 1, ("string",)),), COLUMN, ("Column.{column}.ColumnDataType.Compliance",),
            'ColumnDataType "column" = "Integer"',
            where=True, threshold=GLUE, tags=("format",), row=True, row_mode=True,
        ),
        RuleType(
            "DataFreshness", (Form(1, 1, ("duration",)),), COLUMN, ("Column.{column}.DataFreshness.Compliance",),
            'DataFreshness "column" <= 24 hours',
            where=True, threshold=TILTH, row=True, row_mode=True,
        ),
        RuleType(
            "CustomSql", (Form(1, 1, NUMBER, bare=True),), ("sql",), ("Dataset.*.CustomSQL", "Dataset.*.CustomSQL.Compliance"),
            'CustomSql "select count(*) from primary" > 0, CustomSql "select id from primary where ok" with threshold > 0.9',
            threshold=GLUE, row=True, row_mode=True, dynamic=True, analyzer=GLUE,
        ),
        RuleType(
            "ReferentialIntegrity", TWO, ("columns", "reference"), ("Column.{alias}.ReferentialIntegrity",),
            'ReferentialIntegrity "a,b" "alias.{x,y}" = 1.0',
            row=True, dynamic=True, analyzer=TILTH,
        ),
        RuleType(
            "DatasetMatch", (Form(2, 3, NUMBER),), ("alias", "mapping"), ("Dataset.{alias}.DatasetMatch",),
            'DatasetMatch "alias" "key" "a,b->c" >= 0.98',
            row=True, dynamic=True, analyzer=TILTH,
        ),
        RuleType(
            "SchemaMatch", ONE, ("alias",), ("Dataset.{alias}.SchemaMatch",), 'SchemaMatch "alias" = 1.0',
            dynamic=True, analyzer=TILTH,
        ),
        RuleType(
            "RowCountMatch", ONE, ("alias",), ("Dataset.{alias}.RowCountMatch",), 'RowCountMatch "alias" between 0.9 and 1.1',
            dynamic=True, analyzer=TILTH,
        ),
        RuleType(
            "AggregateMatch", TWO, ("aggregate",), ("Column.{columns}.AggregateMatch",), 'AggregateMatch "sum(a)" "sum(alias.b)" = 1.0',
            dynamic=True, analyzer=TILTH,
        ),
        RuleType(
            "DetectAnomalies", (Form(1, None, bare=True),), ("metric", "inner"), (), 'DetectAnomalies "Mean" "column"',
            observed=True,
        ),
        RuleType(
            "FileFreshness", (Form(0, 1, ("date",)),), ("path",), ("Dataset.*.FileFreshness.Compliance", "Dataset.*.FileCount"),
            'FileFreshness "path" > (now() - 24 hours)',
            threshold=GLUE, tags=(*FILE_TAGS, "timeZone", "failFast"),
        ),
        RuleType(
            "FileSize", (Form(0, 1, ("size", "number")),), ("path",),
            (
                "Dataset.*.FileSize.Compliance", "Dataset.*.FileCount",
                "Dataset.*.MaximumFileSize", "Dataset.*.MinimumFileSize",
            ),
            'FileSize "path" between 1 KB and 2 GB',
            threshold=GLUE, tags=(*FILE_TAGS, "failFast"),
        ),
        RuleType(
            "FileMatch", (Form(0, 1, ("string",)), Form(2, 2, bare=True)), ("path",), ("Dataset.*.FileCount",),
            'FileMatch "path" "path", FileMatch "path" in ["checksum"]',
            tags=(*FILE_TAGS, "matchFileName", "hashAlgorithm"),
        ),
        RuleType(
            "FileUniqueness", (Form(0, 1, NUMBER),), ("path",), ("Dataset.*.FileUniquenessRatio", "Dataset.*.FileCount"),
            'FileUniqueness "path" = 1.0',
            tags=(*FILE_TAGS, "matchFileName", "hashAlgorithm"),
        ),
        RuleType(
            "AllStatistics", (Form(1, 1),), COLUMN, (), "AllStatistics AllColumns",
            observed=True, rule=False, analyzer=GLUE,
        ),
        RuleType(
            "Distribution", (Form(1, 1),), COLUMN, ("Column.{column}.Distribution",), 'Distribution "column" with bins = 10',
            tags=("bins", "rebin"), observed=True, glue=TILTH, rule=False, analyzer=GLUE,
        ),
    )
}  # fmt: skip
"""Every type by its name, in the order of `dqdl` §8."""

INNER = (
    "RowCount", "ColumnCount", "Completeness", "Uniqueness", "Mean", "Sum", "StandardDeviation", "Entropy", "DistinctValuesCount",
    "UniqueValueRatio", "ColumnLength", "ColumnValues", "ColumnCorrelation", "CustomSql",
)  # fmt: skip
"""What DetectAnomalies can watch. `CustomSQL` is another spelling of the last."""

_FOLDED = {name.casefold(): name for name in CATALOGUE}


def respelled(name: str) -> str | None:
    """The type whose name differs from `name` only in case.

    >>> respelled("isComplete")
    'IsComplete'
    """
    return _FOLDED.get(name.casefold())
