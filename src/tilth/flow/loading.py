"""From a flow file to a flow, with all mistakes at once."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, replace
from datetime import date
from functools import cache, partial
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal, TypeAlias, TypeVar, cast, get_args, get_type_hints

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic_core import PydanticCustomError

from tilth.checking import ruleset_from
from tilth.data import Roles
from tilth.data.roles import SINGLE
from tilth.encryption.keys import beside, unreferenced
from tilth.engine.textfiles import python_name
from tilth.errors import FlowError, Mistake, Place, RequestError, TilthError, did_you_mean, listed, unknown
from tilth.flow.flow import Delivery, Flow, OnFail, Reading
from tilth.flow.parts import LISTS, PARTS, misplaced
from tilth.flow.protecting import Protect
from tilth.formats.format import FORMATS, SHARED, by_name, writable
from tilth.formats.trainers import TRAINERS, format_for, mismatches
from tilth.measures import MEASURES
from tilth.measures.measure import Measure
from tilth.rules import Ruleset
from tilth.secrets import Access, Reference
from tilth.shelf import PYTHON_ONLY, Shelf, texts_under
from tilth.steps import STEPS
from tilth.steps.rows.chosen import CHOSEN
from tilth.steps.rows.split import Split
from tilth.steps.step import Part, Step, TablesStep
from tilth.store.local import text_of
from tilth.store.protection import Plaintext
from tilth.store.uri import joined
from tilth.validation import mistakes_of
from tilth.yaml import Document, Path, parse

Named = TypeVar("Named", bound=Step | Measure)

SPLIT_WORDS = tuple(f.name for f in fields(Split) if f.name != "shares")  # every other key under `split` is the name of a part

PLAIN = ConfigDict(extra="forbid", coerce_numbers_to_str=True)  # a column may be called 2024, and -999 may mean null


def _described(schema: dict[str, Any], model: type[BaseModel]) -> None:
    """Say in a JSON Schema what keys mean, by the strings below the attributes. pydantic would read them whenever a flow is loaded."""
    written: dict[type[BaseModel], type] = {RolesPart: Roles, FlowFile: _FlowFile}
    for name, text in texts_under(written.get(model, model)):
        if name in schema["properties"]:
            schema["properties"][name]["description"] = text


class _Strict(BaseModel):
    model_config = ConfigDict(**PLAIN, frozen=True, populate_by_name=False, json_schema_extra=_described)


def _type_of_role(name: str) -> Any:
    if name == "positive":
        return str | int | float | bool | list[str | int | float | bool] | None
    return str | None if name in SINGLE else str | list[str] | None


_ROLES: dict[str, Any] = {f.name: (_type_of_role(f.name), None) for f in fields(Roles)}
RolesPart = create_model("RolesPart", __base__=_Strict, __doc__="What columns are for. One name or several.", **_ROLES)


def _encoding(name: str) -> str:
    """The name of an encoding. Errors: pydantic's, as of a closed list of words."""
    try:
        python_name(name)
    except RequestError as error:
        raise PydanticCustomError("literal_error", "unknown encoding", {"expected": error.mistakes[0].accepted}) from error
    return name


KindWord: TypeAlias = Literal["integer", "float", "string", "boolean", "date", "timestamp", "timestamp with time zone"]


class SecretPart(_Strict):
    """A secret of another shape than those of databases, as other tools keep them."""

    reference: str
    """Where the secret is kept, such as `vault:kv/warehouse`."""
    fields: dict[str, str] = {}
    """Part (`user`, `password`, `host`, `port`, `dbname`, `engine`) → its key in the secret."""


class TablePart(_Strict):
    """A further table, and the kinds of its columns."""

    read: str
    """A file, relative to the flow file."""
    secret: str | SecretPart | None = None
    """The reference of what opens it, where it is in a database or on a server."""
    types: dict[str, KindWord] = {}
    """Column → kind, where the file's values would be read as another when a step reads the table."""


