"""Reads the data of a configuration, in every format, and joins facets and predictions from separate files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from tilth import verbs
from tilth.aws.clarify.captures import FEATURES, LABEL, captured
from tilth.aws.clarify.checks import CAPTURES, IMAGES, PREDICTED
from tilth.aws.clarify.config import AnalysisConfig
from tilth.aws.clarify.series_data import read_series
from tilth.data import Dataset, Memory
from tilth.engine.session import Session
from tilth.engine.textfiles import unzipped
from tilth.errors import ColumnError, Mistake, Place, RequestError, SourceError, listed, warn
from tilth.formats import to_arrow
from tilth.formats.codec import as_parquet
from tilth.formats.csv import Csv
from tilth.formats.guess import NOTHING, guess, values_in_header
from tilth.formats.image_folder import listed_images
from tilth.formats.reading import on_this_machine
from tilth.store.local import files, state_of, suffix_of
from tilth.web.jmespath import Find, path

LINES, DOCUMENT = "application/jsonlines", "application/json"
MANIFESTS = (".json", ".manifest")
LARGEST = 256 << 20  # bytes of a file of JSON: it is parsed as a whole


def read_data(config: AnalysisConfig, source: Any, engine: Session, **reading: Any) -> tuple[Dataset, AnalysisConfig]:
    """Read the table of a configuration. Returns it with the configuration, in which column names replace indices and paths.

    `source` is used if the configuration has no `dataset_uri`. JSON files are read whole, up to 256 MiB each. Facets and predictions in
    separate datasets are joined by `joinsource_name_or_index` or row by row; these tables are held in memory.

    Errors: `SourceError` for a line or document that the paths do not fit; `RequestError` for tables that do not fit each other.
    """
    source = config.dataset_uri or source
    if source is None:
        raise RequestError("there is no data", hint="give DATA, or dataset_uri in the configuration", code="no-data")
    if config.time_series_data_config is not None:
        return read_series(config, str(source)), config
    if config.dataset_type in (LINES, DOCUMENT):
        return _of_json(config, source)
    if config.dataset_type == CAPTURES:
        return _of_captures(config, source)
    if config.dataset_type == IMAGES and suffix_of(str(source)) in MANIFESTS:
        return Dataset(listed_images(str(source))), config
    options = {**config.reading, **reading}
    if config.dataset_type == "text/csv":
        options = _with_header(source, options)
    data = verbs.read(source, engine=engine, **options)
    if config.facet_dataset_uri is None and config.predicted_label_dataset_uri is None:
        return data, config
    return _joined(config, data, engine)


def _with_header(source: Any, options: dict[str, Any]) -> dict[str, Any]:
    """The options of a CSV file; without stated names and header the first row is one unless it looks like the others.

    With stated names it is one if it equals them; a warning says that it is read as data though it looks like other names.
    """
    if "header" in options or not isinstance(source, str) or "://" in source:
        return options
    with on_this_machine(source) as (local, _):
        head = Csv().head(local, **{k: v for k, v in options.items() if k in ("delimiter", "blanks", "quote", "encoding")})
    if names := options.get("names"):
        columns = zip(*head, strict=False)  # rows of another length are an error when they are read
        if head and [*head[0]] != [*names] and any(_is_named(top, below) for top, *below in columns):
            hint = '"tilth": {"csv": {"header": true}} leaves it out'
            warn(f"{source}: the first row ({listed(head[0])}) is read as data, because headers are other names; {hint}")
        return options
    values = values_in_header(head)
    return options | {"header": False} if head and 2 * len(values) > len(head[0]) else options


def _is_named(top: str, below: Sequence[str]) -> bool:
    """Whether a string is above numbers, dates or booleans."""
    column = guess(below, NOTHING)
    return column.seen and bool(column.kinds) and not guess([top], NOTHING).kinds


# ── JSON ──


def _of_json(config: AnalysisConfig, source: Any) -> tuple[Dataset, AnalysisConfig]:
    paths = files(source, (".jsonl", ".ndjson") if config.dataset_type == LINES else (".json",))
    asked = {FEATURES: config.features, LABEL: config.label, PREDICTED: config.predicted_label}
    wrong = [f"{k}: found {v}, and a place in JSON is a path" for k, v in asked.items() if isinstance(v, int)]
    if wrong:
        raise RequestError(*wrong, accepted="a JMESPath")
    finds = {k: path(str(v)) for k, v in asked.items() if v is not None}
    read = _lines if config.dataset_type == LINES else _document
    return _held(config, paths, finds, lambda: _alike([_batch(read(p, finds), finds, config, p) for p in paths]))


def _of_captures(config: AnalysisConfig, source: Any) -> tuple[Dataset, AnalysisConfig]:
    """All files of data capture as one batch, because only all of them show the types of their columns."""
    paths = files(source, (".jsonl", ".ndjson"))
    asked = {FEATURES: config.features, LABEL: config.label, PREDICTED: config.predicted_label}
    asked = {k: v for k, v in asked.items() if v is not None or k == FEATURES}
    rows = (row for p in paths for row in captured(p, asked))
    return _held(config, paths, asked, lambda: [_batch(rows, asked, config, str(source))])


def _held(
    config: AnalysisConfig, paths: Sequence[str], asked: Iterable[str], batches: Callable[[], Iterable[pa.RecordBatch]]
) -> tuple[Dataset, AnalysisConfig]:
    """The table of the batches, and the configuration with the names of its outcomes, which are the last columns."""
    given = {k: str(getattr(config, k)) for k in (FEATURES, LABEL, PREDICTED)}
    key = ("clarify", config.dataset_type, paths, state_of(paths), tuple(sorted(given.items())), tuple(config.headers or ()))
    place = paths[0] if len(paths) == 1 else f"{len(paths)} files ({paths[0]} …)"
    found = as_parquet(place, key, batches)
    outcomes = [k for k in asked if k != FEATURES]
    names = dict(zip(outcomes, found.columns[len(found.columns) - len(outcomes) :], strict=True))
    return Dataset(found), config.model_copy(update=names)


def _lines(place: str, finds: Mapping[str, Find]) -> Iterator[tuple[Place, list[Any]]]:
    """For each line that is not blank, the values at the paths."""
    with unzipped(place) as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                where = Place(place, number)
                document = _parsed(line, where)
                yield where, [find(document) for find in finds.values()]


def _document(place: str, finds: Mapping[str, Find]) -> Iterator[tuple[Place, list[Any]]]:
    """For each record of a document, the values at the paths, which find lists of equal length."""
    with unzipped(place) as file:
        text = file.read(LARGEST + 1)
    if len(text) > LARGEST:
        raise SourceError(f"{place} has more than {LARGEST >> 20} MiB", hint="write JSON Lines", code="too-large")
    document = _parsed(text, Place(place))
    found = {name: find(document) for name, find in finds.items()}
    wrong = [f"{name}: its path finds {_kind(x)}, not a list" for name, x in found.items() if not isinstance(x, list)]
    lengths = {name: len(x) for name, x in found.items() if isinstance(x, list)}
    if not wrong and len(set(lengths.values())) > 1:
        wrong = [f"the lists are not as long as each other: {listed(f'{k} {n:,}' for k, n in lengths.items())}"]
    SourceError.reject(Mistake(w, Place(place), code="bad-document") for w in wrong)
    yield from ((Place(place), list(row)) for row in zip(*found.values(), strict=True))


def _parsed(text: bytes, where: Place) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SourceError(Mistake(f"it is not valid JSON: {error}", where, code="invalid-json")) from error


def _kind(x: Any) -> str:
    kinds = {type(None): "nothing", dict: "an object", list: "a list", str: "a string", bool: "a boolean"}
    return kinds.get(type(x), "a number")


def _batch(rows: Iterable[tuple[Place, list[Any]]], finds: Mapping[str, Any], config: AnalysisConfig, place: str) -> pa.RecordBatch:
    """The rows of a file as columns: features, label, predicted label."""
    table: list[list[Any]] = []
    width = None
    for number, (where, found) in enumerate(rows, 1):
        features = found[0] if "features" in finds else []
        shown = f"record {number:,}" if config.dataset_type == DOCUMENT else "the line"
        if not isinstance(features, list):
            raise SourceError(Mistake(f"{shown}: features: its path finds {_kind(features)}, not a list", where, code="bad-record"))
        width = len(features) if width is None else width
        if len(features) != width:
            raise SourceError(Mistake(f"{shown} has {len(features):,} features, and the first one {width:,}", where, code="bad-record"))
        row = [*features, *(found[1:] if "features" in finds else found)]
        bad = next((i for i, x in enumerate(row) if isinstance(x, dict | list)), None)
        if bad is not None:
            raise SourceError(
                Mistake(f"{shown}: value {bad} is {_kind(row[bad])}", where, accepted="a string, number or boolean", code="bad-record")
            )
        table.append(row)
    if not table:
        raise SourceError(f"there are no records in {place}", code="no-columns")
    names = _names(config, len(table[0]), len(table[0]) - (width or 0))
    columns = [_column([row[i] for row in table]) for i in range(len(names))]
    return pa.RecordBatch.from_arrays(columns, names=names)


def _names(config: AnalysisConfig, columns: int, outcomes: int) -> list[str]:
    """The column names: from the configuration, or `column_0` …, with `label` and `predicted_label` for the last ones."""
    if config.headers is None:
        given = [n for n, v in (("label", config.label), (PREDICTED, config.predicted_label)) if v is not None]
        return [*(f"column_{i}" for i in range(columns - outcomes)), *given]
    if len(config.headers) != columns:
        what = f"headers: {len(config.headers)} names for {columns - outcomes} features and {outcomes} of label and predicted label"
        raise RequestError(what, accepted=f"{columns} names, features first", code="headers")
    return config.headers


def _column(values: Sequence[Any]) -> pa.Array:
    """Values as one type: strings where some of them are strings."""
    kinds = {type(v) for v in values if v is not None}
    if kinds <= {int, float} or kinds <= {bool} or kinds <= {str}:
        return pa.array([float(v) if v is not None and float in kinds else v for v in values] if float in kinds else list(values))
    return pa.array([v if v is None or isinstance(v, str) else json.dumps(v) for v in values], pa.string())


def _alike(batches: Sequence[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The rows of several files with one type for each column: floats for whole numbers and fractions, else strings where types differ."""
    columns = [{b.schema.field(i).type for b in batches if i < b.num_columns} for i in range(max(b.num_columns for b in batches))]
    known = [of - {pa.null()} or of for of in columns]
    types = [next(iter(of)) if len(of) == 1 else pa.float64() if of == {pa.int64(), pa.float64()} else pa.string() for of in known]
    for b in batches:
        yield pa.RecordBatch.from_arrays([c.cast(t) for c, t in zip(b.columns, types, strict=False)], names=b.schema.names)


