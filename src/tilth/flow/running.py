"""Runs a flow: `rows`, split, features learned from the training part, `training`; and reports what each step changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.checking import Checked, checked
from tilth.data import Dataset
from tilth.engine.expressions import case, col, eq, if_else, lit
from tilth.engine.facts import versions
from tilth.engine.layers import filtered, row_by_row
from tilth.engine.session import Session
from tilth.engine.statistics import count
from tilth.errors import Mistake, RequestError, located, unknown
from tilth.flow.admission import Admitted, admitted
from tilth.flow.flow import FitResult, Flow
from tilth.flow.gaps import gap_findings
from tilth.flow.parts import BY_NAME, SERVED, FlowPart
from tilth.flow.reading import further_paths, with_tables
from tilth.flow.serving import origins, reject_unserved, served_from
from tilth.flow.split_checks import SHARE, TRAIN, SplitCheck, fold_finding, origin_findings, size_findings, split_findings
from tilth.flow.step_changes import changed_cells, private_warning, step_finding, uncorrected_warning
from tilth.measures.measure import Measure, Measuring, Predictor
from tilth.metrics.columns import RowCount
from tilth.metrics.content import compared, content
from tilth.metrics.images.features import folder_of
from tilth.metrics.metric import measured
from tilth.report import Finding, warning
from tilth.steps.fitting import fit
from tilth.steps.rows.folds import VALIDATION, Folds, folds_of
from tilth.steps.rows.split import FOLD, GAP, SPLIT, Split
from tilth.steps.step import ColumnStep, Fitted, Learned

RAW = "raw"  # the name of the data as read
HELD_CELLS = 500_000_000  # a table up to this size, some gigabytes, is held after its split; each scan reads a larger one again
KEPT_FOLD = "\x1ffold"  # temporary column with the fold of a row
KEPT = "\x1fkept"  # prefix of temporary columns with the values from before the features, for measures


@dataclass(frozen=True)
class Prepared:
    """The result of running a flow.

    `whole` is the table before the features; `parts` are delivered. `originals` have the rows of the parts, but columns with a role have
    their values from before the features; bias is measured on these. `findings` say what each step changed and include those of the check
    of the raw data. `quarantined` are the rows that the check set aside, with `on_fail: quarantine`.
    """

    flow: Flow
    whole: Dataset
    parts: Mapping[str, Dataset]
    originals: Mapping[str, Dataset]
    findings: tuple[Finding, ...]
    checked: Checked = field(default_factory=Checked)
    quarantined: Dataset | None = None


def fitted(flow: Flow, data: Dataset, engine: Session) -> Flow:
    """The fitted flow."""
    flow = with_tables(flow, engine)
    whole, steps, _ = after_rows(flow, data, engine)
    return with_learned(flow, data, whole, steps, engine)


def with_learned(flow: Flow, data: Dataset, whole: Dataset, before: Sequence[Fitted], engine: Session) -> Flow:
    """Fit the features on the training part of `whole`, which is the table `data` after the steps `before`."""
    train = of_part(whole, TRAIN).change({SPLIT: None}) if flow.split is not None else whole
    served = list(flow.steps(*SERVED))
    steps, _ = fit([step for _, step in served], train, engine, flow.places)
    schema, unserved = served_from(before, engine.schema(data), engine.schema(train))
    reject_unserved(unserved, steps)
    parts = {name: tuple(f for (part, _), f in zip(served, steps, strict=True) if part == name) for name in SERVED}
    facts = {"engine": engine.name, "part": TRAIN if flow.split is not None else "all", "versions": versions()}
    learned = FitResult(schema, {name: f for name, f in parts.items() if f}, not data.source.typed, facts)
    return flow.with_learned(learned)


def after_rows(
    flow: Flow, data: Dataset, engine: Session, hold: bool = False, let_in: Admitted | None = None
) -> tuple[Dataset, list[Fitted], list[Finding]]:
    """Run `rows` and the split. Returns the table, the fitted steps (the split last), and a finding for each step.

    `hold`: whether many scans of the table follow. `let_in`: the rows that the check admitted, if it ran already.
    """
    order = order_findings(flow, data, engine)
    data = (let_in or admitted(flow, data, engine)).data
    source = data.source
    data, steps, findings = stepwise(flow, BY_NAME["rows"], data, engine)
    findings += order
    if flow.split is not None:
        (done,), data = fit([flow.split], data, engine, flow.places)
        steps.append(done)
        findings.append(step_finding(done, "split", data.roles.private))
        with engine.working_for("split"):
            if flow.split.writes_rows_out(done.schema, done.learned):
                data = engine.checkpoint(data)
            elif hold and data.source is source:  # the result of a step of `rows` is held already
                data = engine.settled(data, HELD_CELLS)
        with engine.working_for("rows of each part"):
            findings += size_findings(flow.split, done.learned[""]["columns"], data, engine, flow.places.get(flow.split))
            findings += origin_findings(data, engine, flow.places.get(flow.split))
            findings += gap_findings(flow, done.learned[""]["columns"], data, engine)
    return data, steps, findings


def order_findings(flow: Flow, data: Dataset, engine: Session) -> list[Finding]:
    """The finding about the order of the rows as read, if the flow splits at random or shuffles.

    Errors: `RequestError` if that would lose the order of time.
    """
    from tilth.flow.order import judged, order_finding, refusals  # imported here: it loads pyarrow.compute, which serving does not need

    with engine.working_for("order of rows"):
        order = judged(flow, data, engine)
    if order is None:
        return []
    RequestError.reject(refusals(order, flow, data.roles))
    return [order_finding(order, flow, data.roles)]


def stepwise(flow: Flow, part: FlowPart, data: Dataset, engine: Session) -> tuple[Dataset, list[Fitted], list[Finding]]:
    """Run the steps of a part that may change rows. Returns the table, the fitted steps, and a finding for each step.

    A finding has the number of rows before and after, and for a step that keeps the rows, the number of cells that it changes.
    """
    steps: list[Fitted] = []
    findings: list[Finding] = []
    with engine.working_for(part.name):
        before = rows_of(data, engine) if flow.parts.get(part.name) else None
    for _, step in flow.steps(part.name):
        given = data
        (done,), data = fit([step], given, engine, flow.places)
        with engine.working_for(f"{part.name}: {step.name}"):
            if part.learns_on == "table" and not all(row_by_row(layer) for layer in data.layers):
                with step.running(engine):
                    data = engine.checkpoint(data)  # otherwise every later scan would sort and join again
            cells = changed_cells([done], given, engine)[0] if isinstance(step, ColumnStep) else {}
            after = before if step.keeps_rows else rows_of(data, engine)
        steps.append(done)
        findings.append(step_finding(done, part.name, data.roles.private, rows_in=before, rows_out=after, cells_changed=cells))
        before = after
    return data, steps, findings


def with_folds(flow: Flow, whole: Dataset, engine: Session) -> tuple[Fitted, Dataset, list[Finding]]:
    """Assign folds. Returns the fitted folds, the training part with a fold column, and the training and test rows of each fold.

    Errors: `RequestError` for a fold without training rows or without test rows.
    """
    split = flow.split
    if split is None or not split.folds:
        raise RequestError("the flow has no folds", hint="say how many under `split`: `folds: 5`", code="no-folds")
    step, place = folds_of(split), flow.places.get(split)
    with engine.working_for("folds"):
        (done,), numbered = fit([step], of_part(whole, TRAIN).change({SPLIT: None}), engine, {step: place} if place else {})
        rows = {i: step.rows(done.schema, done.learned, i) for i in range(1, split.folds + 1)}
        asked = {i: (count(trained), count(tested)) for i, (trained, tested) in rows.items()}
        found = engine.answer(numbered, [c for pair in asked.values() for c in pair])
    sizes = {i: (int(found[trained]), int(found[tested])) for i, (trained, tested) in asked.items()}
    empty = [i for i, both in sizes.items() if not all(both)] if engine.answers_are_real else []
    if empty:
        counts = "; ".join(f"{i}: {trained:,} trained on, {tested:,} tested" for i, (trained, tested) in sizes.items())
        hint = "ask for fewer folds, or divide the rows by something that has more values"
        mistake = Mistake(f"split: fold {empty[0]} has no rows to train on or to test (fold {counts})", hint=hint, code="empty-fold")
        raise RequestError(mistake.at(place) if place else mistake)
    return done, numbered, [fold_finding(i, *both) for i, both in sizes.items()]


@dataclass(frozen=True)
class Fold:
    """One fold of cross-validation: the flow fitted on its training rows, and its training and test rows, both prepared."""

    flow: Flow
    train: Dataset
    test: Dataset


def folded(flow: Flow, data: Dataset, engine: Session) -> Iterator[Fold]:
    """Yield the folds of the training part. The steps of `training` apply to the training rows of each fold."""
    flow = with_tables(flow, engine)
    whole, steps, _ = after_rows(flow, data, engine, hold=True)
    done, numbered, sizes = with_folds(flow, whole, engine)
    assert isinstance(done.step, Folds)  # noqa: S101 -- `with_folds` fits it
    for i in range(1, len(sizes) + 1):
        trained, tested = done.step.rows(done.schema, done.learned, i)
        part = case((tested, lit(VALIDATION)), (trained, lit(TRAIN)), otherwise=lit(GAP))
        divided = numbered.change({SPLIT: part, FOLD: None})
        learned = with_learned(flow, data, divided, steps, engine)
        prepared = learned.prepared(divided, eq(col(SPLIT), lit(TRAIN)))
        made, _, _ = stepwise(learned, BY_NAME["training"], of_part(prepared, TRAIN).change({SPLIT: None}), engine)
        yield Fold(learned, made, of_part(prepared, VALIDATION).change({SPLIT: None}))


def one_part(flow: Flow, data: Dataset, part: str | None, engine: Session) -> Dataset:
    """Prepare one part of the table of a flow; by default the training part, or all rows without a split. A fitted flow is used as is.

    Errors: `RequestError` for a part that the flow does not have.
    """
    names = [name for name, _ in flow.split.shares] if flow.split is not None else ["all"]
    asked = part or (TRAIN if flow.split is not None else "all")
    RequestError.reject(unknown([asked], names, f"the flow {flow.name!r} has no part {{}}", "no-part"))
    flow = with_tables(flow, engine)
    whole, steps, _ = after_rows(flow, data, engine)
    learned = flow if flow.fitted else with_learned(flow, data, whole, steps, engine)
    if flow.split is None:
        return learned.prepared(whole, exp.true())
    made = of_part(learned.prepared(whole, eq(col(SPLIT), lit(TRAIN))), asked).change({SPLIT: None})
    return stepwise(learned, BY_NAME["training"], made, engine)[0] if asked == TRAIN else made


def rows_of(data: Dataset, engine: Session) -> int:
    """The number of rows."""
    return int(measured(data, [RowCount()], engine)[RowCount()])


def of_part(data: Dataset, part: str) -> Dataset:
    """The rows of one part of the split, in their order."""
    return filtered(data, eq(col(SPLIT), lit(part)))


def run(flow: Flow, data: Dataset, engine: Session, history: str | Path | None = None) -> Prepared:
    """Check and measure the data as read, prepare it, and measure each part.

    The flow of the result is fitted, and the measures of its training part are its baseline.
    """
    if history and not flow.check:
        raise RequestError("a history was given, but the flow has no rules", hint="add `check` to the flow", code="no-rules")
    check = checked(data, flow.check, engine, sources=further_paths(flow), history=history) if flow.check else Checked()
    let_in = admitted(flow, data, engine, check)
    findings = [replace(f, part=RAW) for f in (*check.findings, *let_in.findings)]
    measuring = Measuring(tuple(m for m in flow.measure if not m.needs_model), engine)
    with located(flow.places.get("positive"), "no-such-value"):  # mistakes that only the values of a column show
        findings += measuring.of(data, RAW)
    prepared = prepare(flow, data, engine, let_in)
    findings += prepared.findings
    measuring.measures = _of_models(flow.measure, prepared.flow.need_learned().features)
    for part, delivered in prepared.parts.items():
        originals = prepared.originals[part]
        if flow.measure and part == TRAIN and flow.parts.get("training"):  # otherwise each measure would sample and sort the rows again
            with engine.working_for(f"measures of {part}"):
                delivered, originals = engine.checkpoint(delivered), engine.checkpoint(originals)
        findings += measuring.of(delivered, part, originals)
    learned = replace(
        prepared.flow.need_learned(), baseline=tuple(replace(f, examples=()).to_json() for f in measuring.baseline if f.part == TRAIN)
    )
    flow = prepared.flow.with_learned(learned)
    return replace(prepared, flow=flow, findings=tuple(findings), checked=check, quarantined=let_in.quarantined)


def _of_models(measures: tuple[Measure, ...], features: tuple[Fitted, ...]) -> tuple[Measure, ...]:
    """The measures of prepared parts. Measures of a model use the last step that predicts."""
    measures = tuple(m.of_prepared() for m in measures)
    last = max((i for i, f in enumerate(features) if f.step.predicts), default=None)
    if last is None:
        return measures
    predictor, columns = features[last].step.predictor(features[last].learned)
    if isinstance(predictor, Predictor):
        made = origins(features[:last])
        predictor = replace(predictor, origins={c: next(iter(made[c])) for c in columns if len(made.get(c, ())) == 1})
    return tuple(m.of_model(predictor, columns) if m.needs_model else m for m in measures)


def prepare(flow: Flow, data: Dataset, engine: Session, let_in: Admitted | None = None) -> Prepared:
    """Fit the flow, apply it to each part, apply `training` to the training part, and report what each step changed."""
    flow = with_tables(flow, engine)
    whole, steps, findings = after_rows(flow, data, engine, hold=True, let_in=let_in)
    flow = with_learned(flow, data, whole, steps, engine)
    if (split := flow.split) is not None:
        models = any(m.trains for m in flow.measure)
        findings += _of_split(split, steps[-1].learned, whole, [f for f in findings if f.name == SHARE], models, engine)
    findings += _of_features(flow, whole, engine)
    if split is not None and split.folds:
        done, _, more = with_folds(flow, whole, engine)
        findings += more
        whole = done.apply(whole).change({KEPT_FOLD: if_else(eq(col(SPLIT), lit(TRAIN)), col(FOLD)), FOLD: None})
    by = _measured_by(whole, engine)
    kept = {f"{KEPT}{i}": c for i, c in enumerate(by)}
    with engine.working_for("features"):
        training = exp.true() if flow.split is None else eq(col(SPLIT), lit(TRAIN))
        prepared = engine.settled(flow.prepared(whole.change({hidden: by[c] for hidden, c in kept.items()}), training))
    if flow.split is None:
        parts = {"all": prepared}
    else:
        parts = {name: of_part(prepared, name).change({SPLIT: None}) for name, _ in flow.split.shares}
        parts[TRAIN], _, more = stepwise(flow, BY_NAME["training"], parts[TRAIN], engine)
        findings += more
        learned = flow.need_learned()  # with the class shares that the model is trained on, which may differ from the data's
        flow = flow.with_learned(replace(learned, facts={**learned.facts, "training": [f.to_json() for f in more]}))
        if KEPT_FOLD in whole.names:
            train = parts[TRAIN].change({FOLD: col(KEPT_FOLD)})
            parts[TRAIN] = replace(train, roles=replace(train.roles, fold=FOLD))
    gone: dict[str, None] = dict.fromkeys([*kept, *([KEPT_FOLD] if KEPT_FOLD in whole.names else [])])
    delivered = {name: part.change(gone) for name, part in parts.items()}
    originals = {name: part.change({c: col(hidden) for hidden, c in kept.items()}).change(gone) for name, part in parts.items()}
    return Prepared(flow, whole, delivered, originals, tuple(findings))


def _of_split(
    split: Split, learned: Learned, whole: Dataset, sizes: Sequence[Finding[SplitCheck]], models: bool, engine: Session
) -> list[Finding]:
    """Leakage between the parts of a split, and how the parts differ. `models`: as for `comparison_findings`."""
    from tilth.flow.split_comparison import comparison_findings  # loads what only a run needs

    with engine.working_for("leakage checks of the split"):
        leaks = split_findings(whole, sizes, engine, lambda columns: split.keeps_together(columns, learned), split)
    with engine.working_for("comparison of the parts"):
        return [*leaks, *comparison_findings(whole, sizes, split, learned[""]["columns"], engine, models)]


def _of_features(flow: Flow, whole: Dataset, engine: Session) -> Iterator[Finding]:
    """What the features changed, and warnings about the steps of the flow."""
    learned, private = flow.need_learned(), whole.roles.private
    with engine.working_for("cells changed by features"):
        changes = changed_cells(learned.features, whole, engine)
    for fitted_step, cells in zip(learned.features, changes, strict=True):
        yield step_finding(fitted_step, "features", private, cells_changed=cells)
    yield from private_warning(learned.served, private)
    yield from uncorrected_warning(step for _, step in flow.steps())
    for _, step in flow.steps():
        yield from (warning(code, message) for code, message in step.warns.items())


def _measured_by(data: Dataset, engine: Session) -> dict[str, Tree]:
    """The columns that bias and balance need, and what they need computed from texts and images."""
    roles = data.roles
    asked = dict.fromkeys(c for c in (roles.label, roles.prediction, *roles.facet, *roles.group, roles.weight) if c is not None)
    made = compared(content(asked, engine.schema(data), roles, folder_of(data)), data, engine)
    return {c: col(c) for c in asked if c in data.names} | made
