"""The dataset: a lazy table, its schema and its roles."""

from tilth.data.dataset import BELOW, Append, Change, Dataset, Layer, Rows, Unreadable
from tilth.data.masking import mask, masked
from tilth.data.roles import Roles
from tilth.data.schema import Column, Kind, Schema, reject_duplicate_names
from tilth.data.selectors import select, words_of
from tilth.data.source import Files, Memory, Native, Source

__all__ = [
    "BELOW",
    "Append",
    "Change",
    "Column",
    "Dataset",
    "Files",
    "Kind",
    "Layer",
    "Memory",
    "Native",
    "Roles",
    "Rows",
    "Schema",
    "Source",
    "Unreadable",
    "mask",
    "masked",
    "reject_duplicate_names",
    "select",
    "words_of",
]