class DataPart(_Strict):
    """What to read, and what its values mean. These reading rules hold for served rows too."""

    read: str | list[str] | None = None
    """A file, a folder, a pattern such as `data/*.parquet`, or several. Relative to the flow file."""
    secret: str | SecretPart | None = None
    """The reference of what opens a place in a database or on a server: `env:NAME`, `file:PATH`, `aws:NAME` …; never the secret itself."""
    tables: dict[str, str | TablePart] = {}
    """Further tables that rules compare with and steps read: name → file, relative to the flow file; or `{read: FILE, types: {…}}`."""
    format: str | None = None
    """The format, where the file's name does not say it: csv, parquet, jsonl, synthetic."""
    nulls: list[str] = []
    """Strings that mean a missing value: the whole value, without blanks around it, in any case."""
    names: list[str] | None = None
    """The columns' names, for a file without a header."""
    header: bool | None = None
    """Whether the first line holds the names. Detected by default."""
    delimiter: str | None = None
    """What separates the values of a CSV file. Detected by default."""
    quote: str | None = None
    """The quote character around a value that contains a delimiter."""
    encoding: Annotated[str, AfterValidator(_encoding)] | None = None
    """The encoding, such as utf-8 or latin-1."""
    blanks: Literal["keep", "trim"] | None = None
    """What becomes of blanks after a delimiter. Detected by default."""
    pattern: str | None = None
    """What the names of images in a folder hold, such as `{split}/{class}/{}`: a column for each name."""
    types: dict[str, KindWord] = {}
    """Column → kind, where the file's values would be read as another. A string that is not of that kind becomes null."""
    max_invalid: Annotated[float, Field(ge=0, le=1)] = Reading.max_invalid
    """The largest share of a column's values that may become null because they cannot be read as its kind, stated or learned."""
    roles: RolesPart = RolesPart()  # type: ignore[valid-type]  # a model made from a dataclass
    """What columns are for."""


def _writable(name: str) -> str:
    """The name of a format that can be written. Errors: pydantic's, as of a closed list of words."""
    if name not in FORMATS or not by_name(name).is_written:
        raise PydanticCustomError("literal_error", "unknown format", {"expected": " or ".join(writable())})
    return name


TrainerWord: TypeAlias = Literal[tuple(TRAINERS)]  # type: ignore[valid-type]


class AboutPart(_Strict):
    """The description of the delivered data set for those who look for it, read it or cite it."""

    name: str | None = None
    """Its name; by default that of the flow."""
    description: str | None = None
    """What it is, in a few sentences."""
    license: str | None = None
    """The licence: its address, or its SPDX identifier, such as CC-BY-4.0."""
    cite_as: str | None = None
    """How it is cited, best in BibTeX."""
    creators: str | list[str] | None = None
    """Who made it."""
    url: str | None = None
    """The address of its page."""
    version: str | None = None
    """Its version, such as 1.2.0."""
    published: date | None = None
    """The day on which it was published."""
    keywords: list[str] | None = None
    """What it is found by."""


