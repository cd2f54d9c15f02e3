"""CSV for SageMaker's algorithms: no header, the label first, only numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import IO, Any, ClassVar

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from tilth.data import Files, Kind
from tilth.engine.session import Session
from tilth.engine.textfiles import Dialect, rows_of
from tilth.errors import RequestError
from tilth.formats.csv import Csv
from tilth.formats.format import Encoded
from tilth.formats.layout import Layout, TrainingFormat, numbers
from tilth.formats.shards import Contents, contents_beside
from tilth.store.local import files

DIALECT: Mapping[str, Any] = {"delimiter": ",", "header": False, "blanks": "keep"}


class SagemakerCsv(Csv, TrainingFormat, Encoded):
    """CSV without a header: label, weight (if the table has one), features. An empty field is a missing value.

    It is UTF-8 without a byte order mark. Each line, also the last one, ends with LF, so that files can be concatenated.
    """

    name = "sagemaker_csv"
    suffixes: ClassVar[tuple[str, ...]] = (".csv",)
    options: ClassVar[tuple[str, ...]] = ("label_size", "weights")
    has_header: ClassVar[bool] = False
    sparse: ClassVar[bool] = False
    written_as: ClassVar[Mapping[str, Any]] = {}  # the dialect is always the same

    def open(  # type: ignore[override]
        self, given: Any, names: Sequence[str] | None, engine: Session, *, label_size: int = 1, weights: bool = False, **_: Any
    ) -> Files:
        """`label_size`: the number of label columns, 0 for none. `weights`: whether the next column has the weights. Both are ignored for a
        delivered folder, because its manifest names the columns."""
        paths = files(given, self.suffixes)
        first, contents = next(rows_of(paths[0], Dialect()), []), contents_beside(paths, self.name)
        if names is None and contents:
            names = contents.names()
        elif names is None and first:
            names = _names(len(first), label_size, weights)
        return super().open(given, names, engine, **DIALECT)

    def head(self, given: Any, **_: Any) -> list[list[str]]:
        return super().head(given, **DIALECT)

    def encode(self, batches: pa.RecordBatchReader, file: IO[bytes], *, layout: Layout, **_: Any) -> None:  # type: ignore[override]
        for batch in batches:
            columns = numbers(batch, layout, self.name)
            if len(columns) == 1 and columns[0].null_count:
                hint = "an empty line cannot be distinguished from no row: impute the column, or write another format"
                raise RequestError(f"column {layout.columns[0]!r} is alone and has missing values", hint=hint, code="empty-line")
            if batch.num_rows:
                table = pa.Table.from_arrays(list(map(_marked, columns)), names=list(map(str, range(len(columns)))))
                arrow_csv.write_csv(table, file, arrow_csv.WriteOptions(include_header=False, quoting_style="none"))

    def kinds(self, contents: Contents) -> dict[str, Kind]:
        return {name: Kind.INTEGER if kind is Kind.BOOLEAN else kind for name, kind in super().kinds(contents).items()}

    def media_type(self, layout: Layout) -> str:
        return f"text/csv;label_size={int(layout.label is not None)}"


def _marked(values: pa.Array) -> pa.Array:
    """If all floats are whole numbers, write them with `.0`, so that they are read as floats: as an integer, `-0.0` would lose its sign."""
    if not pa.types.is_floating(values.type) or pc.any(pc.not_equal(pc.floor(values), values)).as_py():
        return values
    text = values.cast(pa.string())
    return pc.if_else(pc.match_substring_regex(text, "^-?[0-9]+$"), pc.binary_join_element_wise(text, ".0", ""), text)


def _names(width: int, label_size: int, weights: bool) -> list[str]:
    if label_size < 0 or label_size + weights >= width:
        what = f"the rows have {width} fields, and label_size is {label_size}" + (", with weights" if weights else "")
        raise RequestError(what, accepted="a label, and a feature or more after it", code="bad-value")
    labels = ["label"] if label_size == 1 else [f"label_{i}" for i in range(label_size)]
    return [*labels, *["weight"] * weights, *(f"f{i}" for i in range(width - label_size - weights))]
