"""The definition of a rule type: one value with everything that distinguishes it from other types."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from tilth.rules.context import Context
    from tilth.rules.language.diagnostics import Diagnostics
    from tilth.rules.language.syntax import Rule
    from tilth.rules.prepared import PreparedRule

Lint: TypeAlias = "Callable[[Rule, Sequence[str | None], Diagnostics], None]"
"""Notes what is wrong with a rule beyond its form. It gets the strings of the parameters; None for a variable that has no string."""


class Support(StrEnum):
    """Who accepts it: nothing, AWS Glue (and so Tilth), Glue from its next grammar on, or Tilth only."""

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
        """Whether this form can have this number of parameters."""
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
    """One rule type or analyzer.

    Syntax: `forms`; `kinds`, the kind of each parameter (`column`, `columns`, `sql`, `pattern`, `alias`, `reference`, `mapping`,
    `aggregate` …; the last one applies to all further parameters); `usage`, an example; whether it takes `where` (if not,
    `instead_of_where` is the hint) and `threshold`, and which `tags`; `null_operands`, whether NULL is an operand of `=`, `!=` and `in`.

    Use: as a `rule`, as an `analyzer`, in which grammar (`glue`); `watchable` by DetectAnomalies; `observed`: its number is compared with
    the history although it is a rule.

    Meaning: `dynamic`, its condition may refer to the history of `metric`; `inexact`, its metric is computed in floating point, so equality
    holds only by chance; `row`, a row can pass or fail it (with `bare` forms: without a condition); `ratio`, its condition is on a share of
    rows, so Glue does not judge composites with it row by row.

    Functions: `prepare` gives the needs and verdict of a rule (None for types that are only analyzers); `record` does the same for an
    analyzer, if it differs from the rule without a condition; `metric` gives the name of the metric that the condition or threshold applies
    to; `lint` gives warnings.
    """

    name: str
    forms: tuple[Form, ...]
    kinds: tuple[str, ...]
    usage: str
    where: bool = False
    instead_of_where: str = ""
    threshold: Support = NO
    tags: tuple[str, ...] = ()
    null_operands: bool = False
    rule: bool = True
    analyzer: Support = NO
    glue: Support = GLUE
    watchable: bool = False
    observed: bool = False
    dynamic: bool = False
    inexact: bool = False
    row: bool = False
    ratio: bool = False
    prepare: Callable[[Rule, Context], PreparedRule] | None = None
    record: Callable[[Rule, Context], PreparedRule] | None = None
    metric: Callable[[Rule, Context], str] | None = None
    lint: Lint | None = None

    def form(self, parameters: int) -> Form | None:
        """The form with this number of parameters."""
        return next((form for form in self.forms if form.takes(parameters)), None)

    def kind(self, index: int) -> str:
        """The kind of the parameter at an index."""
        return self.kinds[min(index, len(self.kinds) - 1)] if self.kinds else ""

    @property
    def boolean(self) -> bool:
        """Whether none of its forms has a condition, so that it has no number to measure."""
        return not any(form.families for form in self.forms)

    def judges_rows(self, rule: Rule) -> bool:
        """Whether a row can pass or fail a rule of this type."""
        form = self.form(len(rule.parameters))
        return self.row and not (form and form.bare and rule.condition)


NUMBER = ("number",)
TABLE = (Form(0, 0, NUMBER),)
ONE = (Form(1, 1, NUMBER),)
TWO = (Form(2, 2, NUMBER),)
BARE = (Form(1, 1, bare=True),)
KEY = (Form(1, None, NUMBER),)
BARE_KEY = (Form(1, None, bare=True),)
COLUMN = ("column",)
