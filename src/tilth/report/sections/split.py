"""The split: how large the parts are, and whether they are honest with each other."""

from __future__ import annotations

from tilth.report.blocks import Block, Section, Words, code, shown, table
from tilth.report.charts import number, percent
from tilth.report.report import Finding, FindingKind, Report
from tilth.report.sections import given

SHARE = "share of rows"
LABEL = "label: total variation distance from train"
ROWS = "rows that stand in the training part too"
KEYS = "keys that stand in the training part too"


def split(report: Report) -> Section | None:
    """Sizes and labels per part, then what one part knows of another."""
    found = report.of(FindingKind.SPLIT)
    if not found:
        return None
    blocks: list[Block] = []
    leaks = [leak for f in found if (leak := leak_told(f))]
    if leaks:
        blocks += [Words(leak, "bad") for leak in leaks]
    elif any(f.name in (ROWS, KEYS) for f in found):
        blocks.append(Words("No row and no key stands in two parts.", "good"))
    sizes = sorted((f for f in found if f.name == SHARE), key=lambda f: f.part != "train")
    if sizes:
        blocks.append(_sizes(sizes, [f for f in found if f.name == LABEL]))
    others = [f for f in found if f.name not in (SHARE, LABEL)]
    if others:
        heads = ("check", "columns", "part", "rows", "share")
        rows = [(f.name, _columns(f), code(f.part), _of(f), percent(given.as_number(f.value))) for f in others]
        blocks.append(table("What the parts have in common", heads, rows, ["rows", "share"]))
    return Section("split", "The split", tuple(blocks))


def leak_told(finding: Finding) -> str:
    """What a part shares with the training part, in words; nothing where that is nothing."""
    n = given.count(finding, "rows")
    if finding.name not in (ROWS, KEYS) or not n:
        return ""
    what = "equal to a row of the training part" if finding.name == ROWS else f"with a key ({_columns(finding)}) of the training part"
    return f"{given.rows(n)} of {code(finding.part)} {'is' if n == 1 else 'are'} {what}: a score measured there would flatter the model."


def _columns(finding: Finding) -> str:
    columns = finding.subject or tuple(str(c) for c in given.listed(finding, "columns"))
    shown_ = ", ".join(code(c) for c in columns[:4])
    return f"{shown_} … ({len(columns)} in all)" if len(columns) > 4 else shown_


def _of(finding: Finding) -> str:
    n, of = given.figure(finding, "rows"), given.figure(finding, "of")
    return "" if n is None else number(n) if of is None else f"{number(n)} of {number(of)}"


def _sizes(sizes: list[Finding], labels: list[Finding]) -> Block:
    by_part = {f.part: f for f in labels}
    values = list(dict.fromkeys(v for f in labels for v in given.mapping(f, "shares")))[:8]
    label = ", ".join(labels[0].subject) if labels else ""
    heads = ["part", "rows", "share", *(code(f"{label} = {shown(v, 40)}") for v in values)]
    heads += ["distance of these shares from train"] if labels else []
    rows = []
    for f in sizes:
        about = by_part.get(f.part)
        shares = given.mapping(about, "shares")
        row = [code(f.part), number(given.figure(f, "rows")), percent(given.as_number(f.value))]
        row += [percent(given.figure(shares, v) or 0.0) if about else "" for v in values]
        rows.append([*row, *([number(given.as_number(about.value)) if about else ""] if labels else [])])
    return table("The parts", tuple(heads), rows, heads[1:])
