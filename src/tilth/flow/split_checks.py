"""Checks a split for leakage: the shares and labels of its parts, and the rows and keys that they share. Its section of the report."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import accumulate, pairwise
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import BELOW, Dataset, Kind, Roles
from tilth.data.origin import ORIGIN, ORIGINAL, SYNTHETIC
from tilth.engine.expressions import alias, col, eq, gt, if_else, is_null, lit, not_, or_
from tilth.engine.layers import table as table_of
from tilth.engine.operations.aggregates import CountIf, SumOrZero
from tilth.engine.operations.hashing import EngineHash, has_string
from tilth.engine.session import Session
from tilth.engine.statistics import Statistic
from tilth.errors import Mistake, Place, RequestError, joined
from tilth.metrics.columns import Maximum, Minimum
from tilth.metrics.keys import DistinctKeys, Frequencies
from tilth.metrics.metric import measured
from tilth.report import Finding, Payload
from tilth.report.blocks import Advice, Block, Section, Words, code, counted, exact, shown, table
from tilth.report.charts import number, percent
from tilth.report.sections import ReportSection
from tilth.steps.rows.split import GAP, SPLIT, Split
from tilth.yaml import yaml_string, yaml_value

TRAIN = "train"
SHARE = "share of rows"
LABEL = "label: total variation distance from train"
ROWS = "rows also in the training part"
KEYS = "keys also in the training part"
NEAR = "rows with nearly the same text as a training row"
BUT_LABEL = "rows also in the training part, except for the label"
CONFLICT = "groups of equal rows with different labels"
GROUPS = "similarity of labels in groups"
UNSEEN = "values that the training part lacks"
OUTSIDE = "values outside the range of the training part"
TELLS = "AUC of a column: the part or train"
MODEL = "AUC of a model: the part or train"
CLASSES = "rows of a class"
INTERVAL = "half-width of the interval of a share"
SHARED = (ROWS, BUT_LABEL, KEYS, CONFLICT)
LACKED = (UNSEEN, OUTSIDE)
ORDER = "order of rows"
GAPS = "gap of a split by time"
FOLDS = "rows tested in a fold"
ORIGINS = "origin of rows"
KEPT = ("seed", "folds", "allow_empty")  # parameters that keep their meaning when `by` changes
YAML = ",:[]{}#&*!|>'\"%@`"  # characters that may change the meaning of a word in YAML
FEWEST = 5  # rows of a class that a statement needs
FEW = 20  # labels shown one by one; more numbers than that are shown as ranges
MOST_LACKED = 20
ENOUGH = 3  # with at least this many columns of numbers and times, only these are hashed: ten times as fast as strings


@dataclass(frozen=True)
class SplitCheck(Payload):
    """One check of one part: `rows` of `of` are affected; `columns` were compared; `shares` are the shares of the labels.

    `ranges`: whether the shares are of ranges of labels. `meaning` is the meaning of the order of rows; `remedy` is a line for the flow.
    """

    KIND: ClassVar[str] = "split"
    rows: int | None = None
    of: int | None = None
    columns: tuple[str, ...] = ()
    shares: Mapping[str, float] = field(default_factory=dict)
    ranges: bool = False
    meaning: str = ""
    remedy: str = ""


def split_line(split: Split, by: str, **more: Any) -> str:
    """The line of a flow for the same split by something else; `more` are further parameters.

    >>> split_line(Split({"train": 0.8, "test": 0.2}, folds=5), "group(customer)")
    'split: {train: 0.8, test: 0.2, by: group(customer), folds: 5}'
    """
    kept = {name: value for name, value in split.parameters().items() if name in KEPT} | more
    shares = {} if split.folds and len(split.shares) == 1 else dict(split.shares)
    words = [f"{yaml_string(name)}: {share:g}" for name, share in shares.items()]
    words += [f"by: {yaml_string(by) if set(by) & set(YAML) else by}", *(f"{name}: {yaml_value(value)}" for name, value in kept.items())]
    return f"split: {{{', '.join(words)}}}"


def size_findings(
    split: Split, columns: Sequence[str], data: Dataset, engine: Session, place: Place | None = None
) -> list[Finding[SplitCheck]]:
    """The rows and the share of each part. `columns` are those that the split is by, `place` is its own in the flow file.

    Errors: `RequestError` for a part without rows, unless the split allows that; a training part always has rows.
    """
    by_part = measured(data, [Frequencies((SPLIT,))], engine)[Frequencies((SPLIT,))]
    rows = {name: 0 for name, _ in split.shares if engine.answers_are_real} | {str(key[0]): n for key, n in by_part.items()}
    empty = [name for name, n in rows.items() if not n]
    if TRAIN in empty or (empty and not split.allow_empty):
        mistake = _empty_parts(empty, rows, split, columns, data, engine)
        raise RequestError(mistake.at(place) if place else mistake)
    total = sum(rows.values())
    return [Finding(SHARE, value=n / total, part=name, payload=SplitCheck(rows=n)) for name, n in sorted(rows.items())]


def fold_finding(fold: int, trained: int, tested: int) -> Finding[SplitCheck]:
    """The rows of the training part that a fold is tested on, `of` those and the ones that it is trained on."""
    return Finding(FOLDS, value=tested / (trained + tested), part=f"fold {fold}", payload=SplitCheck(tested, trained + tested))


def origin_findings(data: Dataset, engine: Session, place: Place | None = None) -> list[Finding[SplitCheck]]:
    """Where the rows of each part come from, for a table that says so in `_origin`; null is original.

    Errors: `RequestError` for rows outside of the training part that are not original; a wholly synthetic table has no others.
    """
    if ORIGIN not in data.names or not engine.answers_are_real:
        return []
    counts = measured(data, [Frequencies((SPLIT, ORIGIN))], engine)[Frequencies((SPLIT, ORIGIN))]
    parts: dict[str, dict[str, int]] = {}
    for (part, origin), n in counts.items():
        origin = ORIGINAL if origin is None else str(origin)
        rows = parts.setdefault(str(part), {})
        rows[origin] = rows.get(origin, 0) + n
    if any(origin != SYNTHETIC for rows in parts.values() for origin in rows):
        RequestError.reject(_made_rows(part, rows, place) for part, rows in parts.items() if part != TRAIN and {*rows} - {ORIGINAL})
    return [
        Finding(ORIGINS, (ORIGIN,), part=part, payload=SplitCheck(shares={o: n / sum(rows.values()) for o, n in sorted(rows.items())}))
        for part, rows in sorted(parts.items())
    ]


def _made_rows(part: str, rows: Mapping[str, int], place: Place | None) -> Mistake:
    made = ", ".join(f"{n:,} {origin}" for origin, n in sorted(rows.items()) if origin != ORIGINAL)
    message = f"the part {part} has rows that are not original ({ORIGIN}: {made}): a score measured there would not be of the data"
    hint = "filter them in `rows`; rows that `balance` makes in `training` are of the training part only"
    mistake = Mistake(message, hint=hint, code="made-rows")
    return mistake.at(place) if place else mistake


HINTS = {
    "hash": "give the part a larger share, or say `exact: true`",
    "group": "give the part a larger share, or try another `seed`: a group is not divided",
    "stratified_group": "give the part a larger share, or split by group: a group is not divided",
    "stratified": "give the part a larger share, or split by hash",
    "rule": "change its condition",
    "given": "change its values",
}
"""`by` → what helps against a part without rows."""


def _empty_parts(
    empty: Sequence[str], rows: Mapping[str, int], split: Split, columns: Sequence[str], data: Dataset, engine: Session
) -> Mistake:
    """The mistake for parts without rows: the rule of the split, the rows of all parts, and the content of the columns that it uses."""
    by = f"split by {split.by}({', '.join(columns)})"
    if not any(rows.values()):
        return Mistake(f"{by}: the table has no rows, and so the training part has none", code="empty-part")
    counts = ", ".join(f"{name} {n:,}" for name, n in rows.items())
    keys, ends = DistinctKeys(tuple(columns)), [Minimum(columns[0]), Maximum(columns[0])]
    found = measured(data, [keys, *(ends if split.by not in HINTS else ())], engine)
    holds = f"{joined(columns)} {'has' if len(columns) == 1 else 'have'} {counted(found[keys], 'distinct value')}"
    if split.by not in HINTS and columns[0] not in data.roles.private:
        holds += f", from {shown(found[ends[0]])} to {shown(found[ends[1]])}"
    hint = HINTS.get(split.by, "split by another column, or by hash")
    return Mistake(
        f"{by}: no rows are left for {' and '.join(empty)} ({counts}): {holds}",
        hint=hint if TRAIN in empty else f"{hint}; to have it empty, say `allow_empty: true`",
        code="empty-part",
    )


def split_findings(
    data: Dataset, sizes: Iterable[Finding[SplitCheck]], engine: Session, kept_together: Callable[[Sequence[str]], bool], split: Split
) -> list[Finding[SplitCheck]]:
    """Compare the label in each part, and count rows and keys that a part shares with the training part. `sizes` has the rows of each part.

    `kept_together` tells whether the split guarantees that rows with equal values in some columns are in one part.
    """
    rows = {f.part: n for f in sizes if (n := f.payload.rows)}
    findings: list[Finding[SplitCheck]] = []
    findings += _label_findings(data, rows, engine)
    findings += _class_findings(findings, rows, split, data.roles)
    others = sorted(set(rows) - {TRAIN, GAP})  # rows in the gap are not delivered
    roles = data.roles
    content = [n for n in data.names if n != SPLIT and n not in roles.id]
    checks = [(ROWS, tuple(content))]
    checks += [(KEYS, keys) for role in (roles.id, roles.group) if (keys := tuple(c for c in role if c in data.names))]
    for title, columns in checks:
        found = dict.fromkeys(others, 0) if kept_together(columns) else shared_with_training(data, columns, others, engine)
        for name, shared in found.items():
            payload = SplitCheck(shared, rows[name], tuple(columns))
            findings.append(Finding(title, columns if len(columns) < 6 else (), shared / rows[name], part=name, payload=payload))
    return findings


def _label_findings(data: Dataset, rows: Mapping[str, int], engine: Session) -> list[Finding[SplitCheck]]:
    label = data.roles.label
    if label is None:
        return []
    metric = Frequencies((SPLIT, label))
    rows_by_label = measured(data, [metric], engine)[metric]
    ends = _ends({value: n for (part, value), n in rows_by_label.items() if part == TRAIN})
    shares = {part: dict.fromkeys(_ranges(ends), 0.0) for part in rows}
    for (part, value), n in rows_by_label.items():
        name = str(value) if value is None or not ends else _ranges(ends)[bisect_left(ends, value)]
        shares[part][name] = shares[part].get(name, 0.0) + n / rows[part]
    values = sorted({v for share in shares.values() for v in share})
    findings = []
    for part in sorted(rows):
        distance = sum(abs(shares[part].get(v, 0) - shares[TRAIN].get(v, 0)) for v in values) / 2
        findings.append(Finding(LABEL, (label,), distance, part=part, payload=SplitCheck(shares=shares[part], ranges=bool(ends))))
    return findings


def _class_findings(
    labels: Sequence[Finding[SplitCheck]], rows: Mapping[str, int], split: Split, roles: Roles
) -> Iterator[Finding[SplitCheck]]:
    """Report classes with fewer than five rows in a part, and the margin of error of a share that is measured in a part.

    The margin is 1.96·√(p(1 − p)/n), where p is the share of the most frequent class in the part.
    """
    known = [f for f in labels if f.payload.shares and not f.payload.ranges]
    classes = {v for f in known for v, share in f.payload.shares.items() if share and v != "None"}
    for f in known:
        n, shares = rows[f.part], f.payload.shares
        if f.part != TRAIN and n:
            p = max(shares.values())
            yield Finding(INTERVAL, f.subject, 1.96 * math.sqrt(p * (1 - p) / n), part=f.part, payload=SplitCheck(of=n))
        few = {v: round(shares.get(v, 0) * n) for v in sorted(classes)}
        few = {v: m for v, m in few.items() if m < FEWEST and len(classes) <= FEW}
        if few:
            named = joined([f"{v} ({m})" for v, m in list(few.items())[:4]])
            which = counted(len(few), "class", "classes") if roles.label in roles.private else f"{roles.label} = {named}"
            message = f"{f.part} has fewer than {FEWEST} rows of {which}: "
            message += "too few to learn from." if f.part == TRAIN else "a score for it means nothing."
            remedy = split_line(split, f"stratified({roles.label})") if split.by == "hash" else ""
            yield Finding(CLASSES, f.subject, part=f.part, message=message, payload=SplitCheck(meaning="few", remedy=remedy))


def _ends(rows: Mapping[Any, int]) -> list[Any]:
    """For a label of more than `FEW` distinct numbers: the upper ends of the first four of five ranges with about equal numbers of rows.

    `rows` has the number of training rows of each label. Other labels have no ranges.
    """
    known = sorted((v, n) for v, n in rows.items() if v is not None) if {type(v) for v in rows} <= {int, float, Decimal, type(None)} else []
    if len(known) <= FEW:
        return []
    total, seen = sum(n for _, n in known), accumulate(n for _, n in known)
    fifths = {5 * so_far // total: value for (value, _), so_far in reversed(list(zip(known, seen, strict=True)))}
    return sorted(fifths[i] for i in fifths if 0 < i < 5)


def _ranges(ends: Sequence[Any]) -> list[str]:
    """The names of the ranges with these ends."""
    if not ends:
        return []
    between = [f"{number(low)} to {number(high)}" for low, high in pairwise(ends)]
    return [f"up to {number(ends[0])}", *between, f"above {number(ends[-1])}"]


def shared_with_training(data: Dataset, columns: Sequence[str], parts: Sequence[str], engine: Session) -> dict[str, int]:
    """For each part, the number of rows whose values in some columns also occur in the training part, without rows that are all null.

    Only rows whose hash occurs both in the training part and in another part are grouped by their values; usually there are none.
    """
    keys = [col(c) for c in columns]
    if not keys or not parts:
        return {}
    sizes = {name: f"n{i}" for i, name in enumerate((TRAIN, *parts))}
    numbers = [alias(CountIf.of(eq(col(SPLIT), lit(name))), n) for name, n in sizes.items()]
    groups = exp.Select(expressions=[*(alias(k, f"k{i}") for i, k in enumerate(keys)), *numbers]).from_(table_of(BELOW), copy=False)
    groups.where(or_(*(not_(is_null(k)) for k in keys)), *_candidates(data, columns, engine), copy=False)
    groups.group_by(*(k.copy() for k in keys), copy=False)
    grouped = data.rows(groups, out=(*(f"k{i}" for i in range(len(keys))), *sizes.values()))
    shared = {name: Statistic(SumOrZero.of(if_else(gt(col(sizes[TRAIN]), lit(0)), col(sizes[name]), lit(0)))) for name in parts}
    answer = engine.answer(grouped, shared.values())
    return {name: int(answer[s]) for name, s in shared.items()}


def _candidates(data: Dataset, columns: Sequence[str], engine: Session) -> list[Tree]:
    """The condition that keeps rows whose hash occurs in several parts. None for a single column."""
    if len(columns) == 1:
        return []
    kinds = engine.schema(data, columns)
    short = [c.name for c in kinds if c.kind in (Kind.INTEGER, Kind.FLOAT, Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMP_TZ)]
    chosen = short if len(short) >= ENOUGH else [c.name for c in kinds if has_string(c)]
    found = EngineHash.of(*map(col, chosen))
    inside, outside = (exp.Select(expressions=[found.copy()]).from_(table_of(BELOW), copy=False) for _ in range(2))
    outside.where(not_(eq(col(SPLIT), lit(TRAIN))), copy=False)
    inside.where(eq(col(SPLIT), lit(TRAIN)), _among(found, outside), copy=False)
    return [_among(found, inside)] if chosen else []


def _among(value: Tree, query: exp.Select) -> Tree:
    return exp.In(this=value.copy(), query=exp.Subquery(this=query))


# ── the section ──


def split(findings: Sequence[Finding[SplitCheck]]) -> Section:
    """The sizes and labels of the parts, then what they share with the training part."""
    blocks: list[Block] = []
    leaks = [leak for f in findings if (leak := leak_message(f))]
    checked = any(f.name in (ROWS, KEYS) for f in findings)
    blocks += [Words(leak, "bad") for leak in leaks]
    said = [f for f in findings if f.message]
    blocks += [Words(_said(f), "bad" if f.payload.remedy else "good" if f.payload.meaning == "none" else "unknown") for f in said]
    blocks += [Words("No row or key is in two parts.", "good")] if checked and not leaks else []
    sizes = sorted((f for f in findings if f.name == SHARE), key=lambda f: f.part != "train")
    if sizes:
        blocks.append(_sizes(sizes, [f for f in findings if f.name == LABEL], {f.part: f for f in findings if f.name == INTERVAL}))
    folds = [f for f in findings if f.name == FOLDS]
    blocks += [_folds(folds)] if folds else []
    if origins := [f for f in findings if f.name == ORIGINS]:
        blocks.append(_origins(origins))
    blocks += _lacked([f for f in findings if f.name in LACKED and not f.message])
    blocks += _told([f for f in findings if f.name in (TELLS, MODEL)])
    shown_above = (SHARE, LABEL, FOLDS, ORIGINS, INTERVAL, TELLS, MODEL, *LACKED)
    others = [f for f in findings if f.name not in shown_above and not f.message]
    if others:
        heads = ("check", "columns", "part", "rows", "share")
        rows = [(f.name, _columns(f), code(f.part) if f.part else "all", _of(f.payload), percent(f.number)) for f in others]
        blocks.append(table("Rows that the parts share", heads, rows, ["rows", "share"]))
    shared = ["rows or keys are in two parts" if leaks else "no row or key is in two parts"] if checked else []
    lead = ", ".join([*(f"{code(f.part)} {counted(f.payload.rows or 0, 'row')}" for f in sizes), *shared]) + "."
    advice = [Advice(leak, 70) for leak in leaks[:2]] + [Advice(_said(f), 60) for f in said if f.payload.remedy]
    return Section("split", "The split", tuple(blocks), advice=tuple(advice), lead=lead)


def _origins(findings: Sequence[Finding[SplitCheck]]) -> Block:
    known = sorted({origin for f in findings for origin in f.payload.shares})
    rows = [(code(f.part), *(percent(f.payload.shares.get(origin, 0.0)) for origin in known)) for f in findings]
    return table("Where the rows of each part come from", ("part", *map(code, known)), rows, list(map(code, known)))


def _said(finding: Finding[SplitCheck]) -> str:
    """The message of a finding, with what to write in the flow."""
    remedy = finding.payload.remedy
    return f"{finding.message} Write {code(remedy, 200)}." if remedy else finding.message


def leak_message(finding: Finding[SplitCheck]) -> str:
    """What a part shares with the training part, in words, or an empty string."""
    n = finding.payload.rows
    if finding.name not in (ROWS, KEYS) or not n:
        return ""
    what = "equal to a row of the training part" if finding.name == ROWS else f"with a key ({_columns(finding)}) of the training part"
    return (
        f"{counted(n, 'row')} of {code(finding.part)} {'is' if n == 1 else 'are'} {what}: a score measured there would overstate the model."
    )


def _columns(finding: Finding[SplitCheck]) -> str:
    columns = finding.subject or finding.payload.columns
    shown_ = ", ".join(code(c) for c in columns[:4])
    return f"{shown_} … ({len(columns)} in all)" if len(columns) > 4 else shown_


def _of(payload: SplitCheck) -> str:
    return "" if payload.rows is None else number(payload.rows) if payload.of is None else f"{number(payload.rows)} of {number(payload.of)}"


def _folds(folds: Sequence[Finding[SplitCheck]]) -> Block:
    heads = ("fold", "rows trained on", "rows tested", "share tested")
    trained = [(f.payload.of or 0) - (f.payload.rows or 0) for f in folds]
    rows = [(f.part, number(n), number(f.payload.rows), percent(f.number)) for f, n in zip(folds, trained, strict=True)]
    return table("The folds of the training part", heads, rows, heads[1:])


def _lacked(found: Sequence[Finding[SplitCheck]]) -> list[Block]:
    """Values of other parts that the training part lacks, by decreasing number of rows."""
    rows = [(_columns(f), f.name, code(f.part), _of(f.payload), percent(f.number)) for f in sorted(found, key=lambda f: -(f.number or 0))]
    heads = ("column", "what", "part", "rows", "share")
    return [table("Values that the model has not seen in training", heads, rows[:MOST_LACKED], ["rows", "share"])] if rows else []


def _told(found: Sequence[Finding[SplitCheck]]) -> list[Block]:
    """The columns, or a model, that distinguish a part from the training part."""
    rows = [(_columns(f) if f.subject else "a model of all columns", code(f.part), exact(f.number)) for f in found]
    caption = "What distinguishes a part from the training part, out of fold (0.5: nothing)"
    return [table(caption, ("column", "part", "AUC"), rows, ["AUC"])] if rows else []


def _sizes(sizes: list[Finding[SplitCheck]], labels: list[Finding[SplitCheck]], known: Mapping[str, Finding[SplitCheck]]) -> Block:
    by_part = {f.part: f for f in labels}
    values = list(dict.fromkeys(v for f in labels for v in f.payload.shares))[:8]
    label = ", ".join(labels[0].subject) if labels else ""
    ranges = bool(labels) and labels[0].payload.ranges
    heads = ["part", "rows", "share", *(shown(v, 40) if ranges else code(f"{label} = {shown(v, 40)}") for v in values)]
    heads += ["distance from train"] if labels else []
    heads += ["margin of error of a share"] if known else []
    rows = []
    for f in sizes:
        about = by_part.get(f.part)
        row = [code(f.part), number(f.payload.rows), percent(f.number)]
        row += [percent(about.payload.shares.get(v, 0.0)) if about else "" for v in values]
        row += [exact(about.number) if about and f.part != GAP else ""] if labels else []
        row += [percent(known[f.part].number) if f.part in known else ""] if known else []
        rows.append(row)
    return table(f"The parts, and {code(label)} in them" if ranges else "The parts", tuple(heads), rows, heads[1:])


SPLIT_SECTION = ReportSection(SplitCheck, split)