class DeliverPart(_Strict):
    """Where the result goes."""

    to: str = ""
    """A folder, relative to the flow file; `-o` on the command line wins."""
    format: Annotated[str, AfterValidator(_writable), Field(json_schema_extra=lambda schema: schema.update(enum=writable()))] = "parquet"
    """The files' format: parquet, csv, jsonl …, or one of another package; by default the one that `trainer` reads, or parquet."""
    trainer: TrainerWord | None = None
    """The training program that reads the files: what it cannot read is refused."""
    shards: Annotated[int, Field(ge=1)] | None = None
    """The number of files of each part, of as many rows each."""
    rows_per_shard: Annotated[int, Field(ge=1)] | None = None
    """The rows of each file but the last of a part."""
    compression: Literal["none", "gzip", "zstd", "snappy"] | None = None
    """How files are compressed; of Parquet their pages."""
    row_group_rows: Annotated[int, Field(ge=1)] | None = None
    """The rows of each row group of a Parquet file."""
    dtype: Literal["float64", "float32"] | None = None
    """The type of the features in a file of NumPy (`float64` by default) and of RecordIO-protobuf (`float32`)."""
    sparse: bool | None = None
    """Whether zeros are left out of RecordIO-protobuf."""
    n_features: Annotated[int, Field(ge=1)] | None = None
    """How wide rows are that are two columns of lists, `keys` and `values`."""
    zero_based: bool | None = None
    """Whether the features of LibSVM count from 0, as by default, or from 1."""
    absent: Literal["zero", "missing"] | None = None
    """What a feature is that a line of LibSVM leaves out."""
    on_magic: Literal["avoid", "split", "raw", "error"] | None = None
    """What becomes of records that hold the magic number of RecordIO."""
    manifest: str = ""
    """The place in S3 to which the folder will be copied, for a `ManifestFile` of each part."""
    about: AboutPart = AboutPart()
    """What `croissant.json` says of the data set."""

    def options(self) -> dict[str, Any]:
        """The options of writing that are given."""
        return self.model_dump(exclude={"to", "format", "manifest", "about"}, exclude_none=True)

    def chosen(self) -> str:
        """The name of the format."""
        return format_for(self.trainer) if self.trainer and "format" not in self.model_fields_set else self.format

    def mistakes(self) -> Iterator[Mistake]:
        """Mistakes in the options, as the format sees them."""
        form, given = by_name(self.chosen()), self.options()
        trainer = given.pop("trainer", None)
        yield from mismatches(trainer, form.name, given) if trainer else ()
        message = f"the format {form.name!r} has no option {{}}"
        yield from unknown(given, (*SHARED, *form.write_options), message, "unknown-option")
        accepted = [*form.compressions, "none"]
        yield from unknown([given.get("compression", "none")], accepted, f"{form.name}: there is no compression {{}}", "bad-value")
        if "shards" in given and "rows_per_shard" in given:
            yield Mistake("`shards` and `rows_per_shard` are both given", accepted="one of them", code="bad-value")


class CheckPart(_Strict):
    """Rules, and what becomes of the data where they fail."""

    rules: str
    """A ruleset in DQDL, or the path of a .dqdl file."""
    on_fail: OnFail = "report"
    """`report`: the run goes on. `stop`: it ends, and delivers nothing. `quarantine`: rows that fail are left out and delivered apart."""


class ProtectPart(_Strict):
    """The key under which everything is encrypted that is written."""

    key: str
    """A reference: `file:PATH` of a key file, relative to the flow file, or a secret that holds a key, such as `env:NAME`."""
    allow_plaintext: list[Plaintext] = []
    """What is left unencrypted all the same: `report`, `spill`. The report of a run says so."""
    sign: bool = False
    """Whether files that are sealed are signed, too, which takes longer."""


class _FlowFile(_Strict):
    """A Tilth flow: data, rules, steps, measures and delivery."""

    data: DataPart = DataPart()
    """What to read, and what its values mean."""
    check: str | CheckPart | None = None
    """A ruleset in DQDL, or the path of a .dqdl file; or `{rules: …, on_fail: …}`."""
    measure: list[str | dict[str, Any]] = []
    """What to measure on the raw data, and again after each part: names of measures, or one with parameters, `{bias: {bootstrap: 0}}`."""
    deliver: DeliverPart = DeliverPart()
    """Where the result goes."""
    protect: ProtectPart | None = None
    """The key under which everything is encrypted that is written: results, the fitted flow, reports, copies, spill."""


_STEPS: dict[str, Any] = {p.name: (list[Any], Field([], description=p.meaning)) for p in LISTS}
_SPLIT: Any = (dict[str, Any] | None, Field(None, description=next(p.meaning for p in PARTS if p not in LISTS)))
FlowFile = create_model("FlowFile", __base__=_FlowFile, __doc__=_FlowFile.__doc__, split=_SPLIT, **_STEPS)


def load_flow(path: str | FilePath) -> Flow:
    """The flow in a YAML file. Errors: `FlowError` with every mistake, each with its place."""
    path = FilePath(path)
    text = text_of(path, "flow file", FlowError)
    return parse_flow(text, file=str(path), name=path.stem, folder=str(path.parent))


