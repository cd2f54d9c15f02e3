"""How a flow runs: rows, split, features learned on the training part, training, and what each of them changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from tilth.data import BELOW, Change, Dataset
from tilth.engine.expressions import alias, col, eq, gt, if_else, is_null, lit, not_, or_
from tilth.engine.layers import table
from tilth.engine.operations import CountIf, SumOrZero
from tilth.engine.session import Session
from tilth.engine.statistics import Statistic, count
from tilth.errors import RequestError
from tilth.flow.facts import versions
from tilth.flow.flow import Flow, Learned
from tilth.flow.serving import refuse_unserved
from tilth.metrics.columns import RowCount
from tilth.metrics.keys import Frequencies
from tilth.metrics.metric import measured
from tilth.report import Finding, FindingKind
from tilth.steps.step import Fitted, fit

TRAIN = "train"
SPLIT = "split"  # the column that says which part a row belongs to
KEPT = "\x1fkept"  # begins the names of columns that hold what a column was before the features, until it is measured


@dataclass(frozen=True)
class Prepared:
    """A flow that has run.

    `whole` is the table before the features, `parts` are those that are delivered; `originals` have the same rows with the columns that
    have a role as they were before the features, which is how bias speaks of them. `findings` tell what each step changed.
    """

    flow: Flow
    whole: Dataset
    parts: Mapping[str, Dataset]
    originals: Mapping[str, Dataset]
    findings: tuple[Finding, ...]


def fitted(flow: Flow, data: Dataset, engine: Session) -> tuple[Flow, Dataset, list[Finding]]:
    """The fitted flow, the table after `rows` and `split`, and what these two changed."""
    schema = engine.schema(data)
    whole, rows, findings = after_rows(flow, data, engine)
    train = of_part(whole, TRAIN).change({SPLIT: None}) if flow.split is not None else whole
    features, _ = fit(flow.features, train, engine)
    refuse_unserved(rows, features)
    facts = {"engine": engine.name, "part": TRAIN if flow.split is not None else "all", "versions": versions()}
    return flow.with_learned(Learned(schema, tuple(features), not data.source.typed, facts)), whole, findings


def after_rows(flow: Flow, data: Dataset, engine: Session) -> tuple[Dataset, list[Fitted], list[Finding]]:
    """The table after the steps of `rows` and the split, the fitted steps of `rows`, and a finding for each step."""
    fitted_rows: list[Fitted] = []
    findings: list[Finding] = []
    with engine.working_for("rows"):
        before = rows_of(data, engine) if flow.rows else None
    for step in flow.rows:
        (done,), data = fit([step], data, engine)
        with engine.working_for(f"rows: {step.name}"):
            if any(not isinstance(layer, Change) for layer in data.layers):  # otherwise every later scan would sort and join again
                data = engine.checkpoint(data)
            after = rows_of(data, engine)
        fitted_rows.append(done)
        findings.append(_step_finding(done, "rows", {"rows_in": before, "rows_out": after}))
        before = after
    if flow.split is not None:
        (done,), data = fit([flow.split], data, engine)
        if flow.split.writes_rows_out(done.schema, done.learned):
            with engine.working_for("split"):
                data = engine.checkpoint(data)
        findings.append(_step_finding(done, "split", {}))
    return data, fitted_rows, findings


def rows_of(data: Dataset, engine: Session) -> int:
    """The number of rows."""
    return int(measured(data, [RowCount()], engine)[RowCount()])


def of_part(data: Dataset, part: str) -> Dataset:
    """The rows of one part of the split, in their order."""
    chosen = exp.Select(expressions=[exp.Star()]).from_(table(BELOW), copy=False)
    return data.rows(chosen.where(eq(col(SPLIT), lit(part)), copy=False), ordered=data.ordered)


def run(flow: Flow, data: Dataset, engine: Session) -> Prepared:
    """Fit the flow, apply it to every part, change the training part, and say what each step changed."""
    flow, whole, findings = fitted(flow, data, engine)
    if flow.split is not None:
        with engine.working_for("honesty of the split"):
            findings += split_findings(whole, engine)
    features = flow.need_learned().features
    with engine.working_for("cells changed by features"):
        changes = changed_cells(features, whole, engine)
    findings += [_step_finding(f, "features", {"cells_changed": changes[i]}) for i, f in enumerate(features)]
    kept = {f"{KEPT}{i}": c for i, c in enumerate(_measured_roles(whole))}
    prepared = flow.prepared(whole.change({hidden: col(c) for hidden, c in kept.items()}))
    if flow.split is None:
        parts = {"all": prepared}
    else:
        parts = {name: of_part(prepared, name).change({SPLIT: None}) for name, _ in flow.split.shares}
        parts[TRAIN], more = trained(flow, parts[TRAIN], engine)
        findings += more
    gone: dict[str, None] = dict.fromkeys(kept)
    delivered = {name: part.change(gone) for name, part in parts.items()}
    originals = {name: part.change({c: col(hidden) for hidden, c in kept.items()}).change(gone) for name, part in parts.items()}
    return Prepared(flow, whole, delivered, originals, tuple(findings))


def _measured_roles(data: Dataset) -> tuple[str, ...]:
    """The columns that bias and balance are measured by."""
    roles = data.roles
    asked = (roles.label, roles.prediction, *roles.facet, *roles.group, roles.weight)
    return tuple(dict.fromkeys(c for c in asked if c is not None and c in data.names))


def trained(flow: Flow, train: Dataset, engine: Session) -> tuple[Dataset, list[Finding]]:
    """The training part after the steps of `training`."""
    findings: list[Finding] = []
    with engine.working_for("training"):
        before = rows_of(train, engine) if flow.training else None
    for step in flow.training:
        (done,), train = fit([step], train, engine)
        with engine.working_for(f"training: {step.name}"):
            after = rows_of(train, engine)
        findings.append(_step_finding(done, "training", {"rows_in": before, "rows_out": after}))
        before = after
    return train, findings


def _step_finding(done: Fitted, part: str, details: Mapping[str, Any]) -> Finding:
    columns = tuple(c for c in done.learned if c)
    learned = {c: dict(state) for c, state in done.learned.items()}
    return Finding(FindingKind.STEP, done.step.name, columns, part=part, details={"step": str(done.step), "learned": learned, **details})


def changed_cells(features: Sequence[Fitted], data: Dataset, engine: Session) -> list[dict[str, dict[str, int]]]:
    """For each step, column → reason → the number of cells that the step changes for it.

    One scan for all steps: each reason is noted in a column of its own, ahead of the step that it belongs to.
    """
    noted: dict[tuple[int, str, str], str] = {}
    for i, f in enumerate(features):
        reasons = {(i, column, reason): tree for (column, reason), tree in f.reasons().items()}
        names = {where: f"\x1freason{len(noted) + k}" for k, where in enumerate(reasons)}
        data = f.apply(data.change({names[where]: if_else(tree, lit(1), lit(0)) for where, tree in reasons.items()}))
        noted |= names
    found: list[dict[str, dict[str, int]]] = [{} for _ in features]
    if noted:
        asked = {where: count(eq(col(name), lit(1))) for where, name in noted.items()}
        answer = engine.answer(data, asked.values())
        for (i, column, reason), statistic in asked.items():
            found[i].setdefault(column, {})[reason] = answer[statistic]
    return found


def split_findings(data: Dataset, engine: Session) -> list[Finding]:
    """The split's honesty: shares got, the label in each part, rows and keys of one part that stand in another too."""
    by_part = measured(data, [Frequencies((SPLIT,))], engine)[Frequencies((SPLIT,))]
    rows = {str(key[0]): n for key, n in by_part.items() if key[0] is not None}
    if not rows.get(TRAIN):
        raise RequestError(
            "the training part of the split has no rows", hint="give the part a larger share, or split by something else", code="empty-part"
        )
    total = sum(rows.values())
    findings = [
        Finding(FindingKind.SPLIT, "share of rows", value=n / total, part=name, details={"rows": n}) for name, n in sorted(rows.items())
    ]
    findings += _label_findings(data, rows, engine)
    others = sorted(set(rows) - {TRAIN})
    roles = data.roles
    content = [n for n in data.names if n != SPLIT and n not in roles.id]
    checks = [("rows that stand in the training part too", tuple(content))]
    checks += [("keys that stand in the training part too", keys) for keys in (roles.id, roles.group) if keys]
    for title, columns in checks:
        for name, shared in twins(data, columns, others, engine).items():
            details = {"rows": shared, "of": rows[name], "columns": list(columns)}
            findings.append(
                Finding(FindingKind.SPLIT, title, columns if len(columns) < 6 else (), shared / rows[name], part=name, details=details)
            )
    return findings


