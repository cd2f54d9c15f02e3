"""Counting entities over batches."""

from __future__ import annotations

import pyarrow as pa

from tilth.entities import Detector
from tilth.measures.sensitive.occurrences import Occurrences
from tilth.testing.needs import check_need


def test_counts_of_parts_are_those_of_the_whole() -> None:
    texts = [
        "a@x.example.org",
        "card 4111 1111 1111 1111",
        None,
        "",
        "a@x.example.org",
        "SSN 536-90-4399 a@x.example.org",
        "536904399",
        "x",
    ]
    check_need(Occurrences(("x",), Detector(countries=("US",)), "x", examples=True), pa.table({"x": texts}))