def parse_flow(text: str, file: str = "<flow>", name: str = "flow", folder: str = ".") -> Flow:
    """The flow in a YAML string. Errors: `FlowError` with every mistake, each with its place."""
    document = parse(text, file)
    loader = _Loader(document, folder)
    flow = loader.flow(name, text, folder)
    if document.mistakes:
        order = sorted(document.mistakes, key=lambda m: (m.place.line or 0, m.place.column or 0) if m.place else (0, 0))
        raise FlowError(*dict.fromkeys(map(loader.without_secrets, order)))
    assert flow is not None  # noqa: S101 -- without a mistake there is a flow
    return flow


def _known(shelf: Shelf[Any], part: object) -> list[str]:
    """The names that may be in a part. Loads all entries, which takes a while: for messages."""
    return [name for name, kind in shelf.items() if part in getattr(kind, "parts", (part,))]


class _Loader:
    def __init__(self, document: Document, folder: str) -> None:
        self.document, self.folder = document, folder
        self.roles = Roles()
        self.places: dict[Step | str, Place] = {}
        self.unshown: set[int | None] = set()
        self.key = ""  # of the flow, for steps that need one

    def wrong(self, path: Path, message: str, code: str, *, of_key: bool = False, accepted: str = "", hint: str = "") -> None:
        self.document.mistakes.append(Mistake(message, self.document.place(path, of_key), accepted, hint, code))

    def without_secrets(self, mistake: Mistake) -> Mistake:
        """A mistake that does not show its line, where that may hold a secret."""
        there = mistake.place
        return mistake.at(replace(there, text=None)) if there and there.line in self.unshown else mistake

    def flow(self, name: str, text: str, folder: str) -> Flow | None:
        value = self.document.value
        if not isinstance(value, dict):
            self.wrong((), "a flow is a mapping of its parts", "not-a-flow", accepted=listed(FlowFile.model_fields, 20))
            return None
        part = self.validated(FlowFile, value, ())
        secrets = self.secrets(value.get("data"), folder)
        protect = value.get("protect")
        if isinstance(protect, dict) and isinstance(key := protect.get("key"), str) and (no_key := unreferenced(key)):
            place = self.document.place(("protect", "key"), of_key=True)
            self.document.mistakes.append(no_key.at(place))
            self.unshown |= {place.line}
        if part is not None and (held := _protect(part.protect, folder)):
            self.key = held.key
        self.roles = roles = _roles(value)
        self.places["roles"] = self.document.place(("data", "roles"))
        self.places["protect"] = self.document.place(("protect",), of_key=True)
        if roles.positive:
            self.places["positive"] = self.document.place(("data", "roles", "positive"))
        split = self.split(value.get("split"))
        steps = {p.name: [split] if p not in LISTS and split else self.entries("step", STEPS, p.name, value.get(p.name)) for p in PARTS}
        measure = tuple(self.entries("measure", MEASURES, "measure", value.get("measure")))
        for m in measure:
            if m.needs_model and not any(s.predicts for s in steps["features"]):
                hint = "add the step `predict` to `features`"
                self.wrong(("measure",), f"{m.name} needs a model that predicts", of_key=True, hint=hint, code="no-model")
        check = self.check(value.get("check"), folder)
        if value.get("split") is None and value.get("training"):
            message, hint = "there is no split, so there is no training part to change", "add `split: {train: 0.8, test: 0.2}`"
            self.wrong(("training",), message, "no-split", of_key=True, hint=hint)
        if split is not None and "train" not in dict(split.shares):
            accepted = "a part named train: learning happens there"
            self.wrong(("split",), "no part of the split is called train", "no-train", of_key=True, accepted=accepted)
        if part is not None:
            reading = [step for named in steps.values() for step in named if isinstance(step, TablesStep)]
            self.document.mistakes += [m.at(self.places[step]) for step in reading for m in step.unnamed(part.data.tables)]
            for m in part.deliver.mistakes():
                self.wrong(("deliver",), m.message, m.code, of_key=True, accepted=m.accepted, hint=m.hint)
        every = [step for named in steps.values() for step in named]
        self.document.mistakes += [m.at(self.places[step]) for step in every for m in step.mismatched(every)]
        if part is None or self.document.mistakes:
            return None
        about = part.deliver.about.model_dump(mode="json", exclude_none=True)
        return Flow(
            name=name,
            reading=self.reading(part.data, roles, secrets),
            check=check,
            parts={name: tuple(made) for name, made in steps.items() if made},
            measure=measure,
            deliver=Delivery(part.deliver.to, part.deliver.chosen(), part.deliver.options(), part.deliver.manifest, about),
            on_fail=part.check.on_fail if isinstance(part.check, CheckPart) else "report",
            protect=_protect(part.protect, folder),
            text=text,
            folder=folder,
            places=self.places,
        )

    # ── the parts ──

    def reading(self, data: DataPart, roles: Roles, secrets: Mapping[str, Access]) -> Reading:
        given = data.model_dump(exclude={"read", "secret", "roles", "tables", "max_invalid"}, exclude_none=True, exclude_defaults=True)
        read = () if data.read is None else (data.read,) if isinstance(data.read, str) else tuple(data.read)
        tables = {name: t if isinstance(t, str) else t.read for name, t in data.tables.items()}
        types = {name: t.types for name, t in data.tables.items() if isinstance(t, TablePart)}
        others = {name: access for name, access in secrets.items() if name}
        return Reading(read, given, roles, tables, data.max_invalid, types, secrets.get(""), others)

    def secrets(self, data: Any, folder: str) -> dict[str, Access]:
        """Table → how it is opened; the data that is read has no name. No mistake shows a line with a secret in place of a reference."""
        tables = data.get("tables") if isinstance(data, dict) else None
        parts: list[tuple[str, Path, Any]] = [("", ("data",), data)]
        if isinstance(tables, dict):
            parts += [(name, ("data", "tables", name), part) for name, part in tables.items()]
        found: dict[str, Access] = {}
        for name, path, part in parts:
            given = part.get("secret") if isinstance(part, dict) else None
            if given is None:
                continue
            try:
                found[name] = _within(folder, Access.of(given))
            except RequestError as error:
                place = self.document.place((*path, "secret"), of_key=True)
                self.document.mistakes += [m.at(place) for m in error.mistakes]
                self.unshown |= {place.line, self.document.place((*path, "secret", "reference")).line}
        return found

    def named(self, item: Any, path: Path, noun: str, shelf: Shelf[Any]) -> tuple[str, Any, Path]:
        """An item of a list: a name, its parameters and where they are; without a name where it is something else."""
        if isinstance(item, str):
            return item, None, (*path, item)
        if isinstance(item, dict) and len(item) == 1:
            ((name, given),) = item.items()
            return name, given, (*path, name)
        self.wrong(path, f"a {noun} is its name, or its name with parameters", f"not-a-{noun}", accepted=listed(_known(shelf, path[0]), 40))
        return "", None, path

    def check(self, given: Any, folder: str) -> Ruleset | None:
        """A ruleset; its mistakes are reported at their places, in the flow or in a file of its own."""
        path: Path = ("check", "rules") if isinstance(given, dict) else ("check",)
        rules = given.get("rules") if isinstance(given, dict) else given
        if not isinstance(rules, str):
            return None
        try:
            return ruleset_from(rules, folder)
        except RequestError as error:
            for mistake in error.mistakes:
                place = mistake.place or self.document.place(path)
                inside = mistake.place and not mistake.place.file
                self.document.mistakes.append(mistake.at(self.document.within(path, place) if inside else place))
            return None

    def entries(self, noun: str, shelf: Shelf[type[Named]], part: str, given: Any) -> list[Named]:
        """The entries of a shelf that a list names: steps of a part, or measures."""
        items = given if isinstance(given, list) else []  # the model reports what is not a list
        return [e for i, item in enumerate(items) if (e := self.entry(noun, shelf, item, (part, i))) is not None]

    def entry(self, noun: str, shelf: Shelf[type[Named]], item: Any, path: Path) -> Named | None:
        """The entry of a shelf that an item of a list names."""
        name, given, inner = self.named(item, path, noun, shelf)
        if not name:
            return None
        if name not in shelf:
            place = self.document.place(inner, of_key=True)
            accepted = listed(_known(shelf, path[0]), 40)
            self.document.mistakes.append(replace(shelf.unknown(name), place=place, accepted=accepted))
            return None
        kind: Any = shelf[name]
        fits = path[0] in getattr(kind, "parts", path)
        if not fits:
            accepted = f"{name} may be in {' or '.join(sorted(kind.parts))}"
            hint = getattr(kind, "part_hint", "")
            self.wrong(inner, misplaced(kind, cast("Part", path[0])), "wrong-part", of_key=True, accepted=accepted, hint=hint)
        made = self.made(shelf[name], given, inner)
        if isinstance(made, Step) and fits and path[0] not in made.parts:
            accepted = f"{made} may be in {' or '.join(sorted(made.parts))}"
            self.wrong(inner, misplaced(made, cast("Part", path[0])), "wrong-part", of_key=True, accepted=accepted, hint=made.part_hint)
        return made

    def made(self, kind: type[Named], given: Any, path: Path) -> Named | None:
        if isinstance(given, str | list) and shorthand(kind):  # `scale: numeric` names its columns
            given = {shorthand(kind): given}
        if given is not None and not isinstance(given, dict):
            self.wrong(path, f"{kind.name}: its parameters are a mapping", "not-a-mapping", accepted=listed(parameters(kind)))
            return None
        if given and given.get("columns") == [] and "columns" in parameters(kind):
            hint = "name columns, or leave the step out"
            self.wrong(path, f"{kind.name}: no column is chosen", "no-columns", of_key=True, hint=hint)
        for name, value in (given or {}).items():
            if any(isinstance(v, float) and not math.isfinite(v) for v in (value if isinstance(value, list) else [value])):
                self.wrong((*path, name), f"{kind.name}: `{name}` is not a finite number", "bad-value")
        nullable = takes_null(cast("Any", kind))
        given = {name: "null" if value is None and name in nullable else value for name, value in (given or {}).items()}
        model = self.validated(model_of(cast("Any", kind)), given, path)
        if model is None:
            return None
        try:
            step = _step(kind, model)
            step = cast("Named", step.under_key(self.key, self.folder)) if isinstance(step, Step) else step
            step = cast("Named", step.in_folder(self.folder)) if isinstance(step, Measure) else step
            wrong = step.refused(self.roles)
        except TilthError as error:
            step, wrong = None, error.mistakes
        for mistake in wrong:
            self.document.mistakes.append(mistake.at(self.document.place(path, of_key=True)))
        if isinstance(step, Step):
            self.places.setdefault(step, self.document.place(path, of_key=True))
        return step

    def split(self, given: Any) -> Split | None:
        if not isinstance(given, dict):
            return None
        words = {k: v for k, v in given.items() if k in SPLIT_WORDS}
        shares = {k: v for k, v in given.items() if k not in SPLIT_WORDS}
        chosen = str(words.get("by")).split("(")[0].strip() in CHOSEN  # by conditions or values instead of shares
        no_shares = [n for n, share in shares.items() if not chosen and (isinstance(share, bool) or not isinstance(share, int | float))]
        for name in no_shares:
            accepted = f"a share between 0 and 1, or one of the split's own words: {listed(SPLIT_WORDS, 20)}"
            hint = did_you_mean(name, SPLIT_WORDS)
            self.wrong(("split", name), f"part {name!r}: {shares[name]!r} is not a share", "no-share", accepted=accepted, hint=hint)
        if no_shares:
            return None
        for word, of in (("by", "columns"), ("fold_by", "fold_columns")):
            by = words.get(word)
            if isinstance(by, str) and (call := re.fullmatch(r"\s*(\w+)\s*\((.*)\)\s*", by, re.DOTALL)):
                words[word] = call[1]
                words.setdefault(of, [c.strip().strip("\"'`") for c in call[2].split(",") if c.strip()])
        return self.made(Split, {**words, "shares": list(shares.items())}, ("split",))

    def validated(self, model: type[BaseModel], value: Mapping[str, Any], path: Path) -> Any:
        try:
            return model.model_validate(value)
        except ValidationError as error:
            self.document.mistakes += self.document.located(mistakes_of(error, value, model, path))
            return None


