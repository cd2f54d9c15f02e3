"""The tests of a ruleset, in a file next to it: `orders.test.yaml` for `orders.dqdl`. Each case has rows and expected results of rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tilth.data import Dataset, Kind, Memory
from tilth.engine.arrow import arrow_type
from tilth.engine.session import Session
from tilth.errors import Place, RequestError, RulesError, did_you_mean, first_line, listed
from tilth.formats import read, to_arrow
from tilth.rules import Composite, Rule, Ruleset, parse
from tilth.rules.conditions import check_time
from tilth.rules.language.references import named_rule
from tilth.store.local import text_of
from tilth.store.scratch import Scratch
from tilth.store.uri import joined
from tilth.validation import mistakes_of
from tilth.yaml import Document
from tilth.yaml import Path as Keys
from tilth.yaml import parse as parse_yaml

P = TypeVar("P", bound=BaseModel)
SUFFIX = ".test.yaml"
KINDS = [str(kind) for kind in Kind if kind in (Kind.STRING, Kind.BOOLEAN, Kind.INTEGER, Kind.FLOAT) or kind.temporal]
Word: TypeAlias = Literal["passed", "failed", "error"]
Rows: TypeAlias = list[dict[Any, Any]] | str
Expected: TypeAlias = Word | list[Annotated[int, Field(ge=1)]]


class Part(BaseModel):
    """A part of the file; unknown keys are rejected."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CasePart(Part):
    """A case: the rows, and what each rule says of them. A word stands for all rules; a list is the numbers of the rows that fail one."""

    name: Annotated[str, Field(min_length=1)]
    rows: Rows
    tables: dict[str, Rows] = {}
    at: date | datetime | None = None
    expect: Word | dict[str, Expected]


class CaseFile(Part):
    """The file. `types` are kinds of columns, `tables` further tables of every case, and `at` is its time."""

    types: dict[str, str] = {}
    tables: dict[str, Rows] = {}
    at: date | datetime | None = None
    cases: Annotated[list[Any], Field(min_length=1)]


@dataclass(frozen=True)
class Expectation:
    """The expected result of a rule: an outcome, or the failing rows counted from 1; with its place in the file."""

    rule: Rule | Composite
    expected: str | tuple[int, ...]
    place: Place


@dataclass(frozen=True)
class Case:
    """A case with its tables."""

    name: str
    data: Dataset
    tables: Mapping[str, Dataset] = field(default_factory=dict)
    at: datetime | None = None
    expectations: tuple[Expectation, ...] = ()


def case_file(rules: str | Path) -> Path:
    """The file with the tests of a ruleset.

    >>> case_file("rules/orders.dqdl").as_posix()
    'rules/orders.test.yaml'
    """
    return Path(rules).with_suffix(SUFFIX)


def cases_of(rules: str | Path, ruleset: Ruleset, session: Session) -> tuple[Case, ...]:
    """The test cases of a ruleset that was read from the file `rules`.

    Errors: `RequestError` with every mistake of the file of cases, each with its line, or if there is no such file.
    """
    path = case_file(rules)
    if not path.exists():
        hint = "give it cases there: see docs/checks.md"
        raise RequestError(f"{rules} has no tests: there is no file {path}", hint=hint, code="no-tests")
    document = parse_yaml(text_of(path, "file of tests"), str(path), typed=True)
    made = _Reader(document, ruleset, session).file()
    document.mistakes.sort(key=lambda m: (m.place.line or 0, m.place.column or 0) if m.place else (0, 0))
    RequestError.reject(document.mistakes)
    return made


