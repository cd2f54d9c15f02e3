"""What a flow file may hold, as pydantic models: the parts of the file, from which its JSON Schema is made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from datetime import date
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model
from pydantic_core import PydanticCustomError

from tilth.data import Roles
from tilth.data.roles import SINGLE
from tilth.engine.textfiles import python_name
from tilth.errors import Mistake, RequestError, unknown
from tilth.flow.flow import OnFail, Reading
from tilth.flow.parameters import PLAIN
from tilth.flow.parts import LISTS, PARTS
from tilth.formats.format import FORMATS, SHARED, by_name, writable
from tilth.formats.trainers import TRAINERS, format_for, mismatches
from tilth.shelf import texts_under
from tilth.store.protection import Plaintext


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
    """A secret whose parts have other names than in a database's secret."""

    reference: str
    """Where the secret is kept, such as `vault:kv/warehouse`."""
    fields: dict[str, str] = {}
    """Part (`user`, `password`, `host`, `port`, `dbname`, `engine`) → its key in the secret."""


class TablePart(_Strict):
    """A further table, and the kinds of its columns."""

    read: str
    """A file, relative to the flow file."""
    secret: str | SecretPart | None = None
    """The reference of the secret that opens a table in a database or on a server."""
    types: dict[str, KindWord] = {}
    """Column → kind, if the file's values would be read as another kind when a step reads the table."""


class DataPart(_Strict):
    """What to read, and what its values mean. These reading rules hold for served rows too."""

    read: str | list[str] | None = None
    """A file, a folder, a pattern such as `data/*.parquet`, or several. Relative to the flow file."""
    secret: str | SecretPart | None = None
    """The reference of the secret for a database or server: `env:NAME`, `file:PATH`, `aws:NAME` …; never the secret itself."""
    tables: dict[str, str | TablePart] = {}
    """Further tables that rules compare with and steps read: name → file, relative to the flow file; or `{read: FILE, types: {…}}`."""
    format: str | None = None
    """The format, if the file's name does not say it: csv, parquet, jsonl, synthetic."""
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
    """Whether blanks after a delimiter are kept or removed. Detected by default."""
    pattern: str | None = None
    """The pattern of the paths of images in a folder, such as `{split}/{class}/{}`: each name in braces becomes a column."""
    objects: str | None = None
    """The member of an augmented manifest with boxes: each object is a row."""
    detections: str | None = None
    """With `objects`: the member with a model's boxes, which are compared with them."""
    contains: str | None = None
    """A class of objects or labels in an augmented manifest: a column says whether each image has it."""
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
    """Its name; by default the name of the flow."""
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
    """Words by which others find it."""


class DeliverPart(_Strict):
    """Where the result goes."""

    to: str = ""
    """A folder, relative to the flow file; `-o` on the command line wins."""
    format: Annotated[str, AfterValidator(_writable), Field(json_schema_extra=lambda schema: schema.update(enum=writable()))] = "parquet"
    """The files' format: parquet, csv, jsonl …, or one of another package; by default the one that `trainer` reads, or parquet."""
    trainer: TrainerWord | None = None
    """The training program that reads the files: what it cannot read is refused."""
    shards: Annotated[int, Field(ge=1)] | None = None
    """The number of files of each part; all have the same number of rows, to one row."""
    rows_per_shard: Annotated[int, Field(ge=1)] | None = None
    """The number of rows in each file, except the last one of a part."""
    compression: Literal["none", "gzip", "zstd", "snappy"] | None = None
    """How files, or the pages of Parquet files, are compressed."""
    row_group_rows: Annotated[int, Field(ge=1)] | None = None
    """The number of rows in each row group of a Parquet file."""
    dtype: Literal["float64", "float32"] | None = None
    """The type of the features in a file of NumPy (`float64` by default) and of RecordIO-protobuf (`float32`)."""
    sparse: bool | None = None
    """Whether zeros are left out of RecordIO-protobuf."""
    n_features: Annotated[int, Field(ge=1)] | None = None
    """The number of features, if rows are two columns of lists, `keys` and `values`."""
    zero_based: bool | None = None
    """Whether the features of LibSVM count from 0, as by default, or from 1."""
    absent: Literal["zero", "missing"] | None = None
    """The meaning of a feature that a line of LibSVM leaves out."""
    on_magic: Literal["avoid", "split", "raw", "error"] | None = None
    """How records that contain the magic number of RecordIO are written."""
    manifest: str = ""
    """The place in S3 to which the folder will be copied, for a `ManifestFile` of each part."""
    about: AboutPart = AboutPart()
    """The description of the data set in `croissant.json`."""

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
        accepted = dict.fromkeys(("none", *form.compressions))
        yield from unknown([given.get("compression", "none")], accepted, f"{form.name}: there is no compression {{}}", "bad-value")
        if "shards" in given and "rows_per_shard" in given:
            yield Mistake("`shards` and `rows_per_shard` are both given", accepted="one of them", code="bad-value")


class CheckPart(_Strict):
    """Rules, and what happens if they fail."""

    rules: str
    """A ruleset in DQDL, or the path of a .dqdl file."""
    on_fail: OnFail = "report"
    """`report`: the run continues. `stop`: it ends and delivers nothing. `quarantine`: failing rows are delivered separately."""


class ProtectPart(_Strict):
    """The key with which everything that is written is encrypted."""

    key: str
    """A reference: `file:PATH` of a key file, relative to the flow file, or a secret that holds a key, such as `env:NAME`."""
    allow_plaintext: list[Plaintext] = []
    """What stays unencrypted: `report`, `spill`. The report of a run says so."""
    sign: bool = False
    """Whether encrypted files are signed, too, which takes longer."""


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