def _within(folder: str, access: Access) -> Access:
    """How a flow opens a place: the path of a secret's file is relative to the flow file.

    Errors: `RequestError` for a program, which a flow may not run: flows come from others.
    """
    asked = Reference.of(access.reference)
    if asked.scheme == "command":
        message, hint = "a flow may not run a program for a secret", "name the program on the command line: --secret 'command:…'"
        raise RequestError(message, accepted="another reference", hint=hint, code="program")
    if asked.scheme == "file" and not asked.name.startswith("~"):
        return replace(access, reference=str(replace(asked, name=joined(folder, asked.name))))
    return access


def _roles(value: Mapping[str, Any]) -> Roles:
    """The roles, as far as they are valid; the model reports what is not."""
    data = value.get("data")
    given = data.get("roles") if isinstance(data, dict) else None
    try:
        known = {k: v for k, v in given.items() if k in RolesPart.model_fields} if isinstance(given, dict) else {}
        return Roles.of(**RolesPart.model_validate(known).model_dump(exclude_none=True))
    except (TilthError, ValidationError):
        return Roles()


def step_of(kind: type[Named], parameters: Mapping[str, Any], roles: Roles) -> Named:
    """A step from its parameters as a fitted flow keeps them. Errors: `ValueError` or `TilthError` for parameters that it does not take."""
    step = _step(kind, model_of(cast("Any", kind)).model_validate({name.rstrip("_"): value for name, value in parameters.items()}))
    FlowError.reject(step.refused(roles))
    return step


