"""The plan of an export: which rows are exported from where, given as a file or as options of a call."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tilth.engine.user_sql.warehouse import BEFORE, parameters_of, parsed_condition, parsed_query
from tilth.errors import ExpressionError, FlowError, Mistake, RequestError, located, unknown
from tilth.secrets import Access
from tilth.store.local import text_of
from tilth.store.query import asked_of
from tilth.store.uri import scheme_of
from tilth.validation import mistakes_of, validated
from tilth.yaml import parse

MOST_PARTS = 1024
DIALECTS = {"postgresql": "postgres", "redshift": "redshift"}
SHAPE = "postgresql://user@host/db"
NOT_OF_THE_SUBSET = {"secret", "to", "connections", "limit_bytes", "unload"}
OF_KEYS = ("missing-key", "unknown-key")  # codes of mistakes whose place is a key, not a value
Value: TypeAlias = bool | int | float | datetime | date | str


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class Sample(_Strict):
    """A share of the values of a key, with all their rows; or that share of the rows of each stratum; or the first rows.

    Rows without a key are left out.
    """

    fraction: Annotated[float, Field(gt=0, le=1)] | None = None
    """Which share of the keys is taken."""
    by: str | None = None
    """The key's column."""
    seed: Annotated[int, Field(ge=0, lt=1 << 31)] = 0
    """Another seed takes other keys."""
    strata: str | None = None
    """A column: of each of its values the share of rows is taken, one at least, by the hash of the key."""
    first: Annotated[int, Field(ge=1)] | None = None
    """How many rows are taken, those that the database gives first."""

    @model_validator(mode="after")
    def _one_way(self) -> Sample:
        if (self.fraction is None) == (self.first is None) or (self.fraction is None) != (self.by is None):
            raise ValueError("fraction and by, or first")
        if self.strata and self.first:
            raise ValueError("strata with fraction")
        return self

    @property
    def of_all(self) -> bool:
        """Whether the choice of a row depends on other rows."""
        return self.strata is not None or self.first is not None


class Partition(_Strict):
    """How rows are divided into parts. Each part is read, written and retried separately."""

    by: str | None = None
    """A column: dates, timestamps and integers are divided into ranges, other types by their hash."""
    hash: str | None = None
    """A column that is divided by its hash."""
    parts: Annotated[int, Field(ge=1, le=MOST_PARTS)] | None = None
    """How many."""
    unit: Literal["hour", "day", "week", "month", "year"] | None = None
    """The length of a range of dates or timestamps."""

    @model_validator(mode="after")
    def _one_of_each(self) -> Partition:
        if bool(self.by) == bool(self.hash):
            raise ValueError("one of by and hash")
        if self.unit and (self.parts or self.hash):
            raise ValueError("unit with by, and without parts")
        return self


class Unloading(_Strict):
    """How Redshift writes."""

    role: str = "default"
    """The IAM role that writes: `default`, or ARNs with commas between."""
    kms_key_id: str | None = None
    """The key with which S3 encrypts the files."""
    region: str | None = None
    """The region of the bucket, if it is not the region of the Redshift cluster."""


