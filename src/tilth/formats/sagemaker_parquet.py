"""Parquet for SageMaker's XGBoost: the label first, only numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa

from tilth.data import Roles
from tilth.formats.layout import Layout, TrainingFormat, numbers
from tilth.formats.parquet import Parquet


class SagemakerParquet(Parquet, TrainingFormat):
    """Parquet of label and features, one column per number. Booleans are 0 and 1, and a missing value is null.

    Programs find the label by position, not by name. There are no weights.
    """

    name = "sagemaker_parquet"
    sparse: ClassVar[bool] = False
    weighted: ClassVar[bool] = False

    def put(self, rows: pa.RecordBatchReader, to: Path, roles: Roles, first: int, *, layout: Layout, **options: Any) -> None:  # type: ignore[override]
        empty = self._numbers(pa.RecordBatch.from_pylist([], rows.schema), layout)
        super().put(pa.RecordBatchReader.from_batches(empty.schema, (self._numbers(b, layout) for b in rows)), to, roles, first, **options)

    def _numbers(self, batch: pa.RecordBatch, layout: Layout) -> pa.RecordBatch:
        label = [] if layout.label is None else [layout.label]
        return pa.RecordBatch.from_arrays(numbers(batch, layout, self.name), names=[*label, *layout.names()])

    def media_type(self, layout: Layout) -> str:
        return "application/x-parquet"