class _Reader:
    def __init__(self, document: Document, ruleset: Ruleset, session: Session) -> None:
        self.document = document
        self.rules = {str(rule): rule for rule in ruleset.rules}
        self.variables = list(map(str, ruleset.variables))
        self.session = session
        self.types: dict[str, Kind] = {}

    def wrong(self, at: Keys, error: RequestError) -> None:
        place = self.document.place(at, of_key=isinstance(at[-1], str))
        self.document.mistakes += [mistake.at(place) for mistake in error.mistakes]

    def validated(self, model: type[P], value: Any, at: Keys) -> P | None:
        """Validate a part of the file. If it is invalid, the mistakes are noted, and the result is None."""
        try:
            return model.model_validate(value)
        except ValidationError as error:
            self.document.mistakes += self.document.located(mistakes_of(error, value, model, at))
            return None

    def file(self) -> tuple[Case, ...]:
        """The valid cases of the file."""
        given = self.validated(CaseFile, self.document.value, ())
        if given is None:
            return ()
        for name, word in given.types.items():
            if word in KINDS:
                self.types[name] = Kind(word)
            else:
                hint = did_you_mean(word, KINDS)
                self.wrong(("types", name), RequestError(f"there is no kind {word!r}", accepted=listed(KINDS), hint=hint, code="bad-value"))
        shared = {name: self.table(rows, ("tables", name)) for name, rows in given.tables.items()}
        made: dict[str, Case] = {}
        for i, value in enumerate(given.cases):
            if case := self.validated(CasePart, value, ("cases", i)):
                if case.name in made:
                    self.wrong(("cases", i, "name"), RequestError(f"there is a case {case.name!r} already", code="named-twice"))
                made[case.name] = self.case(case, ("cases", i), shared, given.at)
        return tuple(made.values())

    def case(self, given: CasePart, at: Keys, shared: Mapping[str, Dataset], time: date | None) -> Case:
        tables = {**shared, **{name: self.table(rows, (*at, "tables", name)) for name, rows in given.tables.items()}}
        expectations = tuple(self.expectations(given.expect, (*at, "expect")))
        moment = None if (asked := given.at or time) is None else check_time(asked)
        return Case(given.name, self.table(given.rows, (*at, "rows")), tables, moment, expectations)

    # ── rows ──

    def table(self, rows: Rows, at: Keys) -> Dataset:
        """The rows as a table in memory. If they cannot be read, the mistake is noted, and the table has no columns."""
        try:
            found = self.typed(rows) if isinstance(rows, list) else self.from_text(rows) if "\n" in rows else self.from_file(rows)
        except RequestError as error:
            self.wrong(at, error)
            return Dataset(Memory(None, ()))
        return Dataset(Memory(found, tuple(found.column_names)))

    def typed(self, rows: list[dict[Any, Any]]) -> pa.Table:
        """Mappings as a table: a missing key is null, and a column without values holds strings."""
        named = [{str(name): value for name, value in row.items()} for row in rows]
        if not any(named):
            raise RequestError("the rows have no columns", hint="a table without rows is written as CSV, with a header", code="no-columns")
        made = {}
        for name in dict.fromkeys(name for row in named for name in row):
            values = [row.get(name) for row in named]
            try:
                array = pa.array(values)
                wanted = arrow_type(self.types.get(name, Kind.STRING)) if name in self.types or pa.types.is_null(array.type) else None
                made[name] = array if wanted is None else array.cast(wanted)
            except pa.ArrowException as error:
                words = f"column {name!r} cannot be made: {first_line(error)}"
                raise RequestError(words, hint="give it values of one kind", code="mixed-kinds") from error
        return pa.table(made)

    def from_text(self, text: str) -> pa.Table:
        """A CSV text as `tilth check` would read the file."""
        scratch = Scratch()
        path = Path(scratch.name, "rows.csv")
        path.write_text(text, "utf-8")
        try:
            return self.read(path)
        finally:
            scratch.close()

    def from_file(self, name: str) -> pa.Table:
        return self.read(joined(str(Path(self.document.file).parent), name))

    def read(self, place: Any) -> pa.Table:
        data = read(place, engine=self.session)
        typed = {name: kind for name, kind in self.types.items() if name in data.names}
        if typed and not data.source.typed:
            data = read(place, engine=self.session, types=typed)
        return to_arrow(data, self.session)

    # ── expectations ──

    def expectations(self, expect: Word | dict[str, Expected], at: Keys) -> Iterable[Expectation]:
        if isinstance(expect, str):
            place = self.document.place(at)
            yield from (Expectation(rule, expect, place) for rule in self.rules.values())
            return
        for text, expected in expect.items():
            try:
                rule = self.rule(text)
            except RequestError as error:
                self.wrong((*at, text), error)
                continue
            place = self.document.place((*at, text), of_key=True)
            yield Expectation(rule, expected if isinstance(expected, str) else tuple(sorted(set(expected))), place)

    def rule(self, text: str) -> Rule | Composite:
        """The rule that reads like a text; else the only one that begins so. Errors: `RulesError`."""
        canonical = self.canonical(text)
        return self.rules[canonical if canonical in self.rules else named_rule(text, self.rules)]

    def canonical(self, text: str) -> str:
        """The canonical form of a rule; of anything else the text itself."""
        try:
            return str(parse("\n".join([*self.variables, f"Rules = [ {text} ]"])).rules[0])
        except RulesError:
            return text