# ── datasets of their own ──


def _joined(config: AnalysisConfig, data: Dataset, engine: Session) -> tuple[Dataset, AnalysisConfig]:
    """The table joined with facets and predictions."""
    whole, changed = to_arrow(data, engine), dict[str, Any]()
    own = _name(config.joinsource_name_or_index, whole.column_names, "joinsource_name_or_index")
    changed |= {k: _name(v, whole.column_names, k) for k in ("label", "group_variable") if (v := getattr(config, k)) is not None}
    changed |= {"excluded_columns": [_name(c, whole.column_names, "excluded_columns") or "" for c in config.excluded_columns or ()]}
    features = whole.column_names
    if config.predicted_label_dataset_uri is not None:
        beside = _beside(config.predicted_label_dataset_uri, config.predicted_label_headers, engine)
        given = config.predicted_label if config.predicted_label is not None else PREDICTED
        one = [c for c in beside.column_names if c != own]
        name = one[0] if len(one) == 1 and given == PREDICTED else _name(given, beside.column_names, "predicted_label") or ""
        as_named = PREDICTED if name in whole.column_names else name
        beside = beside.select([name, *([own] if own in beside.column_names else [])]).rename_columns(
            [as_named, *([own] if own in beside.column_names else [])]
        )
        whole = _together(whole, beside, own, "predicted_label_dataset_uri")
        changed["predicted_label"] = as_named
    if config.facet_dataset_uri is not None:
        beside = _beside(config.facet_dataset_uri, config.facet_headers, engine)
        found = [
            f.model_copy(update={"name_or_index": _name(f.name_or_index, beside.column_names, f"facet[{i}]")})
            for i, f in enumerate(config.facet)
        ]
        whole = _together(whole, beside, own, "facet_dataset_uri")
        changed |= {
            "facet": found,
            "excluded_columns": [*changed["excluded_columns"], *(c for c in beside.column_names if c not in features)],
        }
    return Dataset(Memory(whole, tuple(whole.column_names), place=str(data.source))), config.model_copy(update=changed)


