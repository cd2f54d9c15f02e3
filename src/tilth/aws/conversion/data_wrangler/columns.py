"""Transforms of columns as a whole: their names, kinds and number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tilth.aws.conversion.data_wrangler.transform import KINDS, VECTOR, Operators, Transform
from tilth.aws.conversion.made import Made, NotConverted, column_step, formula, renamed, without
from tilth.aws.conversion.parameters import Parameters
from tilth.engine.user_sql.writing import identifier


def of_drop(t: Transform) -> Iterator[Made]:
    """Columns that go."""
    yield without(t.names("column_to_drop", "input_column"))


def of_rename(t: Transform) -> Iterator[Made]:
    """Another name for a column, or a copy."""
    new = t.text("new_name", "") or t.text("output_column")
    yield from renamed(t.column, new) if t.label == "Rename column" else [formula(new, identifier(t.column), [t.column])]


def of_cast(t: Transform) -> Iterator[Made]:
    """Another kind of values."""
    method = t.text("non_castable_data_handling_method", "replace_null")
    t.has("date_formatting"), t.has("datetime_formatting"), t.has("replace_value")
    if not method.startswith("replace_null"):
        raise NotConverted(f"what cannot be read becomes {method[:40]!r}, which has no counterpart")
    keep = True if method.endswith("new_col") else None
    yield column_step("cast", t.columns, notes=["strings are read by ISO 8601"], to=t.word("data_type", KINDS), keep_invalid=keep)


def of_inferred(t: Transform) -> Iterator[Made]:
    """The kinds that were found in a sample."""
    schema = t.learned.get("schema")
    if not isinstance(schema, Mapping) or not schema:
        raise NotConverted("it has not been run: say kinds under `data: {types: …}`")
    by_kind: dict[str, list[str]] = {}
    for column, kind in schema.items():
        if (found := KINDS.get(str(kind).upper(), "string")) != "string":
            by_kind.setdefault(found, []).append(str(column))
    for found, columns in by_kind.items():
        yield column_step("cast", Parameters({"c": columns}).names("c"), notes=["kinds as they were found in a sample"], to=found)


def of_vector(t: Transform) -> Iterator[Made]:
    """Numbers as one list."""
    columns, into = t.columns, t.text("output_column")
    given = {"columns": columns, "into": into, "as": "list", "keep": True}
    yield Made("nest", given, frozenset(columns), frozenset([into]), ("a list",))


def of_components(t: Transform) -> Iterator[Made]:
    """Fewer columns of numbers."""
    columns, keep = t.names("input_columns", "input_column"), t.flag("keep_input_columns")
    share = t.number("variance_threshold", 95) / 100
    number: float = int(t.number("number_of_components")) if t.has("number_of_components") else share
    notes = ["the largest number of an axis is positive", *([VECTOR] if t.text("output_format", "Columns") == "Vector" else [])]
    reduced = columns
    if t.flag("scale", True):
        reduced = [f"{c}_scaled" for c in columns] if keep else columns
        center = None if t.flag("center", True) else False
        yield column_step("scale", columns, "{column}_scaled" if keep else "", with_="standard", ddof=1, center=center)
    prefix = t.text("output_column", "") or None
    kept = True if keep and reduced == columns else None
    way = "pca" if t.flag("center", True) else "svd"
    yield column_step("reduce", reduced, notes=notes, with_=way, n_components=number, prefix=prefix, keep=kept)


OPERATORS: Operators = {
    ("infer_and_cast_type", ""): of_inferred,
    ("cast_single_data_type", ""): of_cast,
    ("manage_columns", "Drop column"): of_drop,
    ("manage_columns", "Rename column"): of_rename,
    ("manage_columns", "Duplicate column"): of_rename,
    ("manage_vectors", "Assemble"): of_vector,
    ("dimensionality_reduction", "PCA"): of_components,
}
