"""The JSON of a ruleset, as `CreateRuleset` takes and `DescribeRuleset` gives it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field

from tilth.aws.configuration import Part
from tilth.aws.profile_jobs.config import Selector
from tilth.aws.rulesets.grammar import Check, Test, read


class RowThreshold(Part):
    """How many rows have to meet a condition, or which percentage of them."""

    Value: Annotated[float, Field(ge=0)]
    Type: Literal["GREATER_THAN_OR_EQUAL", "GREATER_THAN", "LESS_THAN_OR_EQUAL", "LESS_THAN"] = "GREATER_THAN_OR_EQUAL"
    Unit: Literal["COUNT", "PERCENTAGE"] = "COUNT"


class RuleGiven(Part):
    """A rule."""

    Name: Annotated[str, Field(min_length=1, max_length=128)]
    CheckExpression: Annotated[str, Field(min_length=4, max_length=1024)]
    SubstitutionMap: dict[str, str] = Field({})
    ColumnSelectors: Annotated[list[Selector], Field(min_length=1)] | None = None
    Threshold: RowThreshold | None = None
    Disabled: bool = False

    @cached_property
    def check(self) -> Check:
        """The tree of the expression. Errors: `Unreadable`."""
        return read(self.CheckExpression)

    @property
    def tests(self) -> Sequence[Test]:
        """The comparisons of the expression."""
        return tuple(self.check.tests)

    @property
    def aggregate(self) -> bool:
        """Whether it is about statistics, not about rows."""
        return self.tests[0].left.kind == "statistic"

    @property
    def counts_rows(self) -> bool:
        """Whether it is about how many rows meet its condition."""
        return self.Threshold is not None and self.Threshold.Unit == "COUNT"


class RulesetGiven(Part):
    """A ruleset. Fields that `DescribeRuleset` adds are ignored, except those that a validation report repeats."""

    Name: str = ""
    Description: str = ""
    TargetArn: str = ""
    Rules: Annotated[list[RuleGiven], Field(min_length=1)]
    Tags: Any = None
    ResourceArn: str = ""
    CreateDate: Any = None
    CreatedBy: Any = None
    LastModifiedBy: Any = None
    LastModifiedDate: Any = None
    ResponseMetadata: Any = None