def _step(kind: type[Named], model: BaseModel) -> Named:
    return kind(**{f.name: getattr(model, f.name) for f in written(kind)})


def written(kind: Any) -> list[Any]:
    """The parameters that a flow file may state."""
    return [f for f in fields(kind) if f.metadata != PYTHON_ONLY]


def parameters(kind: Any) -> tuple[str, ...]:
    """Its parameters, as the flow file names them."""
    return tuple(f.name.rstrip("_") for f in written(kind))


def shorthand(kind: Any) -> str:
    """The parameter that a step's bare value is: `scale: numeric` names its columns."""
    meant: str = getattr(kind, "shorthand", "columns")
    return meant if meant in parameters(kind) else ""


@cache
def takes_null(kind: Any) -> frozenset[str]:
    """The parameters one of whose words is `null`, which YAML reads as nothing: as the flow file names them."""
    hints = get_type_hints(kind)
    choices = {f.name: (hints[f.name], *get_args(hints[f.name])) for f in written(kind)}
    return frozenset(name.rstrip("_") for name, hint in choices.items() if any("null" in get_args(h) for h in hint))


@cache
def model_of(kind: Any) -> type[BaseModel]:
    """The pydantic model of the parameters, made from its dataclass."""
    hints = get_type_hints(kind)
    made: dict[str, Any] = {}
    for f in written(kind):
        default = f.default if f.default is not MISSING else f.default_factory() if callable(f.default_factory) else ...
        made[f.name] = (hints[f.name], Field(default, alias=f.name.rstrip("_")))
    return create_model(kind.__name__, __config__=ConfigDict(**PLAIN, json_schema_extra=partial(_parameters_described, kind)), **made)


def _parameters_described(kind: Any, schema: dict[str, Any]) -> None:
    for name, text in kind.documented().items():
        if (key := name.rstrip("_")) in schema.get("properties", ()):
            schema["properties"][key]["description"] = text


def _protect(part: ProtectPart | None, folder: str) -> Protect | None:
    if part is None:
        return None
    return Protect(beside(part.key, folder), tuple(part.allow_plaintext), part.sign)