def _label_findings(data: Dataset, rows: Mapping[str, int], engine: Session) -> list[Finding]:
    label = data.roles.label
    if label is None:
        return []
    metric = Frequencies((SPLIT, label))
    found = measured(data, [metric], engine)[metric]
    shares = {part: {str(key[1]): n / rows[part] for key, n in found.items() if key[0] == part} for part in rows}
    values = sorted({v for share in shares.values() for v in share})
    findings = []
    for part in sorted(rows):
        distance = sum(abs(shares[part].get(v, 0) - shares[TRAIN].get(v, 0)) for v in values) / 2
        details = {"shares": shares[part]}
        findings.append(
            Finding(FindingKind.SPLIT, "label: total variation distance from train", (label,), distance, part=part, details=details)
        )
    return findings


def twins(data: Dataset, columns: Iterable[str], parts: Sequence[str], engine: Session) -> dict[str, int]:
    """For each part, its number of rows whose values in some columns stand in the training part too; wholly null ones are left out."""
    keys = [col(c) for c in columns]
    if not keys or not parts:
        return {}
    sizes = {name: f"n{i}" for i, name in enumerate((TRAIN, *parts))}
    numbers = [alias(CountIf.of(eq(col(SPLIT), lit(name))), n) for name, n in sizes.items()]
    groups = exp.Select(expressions=[*(alias(k, f"k{i}") for i, k in enumerate(keys)), *numbers]).from_(table(BELOW), copy=False)
    groups.where(or_(*(not_(is_null(k)) for k in keys)), copy=False).group_by(*(k.copy() for k in keys), copy=False)
    grouped = data.rows(groups, out=(*(f"k{i}" for i in range(len(keys))), *sizes.values()))
    shared = {name: Statistic(SumOrZero.of(if_else(gt(col(sizes[TRAIN]), lit(0)), col(sizes[name]), lit(0)))) for name in parts}
    answer = engine.answer(grouped, shared.values())
    return {name: int(answer[s]) for name, s in shared.items()}