class Plan(_Strict):
    """What is exported, from where and to where."""

    source: str
    """A table or query: `postgresql://user@host/db?table=schema.table`, or `…?query=SELECT …`, or `redshift://host/db?…`."""
    secret: str | dict[str, Any] | None = None
    """The reference of the secret that opens the database."""
    columns: tuple[str, ...] = ()
    """The columns, in this order; all by default."""
    where: str | None = None
    """A condition on rows, in the SQL of the database; `:name` stands for a parameter."""
    parameters: dict[str, Value | list[Value]] = {}
    """Values of parameters; a list stands in `IN (:name)`."""
    sample: Sample | None = None
    partition: Partition | Literal["auto"] = "auto"
    redact: tuple[dict[str, Any], ...] = ()
    """Steps that hide columns while they are read, each as the parameters of `redact`; hidden values are never written."""
    to: str | None = None
    """The folder, or `s3://bucket/prefix`."""
    connections: Annotated[int, Field(ge=1, le=64)] = 4
    """How many connections read at a time, or statements run."""
    limit_bytes: Annotated[int, Field(ge=1)] | None = None
    """The most bytes that may be read."""
    unload: Unloading = Unloading()
    """Options of UNLOAD, for Redshift."""

    @property
    def dialect(self) -> str:
        """The dialect of the database's SQL. Errors: `RequestError` for a place that is not in a database to export from."""
        found = DIALECTS.get(scheme_of(self.source))
        if found is None:
            accepted = f"{SHAPE}?table=schema.table, …?query=SELECT …, or a plan (.yaml)"
            raise RequestError(f"{self.source} is not a table or query to export", accepted=accepted, code="bad-place")
        return found

    @property
    def query(self) -> str:
        """The SELECT statement of the place. Errors: as for `asked_of`."""
        return asked_of(self.source, SHAPE)[2]

    @property
    def access(self) -> Access | None:
        """The secret that opens the database."""
        return Access.of(self.secret) if self.secret else None

    @property
    def subset(self) -> dict[str, Any]:
        """The keys of the plan that determine which rows are exported."""
        return self.model_dump(mode="json", exclude=NOT_OF_THE_SUBSET, exclude_defaults=True)

    @property
    def sha256(self) -> str:
        """A hash that identifies the exported subset."""
        return hashlib.sha256(json.dumps(self.subset, sort_keys=True).encode()).hexdigest()

    @classmethod
    def load(cls, path: str) -> dict[str, Any]:
        """Read and check a file. Errors: `FlowError` with every mistake, each with its line."""
        document = parse(text_of(path, "plan"), path)
        FlowError.reject(document.mistakes)
        given = document.value
        if not isinstance(given, dict) or list(given) != ["export"] or not isinstance(given["export"], dict):
            accepted = "export: {source: …}"
            raise FlowError("a plan is a mapping of one key, `export`", place=document.place(()), accepted=accepted, code="not-a-plan")
        given = given["export"]
        try:
            plan = cls.model_validate(given)
        except ValidationError as error:
            found = mistakes_of(error, given, cls, ("export",))
            raise FlowError(*(m.at(document.place(path, of_key=m.code in OF_KEYS)) for path, m in found)) from None
        for key, check in plan.checks.items():
            with located(document.place(("export", key))):
                check()
        if plan.access and plan.access.reference.startswith("command:"):
            message, hint = "a plan may not run a program for a secret", "name the program on the command line: --secret 'command:…'"
            raise FlowError(message, place=document.place(("export", "secret")), hint=hint, code="program")
        FlowError.reject(mistake.at(document.place(("export", key))) for key, mistake in plan.sql_mistakes())
        return given

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Plan:
        """A plan from the content of a file or the options of a call. Errors: `RequestError` with every mistake."""
        plan = validated(cls, given)
        for check in plan.checks.values():
            check()
        ExpressionError.reject(mistake for _, mistake in plan.sql_mistakes())
        return plan

    @property
    def checks(self) -> Mapping[str, Callable[[], None]]:
        """Key → a check beyond the types of values; a mistake is reported at that key. Errors of the checks: `RequestError`."""
        return {"source": self.reject_wrong_place, "sample": self.reject_wrong_sample, "redact": self.reject_wrong_steps}

    def reject_wrong_sample(self) -> None:
        """Reject a sample that does not fit the rest of the plan. Errors: `RequestError`."""
        if self.sample and self.sample.first and self.partition != "auto":
            raise RequestError("`first` makes a single part", hint="leave `partition` out, or take a fraction", code="bad-sample")
        if self.sample and self.sample.strata and not self.columns:
            raise RequestError("a sample of strata needs the columns that are taken", accepted="columns: [a, b]", code="bad-sample")

    def reject_wrong_place(self) -> None:
        """Reject a source that is not a table or query. Errors: `RequestError`."""
        _ = self.dialect, self.query, self.access

    def reject_wrong_steps(self) -> None:
        """Reject steps that cannot redact rows while they are read. Errors: `RequestError` with every mistake."""
        if self.redact:
            from tilth.exporting.redacting import steps_of

            steps_of(self.redact)

    def sql_mistakes(self) -> list[tuple[str, Mistake]]:
        """The mistakes in the query and the condition, each with its key."""
        wrong: list[tuple[str, Mistake]] = []
        used: set[str] = set()
        for text, key, parsed in ((self.query, "source", parsed_query), (self.where, "where", parsed_condition)):
            try:
                if text is not None:
                    used |= set(parameters_of(text if key == "source" else BEFORE + text, self.dialect))
                    parsed(text, self.dialect, self.parameters)
            except ExpressionError as error:
                wrong += [(key, mistake) for mistake in error.mistakes]
        if not wrong:  # otherwise a parameter may be used in the text that could not be parsed
            unused = unknown(self.parameters, used, "there is no parameter {} in the query or the condition", "unused-parameter")
            wrong += [("parameters", mistake) for mistake in unused]
        return wrong


def plan_of(source: str | Mapping[str, Any] | Plan, **more: Any) -> Plan:
    """A plan from a file (`.yaml`), a place in a database, or a mapping; `more` replaces keys of it.

    Errors: `RequestError` with every mistake; for a file each has its line.
    """
    if isinstance(source, Plan):
        source = source.model_dump(exclude_defaults=True)
    if isinstance(source, str):
        source = Plan.load(source) if source.lower().endswith((".yaml", ".yml")) and "://" not in source else {"source": source}
    return Plan.of({**source, **{name: value for name, value in more.items() if value is not None}})