def _beside(uri: str, headers: list[str] | None, engine: Session) -> pa.Table:
    options = _with_header(uri, {"format": "csv", **({"names": headers} if headers else {})})
    return to_arrow(verbs.read(uri, engine=engine, **options), engine)


def _name(key: str | int | None, names: Sequence[str], where: str) -> str | None:
    """The name of a column that is given by name or index. Errors: `ColumnError`."""
    if not isinstance(key, int):
        return key
    if not 0 <= key < len(names):
        raise ColumnError(f"{where}: there is no column {key}", accepted=f"0 to {len(names) - 1}, or a name", code="unknown-column")
    return names[key]


def _together(whole: pa.Table, beside: pa.Table, key: str | None, where: str) -> pa.Table:
    """Two tables side by side, by their key or row by row."""
    if key is None or key not in beside.column_names:
        if whole.num_rows != beside.num_rows:
            hint = "give joinsource_name_or_index, a column that both have"
            raise RequestError(f"{where} has {beside.num_rows:,} rows, and the data {whole.num_rows:,}", hint=hint, code="rows-differ")
        key = None
    same = [c for c in beside.column_names if c in whole.column_names and c != key]
    if same:
        raise RequestError(f"{where}: {listed(same)} is in the data too", hint="give them other names with its headers", code="same-column")
    if key is None:
        for name in beside.column_names:
            whole = whole.append_column(name, beside[name])
        return whole
    for table, what in ((whole, "the data"), (beside, where)):
        if len(table[key].unique()) < table.num_rows:
            raise RequestError(f"{what}: {key!r} has a value in several rows", accepted="an identifier of rows", code="duplicate-key")
    if whole[key].type != beside[key].type:
        whole, beside = (t.set_column(t.column_names.index(key), key, t[key].cast(pa.string())) for t in (whole, beside))
    return whole.join(beside, key, join_type="inner").sort_by(key)
