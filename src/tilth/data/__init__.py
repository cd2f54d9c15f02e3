"""The dataset: a lazy table, its schema, its roles, and what its values mean."""

from tilth.data.dataset import BELOW, Append, Change, Dataset, Layer, Rows
from tilth.data.masking import mask, masked
from tilth.data.roles import Roles
from tilth.data.schema import Column, Kind, Schema, refuse_twins
from tilth.data.selectors import select
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
    "mask",
    "masked",
    "refuse_twins",
    "select",
]
