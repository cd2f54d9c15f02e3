"""Describes everything in the data that could silently go wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tilth.data import Kind, Roles
from tilth.data.names import names_age
from tilth.drafting.steps import alike, counted
from tilth.drafting.summary import NEARLY_NONE, ColumnSummary, TableSummary
from tilth.engine.user_sql.writing import fits_rule
from tilth.errors import listed
from tilth.flow.order import RowOrder
from tilth.report import blocks
from tilth.report.charts.numbers import percent
from tilth.steps.rows.split import SPLIT
from tilth.yaml import yaml_value

OLDEST = 120  # years
MANY_COLUMNS = 4  # up to this many columns are named individually
EMPTY = "is nearly empty: "
SPARSE = f"{EMPTY}fewer than {percent(NEARLY_NONE)} of the rows have a value"  # of many columns


def pitfalls(table: TableSummary) -> Iterator[str]:
    """One sentence per pitfall: of reading, of columns, and of the whole table."""
    if not table.rows:
        yield "there are no rows: nothing can be guessed or learned"
        return
    yield from _of_reading(table)
    yield from _of_columns(table)
    yield from _of_label(table)
    yield from _of_rows(table)


def _of_reading(table: TableSummary) -> Iterator[str]:
    for reason in dict.fromkeys(table.reading.reasons.values()):
        options = [option for option, why in table.reading.reasons.items() if why == reason]
        given = (o if o == "names" else f"{o}: {yaml_value(table.reading.options[o])}" for o in options)
        yield f"{reason}: read with {', '.join(given)}"
    if table.nulls:
        yield f"missing values are written as {', '.join(table.nulls)}"


def _of_columns(table: TableSummary) -> Iterator[str]:
    """The pitfalls of columns, in order. A pitfall that many columns share is described once, with the first of them."""
    groups = {s.name for s in table.groups}
    written = {several[0].name: several for several in alike(table.seen) if any(map(_says_form, several))}
    many = sum(s.nearly_empty for s in table.seen) > MANY_COLUMNS
    doubted = {s.name: [SPARSE if many and d.startswith(EMPTY) else d for d in doubts(s)] for s in table.seen}
    shared = Counter(doubt for several in doubted.values() for doubt in several)
    said = set[str]()
    for s in table.seen:
        for doubt in doubted[s.name]:
            if shared[doubt] <= MANY_COLUMNS:
                yield f"{s.name} {doubt}"
            elif doubt not in said:
                said.add(doubt)
                others = [t.name for t in table.seen if t is not s and doubt in doubted[t.name]]
                yield f"{s.name} {doubt}; the same holds of {listed(others, most=MANY_COLUMNS)}"
        if several := [t for t in written.get(s.name, ()) if _says_form(t)]:
            are = "are" if len(several) > 1 else "is"
            yield f"{listed([t.name for t in several], most=MANY_COLUMNS)} {are} read as {several[0].kind}: {counted(*several)}"
        yield from _of_column(s, table.roles, s.name in groups)


def _says_form(s: ColumnSummary) -> bool:
    return bool(s.disguise and not s.separator and s.meant is not Kind.BOOLEAN and s.present and not s.private)


def doubts(s: ColumnSummary) -> Iterator[str]:
    """Oddities of the values of a column, independent of its role. Values of private columns are not shown."""
    if not s.present:
        yield "has no values"
    elif s.constant:
        yield "is constant: it carries no information" if s.full else "has a single value: only its nulls carry information"
    elif s.nearly_empty:
        yield f"{EMPTY}{s.present:,} of {s.rows:,} rows have a value"
    if s.placeholder is not None and not s.private:
        yield f'holds {s.placeholder}, which may mean "not known"'
    elif names_age(s.name) and not s.private and isinstance(s.low, int | float) and not 0 <= s.low <= s.high <= OLDEST:
        yield f"ranges from {s.low:.6g} to {s.high:.6g}"
    if s.infinite:
        yield f"is infinite in {s.infinite:,} rows"
    if s.private:
        yield f"looks private: {s.private}"
    elif s.spellings:
        yield f"has several spellings of one value: {', '.join(map(repr, s.spellings))}"


def _of_column(s: ColumnSummary, roles: Roles, is_group: bool) -> Iterator[str]:
    if s.ambiguous:
        yield f"{s.name} may hold names of persons (no other column is about persons): if it does, add `private: [{s.name}]` to the roles"
    if s.untrainable:
        yield f"{s.name} has no value in the training part of the split"
    if s.duplicate_of:
        yield f"{s.name} duplicates {s.duplicate_of}: their values correspond one to one"
    if s.leakage:
        yield f"{s.name} may leak the label: {s.leakage}"
    if s.name in roles.id and not s.unique:
        yield f"{s.name} should be unique, but has {s.distinct:,} values in {s.rows:,} rows"
    elif s.near_unique and not s.private and s.name not in (*roles.id, roles.label):
        yield f"{s.name} is nearly an id ({s.distinct:,} values in {s.rows:,} rows): not a feature"
    elif is_group:
        yield f"{s.name} has {s.distinct:,} values in {s.rows:,} rows: a split by rows puts rows with the same value into train and test"
    if not fits_rule(s.name):
        yield f"{s.name} has a name that cannot be written in a rule"
    if s.name.casefold() == SPLIT:
        yield f"{s.name} has the name of the column that the split adds, and is dropped; if it already divides the rows, remove the split"


def _of_label(table: TableSummary) -> Iterator[str]:
    label = table.roles.label
    if not label:
        return
    counts = table.label_counts.values()
    if table.unbalanced:
        yield f"the label is unbalanced: {min(counts):,} of {sum(counts):,} rows have its rarest value"
    for s in filter(table.waits, table.seen):
        yield f"{s.name} may be the time until {label}, which is not known when a row is predicted: left out of the features"
    if missing := table.of(label).missing:
        yield f"the label is missing in {missing:,} rows"


def _of_rows(table: TableSummary) -> Iterator[str]:
    if total := table.total:
        yield f"the last row is a total ({total.column} is {total.value}): {total.evidence}; the rules see it, then a filter drops it"
    if table.copies:
        apart = f", but for {table.key.name}" if table.key and table.key.unique else ""
        verb = "is a duplicate" if table.copies == 1 else "are duplicates"
        yield f"{blocks.counted(table.copies, 'row')} {verb} of an earlier row{apart}"
    if not table.divisible:
        yield "there are too few distinct rows to split: equal rows stay together"
    elif time := table.roles.time or (table.written_time.name if table.written_time else ", ".join(table.times)):
        yield f"rows have a time ({time}): a random split would train on the future"
    else:
        yield from _of_order(table.order, table.roles)


def _of_order(order: RowOrder, roles: Roles) -> Iterator[str]:
    names = listed(order.columns, most=4)
    match order.meaning:
        case "label":
            yield f"rows are ordered by {roles.label}: add the step `shuffle` to `training` for a model that learns row by row"
        case "time":
            yield f"rows are in order of {order.by}, which leaves none for testing, and alike in {names}: a test says more than is true"
        case "group":
            yield f"rows of the same {order.by} stand together, alike in {names}: a random split would test on rows like those trained on"
        case "other":
            how = f"ordered by {order.by}, and within its values" if order.by else "in an order:"
            yield f"rows are {how} neighbours are alike in {names}. If it is that of time, a random split would train on the future"
