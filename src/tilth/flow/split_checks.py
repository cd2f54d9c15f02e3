"""Checks of the split for leakage: the shares of its parts, their labels, and the rows and keys that they share; and their section."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from sqlglot import exp

from tilth.data import BELOW, Dataset
from tilth.engine.expressions import alias, col, eq, gt, if_else, is_null, lit, not_, or_
from tilth.engine.layers import table as table_of
from tilth.engine.operations.aggregates import CountIf, SumOrZero
from tilth.engine.session import Session
from tilth.engine.statistics import Statistic
from tilth.errors import RequestError
from tilth.metrics.keys import Frequencies
from tilth.metrics.metric import measured
from tilth.report import Finding, Payload
from tilth.report.blocks import Advice, Block, Section, Words, code, counted, shown, table
from tilth.report.charts import number, percent
from tilth.report.sections import ReportSection

TRAIN = "train"
SPLIT = "split"  # the column that says which part a row belongs to
SHARE = "share of rows"
LABEL = "label: total variation distance from train"
ROWS = "rows also in the training part"
KEYS = "keys also in the training part"


@dataclass(frozen=True)
class SplitCheck(Payload):
    """One check of one part: `rows` that it concerns, `of` how many, the `columns` compared, and label → share."""

    KIND: ClassVar[str] = "split"
    rows: int | None = None
    of: int | None = None
    columns: tuple[str, ...] = ()
    shares: Mapping[str, float] = field(default_factory=dict)


def split_findings(data: Dataset, engine: Session) -> list[Finding[SplitCheck]]:
    """Shares of the parts, the label in each part, and rows and keys that a part shares with the training part."""
    by_part = measured(data, [Frequencies((SPLIT,))], engine)[Frequencies((SPLIT,))]
    rows = {str(key[0]): n for key, n in by_part.items() if key[0] is not None}
    if not rows.get(TRAIN):
        hint = "give the part a larger share, or split by something else"
        raise RequestError("the training part of the split has no rows", hint=hint, code="empty-part")
    total = sum(rows.values())
    findings = [Finding(SHARE, value=n / total, part=name, payload=SplitCheck(rows=n)) for name, n in sorted(rows.items())]
    findings += _label_findings(data, rows, engine)
    others = sorted(set(rows) - {TRAIN})
    roles = data.roles
    content = [n for n in data.names if n != SPLIT and n not in roles.id]
    checks = [(ROWS, tuple(content))]
    checks += [(KEYS, keys) for keys in (roles.id, roles.group) if keys]
    for title, columns in checks:
        for name, shared in shared_with_training(data, columns, others, engine).items():
            payload = SplitCheck(shared, rows[name], tuple(columns))
            findings.append(Finding(title, columns if len(columns) < 6 else (), shared / rows[name], part=name, payload=payload))
    return findings


def _label_findings(data: Dataset, rows: Mapping[str, int], engine: Session) -> list[Finding[SplitCheck]]:
    label = data.roles.label
    if label is None:
        return []
    metric = Frequencies((SPLIT, label))
    rows_by_label = measured(data, [metric], engine)[metric]
    shares = {part: {str(key[1]): n / rows[part] for key, n in rows_by_label.items() if key[0] == part} for part in rows}
    values = sorted({v for share in shares.values() for v in share})
    findings = []
    for part in sorted(rows):
        distance = sum(abs(shares[part].get(v, 0) - shares[TRAIN].get(v, 0)) for v in values) / 2
        findings.append(Finding(LABEL, (label,), distance, part=part, payload=SplitCheck(shares=shares[part])))
    return findings


def shared_with_training(data: Dataset, columns: Iterable[str], parts: Sequence[str], engine: Session) -> dict[str, int]:
    """For each part, its number of rows whose values in some columns also occur in the training part; wholly null ones are left out."""
    keys = [col(c) for c in columns]
    if not keys or not parts:
        return {}
    sizes = {name: f"n{i}" for i, name in enumerate((TRAIN, *parts))}
    numbers = [alias(CountIf.of(eq(col(SPLIT), lit(name))), n) for name, n in sizes.items()]
    groups = exp.Select(expressions=[*(alias(k, f"k{i}") for i, k in enumerate(keys)), *numbers]).from_(table_of(BELOW), copy=False)
    groups.where(or_(*(not_(is_null(k)) for k in keys)), copy=False).group_by(*(k.copy() for k in keys), copy=False)
    grouped = data.rows(groups, out=(*(f"k{i}" for i in range(len(keys))), *sizes.values()))
    shared = {name: Statistic(SumOrZero.of(if_else(gt(col(sizes[TRAIN]), lit(0)), col(sizes[name]), lit(0)))) for name in parts}
    answer = engine.answer(grouped, shared.values())
    return {name: int(answer[s]) for name, s in shared.items()}


# ── the section ──


def split(findings: Sequence[Finding[SplitCheck]]) -> Section:
    """Sizes and labels of each part, then what the parts share with the training part."""
    blocks: list[Block] = []
    leaks = [leak for f in findings if (leak := leak_message(f))]
    if leaks:
        blocks += [Words(leak, "bad") for leak in leaks]
    elif any(f.name in (ROWS, KEYS) for f in findings):
        blocks.append(Words("No row or key is in two parts.", "good"))
    sizes = sorted((f for f in findings if f.name == SHARE), key=lambda f: f.part != "train")
    if sizes:
        blocks.append(_sizes(sizes, [f for f in findings if f.name == LABEL]))
    others = [f for f in findings if f.name not in (SHARE, LABEL)]
    if others:
        heads = ("check", "columns", "part", "rows", "share")
        rows = [(f.name, _columns(f), code(f.part), _of(f.payload), percent(f.number)) for f in others]
        blocks.append(table("What the parts have in common", heads, rows, ["rows", "share"]))
    return Section("split", "The split", tuple(blocks), advice=tuple(Advice(leak, 70) for leak in leaks[:2]))


def leak_message(finding: Finding[SplitCheck]) -> str:
    """What a part shares with the training part, in words; nothing where that is nothing."""
    n = finding.payload.rows
    if finding.name not in (ROWS, KEYS) or not n:
        return ""
    what = "equal to a row of the training part" if finding.name == ROWS else f"with a key ({_columns(finding)}) of the training part"
    return (
        f"{counted(n, 'row')} of {code(finding.part)} {'is' if n == 1 else 'are'} {what}: a score measured there would flatter the model."
    )


def _columns(finding: Finding[SplitCheck]) -> str:
    columns = finding.subject or finding.payload.columns
    shown_ = ", ".join(code(c) for c in columns[:4])
    return f"{shown_} … ({len(columns)} in all)" if len(columns) > 4 else shown_


def _of(payload: SplitCheck) -> str:
    return "" if payload.rows is None else number(payload.rows) if payload.of is None else f"{number(payload.rows)} of {number(payload.of)}"


def _sizes(sizes: list[Finding[SplitCheck]], labels: list[Finding[SplitCheck]]) -> Block:
    by_part = {f.part: f for f in labels}
    values = list(dict.fromkeys(v for f in labels for v in f.payload.shares))[:8]
    label = ", ".join(labels[0].subject) if labels else ""
    heads = ["part", "rows", "share", *(code(f"{label} = {shown(v, 40)}") for v in values)]
    heads += ["distance of these shares from train"] if labels else []
    rows = []
    for f in sizes:
        about = by_part.get(f.part)
        row = [code(f.part), number(f.payload.rows), percent(f.number)]
        row += [percent(about.payload.shares.get(v, 0.0)) if about else "" for v in values]
        rows.append([*row, *([number(about.number) if about else ""] if labels else [])])
    return table("The parts", tuple(heads), rows, heads[1:])


SPLIT_SECTION = ReportSection(SplitCheck, split)
