"""The section of columns: missing and invalid values, and distributions, in each part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from tilth.measures.column_cards import card, distinct, distribution, frequent, missing, share
from tilth.measures.profile import ColumnProfile
from tilth.report.blocks import Advice, Block, Cards, Cell, Fold, Points, Section, Table, Words, code, counted, exact, shown, table
from tilth.report.charts import number, percent, shares
from tilth.report.finding import Finding
from tilth.report.sections import ReportSection

MOST = 60  # most columns shown; the others are folded
LONGEST = 40  # most characters of a name in the table; its card has it in full
UNFOLDED = 30  # up to this many cards are not folded
NEARLY = 0.99  # a column whose most frequent value has this share is nearly constant
TOKENS = ("?", "n/a", "#n/a", "null", "nan", "none", "unknown", "-", "--")  # strings that may stand for a missing value
FAR = 10  # extremes this many interquartile ranges beyond the quartiles get a remark
GONE = "A blank cell means that the part does not have the column: preparation dropped or replaced it."
At: TypeAlias = Mapping[tuple[str, str], ColumnProfile]  # by column and part


def columns(found: Sequence[Finding[ColumnProfile]]) -> Section:
    """The columns of the first part, with missing values in the others; a card for each; and the columns made by preparation."""
    parts = list(dict.fromkeys(f.part for f in found))
    at = {(f.columns, f.part): f.payload for f in found}
    read = list(dict.fromkeys(f.columns for f in found if f.part == parts[0]))
    gaps = {name: at[name, parts[0]].lacking for name in read}
    here = read if len(read) <= MOST else sorted([n for n in read if gaps[n]] or read, key=lambda n: -gaps[n])[:MOST]
    blocks = [*_tables(read, here, parts, at), *_remarks(read, parts[0], at), _cards(here, parts, at)]
    made = [name for name in dict.fromkeys(f.columns for f in found) if name not in gaps]
    if made:
        title = f"{counted(len(made), 'column')} made by preparation"
        blocks.append(Fold(title, (_made(made, parts[1:], at),), printed=len(made) <= MOST))
    cells, lacking = sum(at[name, parts[0]].rows for name in read), sum(gaps.values())
    figures = ((number(len(read)), "column" if len(read) == 1 else "columns"), (share(lacking, cells), "missing or invalid values"))
    lead = _lead(len(read), sum(map(bool, gaps.values())), cells, parts[0])
    return Section("columns", "Columns", tuple(blocks), advice=tuple(_advice(found, parts[0])), lead=lead, figures=figures)


def _advice(found: Sequence[Finding[ColumnProfile]], first: str) -> list[Advice]:
    """Advice on columns with missing values in the training part, and on odd columns."""
    gaps = [code(f.columns) for f in found if f.part == "train" and f.payload.missing]
    odd = [code(f.columns) for f in found if f.part == first and remarks(f.payload)]
    hidden = {code(f.columns): value for f in found if f.part == first for value, _ in hidden_missing(f.payload)}
    values = ", ".join(map(code, dict.fromkeys(hidden.values())))
    said = [Advice(f"Values are still missing in the training part: {_few(gaps)}.", 40)] if gaps else []
    said += [Advice(f"{values} may stand for a missing value in {_few(list(hidden))}: it can be read as null.", 30)] if hidden else []
    return [*said, *([Advice(f"{counted(len(odd), 'column')} with odd values: {_few(odd)}.", 10)] if odd else [])]


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {number(len(names) - 3)} more" if len(names) > 3 else "")


# ── tables and cards ──


def _tables(read: Sequence[str], here: Sequence[str], parts: list[str], at: At) -> list[Block]:
    linked = {name: f"column-{k}" for k, name in enumerate(here)}
    blocks: list[Block] = [_states("Values of each column", here, parts, at, linked)]
    if any((name, part) not in at for name in here for part in parts[1:]):
        blocks.append(Words(GONE))
    if rest := [name for name in read if name not in linked]:
        fewer = ", with fewer gaps" if any(at[name, parts[0]].lacking for name in here) else ""
        blocks.append(Fold(f"{counted(len(rest), 'more column')}{fewer}", (_states("More columns", rest, parts, at, {}),)))
    return blocks


def _cards(here: Sequence[str], parts: list[str], at: At) -> Block:
    """A card for each of these columns."""
    of = {name: {p: at[name, p] for p in parts if (name, p) in at} for name in here}
    cards = Cards(lambda: (card(f"column-{k}", name, of[name], remarks(at[name, parts[0]])) for k, name in enumerate(here)))
    return Section("", "Each column", (cards,)) if len(here) <= UNFOLDED else Fold("Each column", (cards,))


def _lead(count: int, gaps: int, cells: int, part: str) -> str:
    where = f" of {code(part)}" if part else ""
    if not cells:
        return f"{counted(count, 'column')}{where} without rows."
    if not gaps:
        return f"No value is missing or invalid in the {counted(count, 'column')}{where}."
    return f"{number(gaps)} of the {counted(count, 'column')}{where} {'has' if gaps == 1 else 'have'} missing or invalid values."


def _states(caption: str, names: Sequence[str], parts: list[str], at: At, linked: Mapping[str, str]) -> Table:
    """A row for each column. Heads without content, such as invalid values, are left out."""
    first, later = parts[0], parts[1:]
    here = f" in {first}" if later and first else ""
    heads = (
        "column",
        "type",
        "values",
        f"missing{here}",
        f"invalid{here}",
        *(f"missing in {p}" for p in later),
        "distinct",
        "distribution",
    )
    gaps, invalid = (any(getattr(at[name, first], of) for name in names) for of in ("lacking", "invalid"))
    drawn = gaps and not later  # with several parts there is no room for a bar
    rows = []
    for name in names:
        column = at[name, first]
        gone = (missing(at.get((name, p))) for p in parts)
        bar = shares(f"{name} {first}".strip(), column.valid, column.missing, column.invalid, key=f"column {name}") if drawn else ""
        rows.append(
            (
                Cell(code(name, LONGEST), link=linked.get(name, "")),
                column.kind,
                Cell(chart=bar),
                next(gone),
                share(column.invalid, column.rows) if invalid else "",
                *gone,
                distinct(column),
                distribution(name, column),
            )
        )
    return table(caption, heads, rows, numbers=heads[3:-1], brief=25)


def _remarks(read: Sequence[str], part: str, at: At) -> list[Block]:
    """Remarks on single columns, and a note on the sample."""
    points = [f"{code(name)}: {remark}" for name in read for remark in remarks(at[name, part])]
    sampled = next((at[name, part] for name in read if at[name, part].sampled), None)
    note = (
        f"Quantiles and distributions are those of a sample of {counted(sampled.sampled or 0, 'row')}; counts are of all rows."
        if sampled
        else ""
    )
    return [*([Points(tuple(points))] if points else []), *([Words(note)] if note else [])]


def remarks(c: ColumnProfile) -> list[str]:
    """Remarks on a column: one value, nearly one value, an extreme far out, all values distinct, a string that may mean a missing value.

    >>> remarks(ColumnProfile(kind="integer", rows=9, valid=9, distinct=1, distinct_exact=True))
    ['it has the same value in every row.']
    """
    if not c.valid:
        return ["it has no values."] if c.rows else []
    if c.rows == 1:
        return []
    if c.distinct == 1:
        return ["it has the same value in every row." if c.valid == c.rows else "it has one value only."]
    found = []
    found += [f"{percent(share)} of its values are {code(value)}, which may stand for a missing one." for value, share in hidden_missing(c)]
    if c.top and c.top[0][1] >= NEARLY * c.valid:
        found.append(f"{percent(c.top[0][1] / c.valid)} of its values are {code(shown(c.top[0][0], 40))}.")
    if c.kind in ("string", "integer") and c.distinct_exact and c.distinct == c.valid > 1 and "id" not in c.roles:
        found.append("no two rows have the same value: it may be an id.")
    return [*found, *_far(c)]


def hidden_missing(c: ColumnProfile) -> list[tuple[str, float]]:
    """Frequent strings that may stand for a missing value, with their shares."""
    values, of = frequent(c)
    return [(value, n / of) for value, n in values if of and isinstance(value, str) and value.strip().casefold() in TOKENS]


def _far(c: ColumnProfile) -> list[str]:
    """A remark on extremes far beyond the quartiles, with the share of outliers."""
    ends = [c.minimum, c.p25, c.p75, c.maximum]
    if not all(isinstance(v, int | float) for v in ends):
        return []
    low, first, third, high = map(float, ends)
    room = FAR * (third - first)
    said = []
    if room and high - third > room:
        said.append(f"the largest value is {number(high)}, while three quarters are at most {number(third)}")
    if room and first - low > room:
        said.append(f"the smallest value is {number(low)}, while three quarters are at least {number(first)}")
    outside = f"; {percent(c.far_outliers)} of the values are beyond 3 interquartile ranges." if said and c.far_outliers else "."
    return [" and ".join(said) + outside] if said else []


def _made(names: Sequence[str], parts: list[str], at: At) -> Table:
    """A row for each column, with the numbers of the parts side by side."""
    there = [p for p in parts if any((name, p) in at for name in names)]
    heads = ("column", *(f"{of} in {p}" for of in ("missing", "mean", "distribution") for p in there))
    rows = []
    for name in names:
        of = {p: at.get((name, p)) for p in there}
        means = (exact(c.mean) if c and c.mean is not None else "" for c in of.values())
        rows.append((code(name), *map(missing, of.values()), *means, *(distribution(name, c).words if c else "" for c in of.values())))
    return table("Columns made by preparation", heads, rows, heads[1 : 1 + 2 * len(there)])


COLUMNS = ReportSection(ColumnProfile, columns)
