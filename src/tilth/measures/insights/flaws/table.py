"""The table of flaws: condition, severity, message and remedy of each."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tilth.measures.insights.flaws import columns, label, leakage, model, rows
from tilth.measures.insights.flaws.seen import SEVERITIES, Case, Flaw, Insight, Seen, drop, is_long, none, own
from tilth.measures.insights.remedies import of_data, step
from tilth.report import Finding

GAP = 0.2  # difference of scores
KNOWN = "is it known at prediction time?"
FLAWS: Sequence[Flaw] = (
    # code, severity, cases, message, remedy, threshold
    Flaw("label-copy", "high", leakage.maps, "{maps} the label: it is the outcome in other words", drop, over=-1),
    Flaw("target-leakage", "high", leakage.powers, f"predicts the label nearly alone, {{score}}: {KNOWN}", drop, 0.95),
    Flaw("target-leakage", "medium", leakage.powers, f"predicts the label by itself, {{score}}: {KNOWN}", drop, 0.8),
    Flaw("missing-tells", "high", leakage.missing_powers, "is missing by the label: it may be filled in after the outcome", drop, 0.5),
    Flaw("after-the-row", "high", leakage.later_times, "is later than {time} in some rows: it is not known at that time", drop, 0.01),
    Flaw(
        "id-tells", "high", leakage.ids_that_tell, "identifies rows and yet predicts the label: rows may be numbered by outcome", drop, 0.3
    ),
    Flaw("importance-gap", "medium", leakage.gap, "carries the model: without it the {score} is {without}", drop, GAP),
    Flaw("name-of-label", "low", leakage.names_alike, f"has a word of the label in its name, {{word}}: {KNOWN}", drop),
    Flaw("label-missing", "high", label.no_label, "the label is missing in {rows}", own),
    Flaw("label-constant", "high", label.one_label, "the label has {values}: there is nothing to predict", own),
    Flaw(
        "few-rows",
        "high",
        label.few_rows,
        "{rows} with a label are too few to learn from: 20 are needed, and 5 of each of two classes",
        own,
    ),
    Flaw("duplicate-rows", "high", rows.duplicates, "{rows} of an earlier row{but}: a split puts equal rows on both sides", own, 0.1),
    Flaw("duplicate-rows", "low", rows.duplicates, "{rows} of an earlier row{but}: a split puts equal rows on both sides", own, 0.01),
    Flaw(
        "near-duplicates",
        "medium",
        rows.near_duplicates,
        "{texts} are nearly the same as another: a split puts them on both sides",
        own,
        0.01,
    ),
    Flaw("rare-class", "high", label.rare_classes, "{many} with fewer than 10 rows: {classes}", own),
    Flaw("imbalanced-classes", "high", label.imbalance, "the largest class has {ratio} times as many rows as the smallest", own, 100),
    Flaw("imbalanced-classes", "medium", label.imbalance, "the largest class has {ratio} times as many rows as the smallest", own, 10),
    Flaw("many-classes", "high", label.many_classes, "{classes} classes are too many for the rows; the line keeps {kept}", own),
    Flaw("mixed-label", "medium", label.mixed_label, "{share} of the labels are numbers, the others are not", own),
    Flaw("skewed-label", "medium", label.skewed, "the label is skewed ({skewness}): a few large errors decide", own, 3),
    Flaw("heavy-tails", "medium", label.tails, "the label has heavy tails (kurtosis {kurtosis}, of a normal distribution 3)", own, 10),
    Flaw("label-outliers", "medium", label.outlying, "the label is outside of {ends} in {rows}", own),
    Flaw("frequent-label", "medium", label.frequent_label, "{share} of the labels are {value}: a default, or a placeholder?", own, 0.05),
    Flaw("poor-model", "high", model.poor, "a quick model hardly predicts it ({score}): other columns are needed", none),
    Flaw(
        "over-fit",
        "medium",
        model.overfit,
        "the model's {score} is {train} on its own rows, {validation} on others: more rows, or fewer columns",
        none,
        GAP,
    ),
    Flaw("no-values", "medium", columns.empty, "has no values", drop, together=True),
    Flaw("constant", "medium", columns.constant, "has one value only", drop, together=True),
    Flaw("infinite", "medium", columns.infinite, "is infinite in {rows}", own),
    Flaw("high-missing", "medium", columns.gaps, "{share} of the values are missing{tells}", own, 0.5),
    Flaw("disguised-missing", "medium", columns.hidden, "{values} may stand for a missing value", own),
    Flaw(
        "personal-data", "medium", columns.personal, "look like personal data ({what}), which is masked and left out if it is private", own
    ),
    Flaw("written-dates", "medium", columns.written_dates, "holds {kind} as strings, written {formats}", own),
    Flaw(
        "id-column",
        "medium",
        columns.keys,
        "has a different value in every row: it identifies rows and says nothing about new ones",
        lambda seen, case: of_data("roles", "id", [*seen.roles.id, *case.columns]),
        together=True,
    ),
    Flaw(
        "text-column",
        "medium",
        columns.varied_long,
        "is a text, not a category",
        lambda seen, case: of_data("roles", "text", [*seen.roles.text, *case.columns]),
        0.5,
        together=True,
    ),
    Flaw(
        "high-cardinality",
        "medium",
        lambda seen: (case for case in columns.varied(seen) if not is_long(seen.columns[case.columns[0]])),
        "has {distinct} different values, too many for a category",
        lambda seen, case: step("features", "encode", {"columns": list(case.columns), "with": "hash"}),
        0.5,
    ),
    Flaw(
        "damaged-encoding",
        "medium",
        columns.damaged,
        "{values} look like UTF-8 that was read in another encoding",
        lambda seen, case: of_data("data", "encoding", "utf-8"),
    ),
    Flaw("collinear", "low", columns.same, "says the same as {other} ({measure} {value})", drop),
    Flaw("collinear", "low", columns.inflated, "{says} by the other numbers", drop),
    Flaw("near-constant", "low", columns.nearly, "has the same value in more than 99.9 % of the rows", drop, 0.999, together=True),
    Flaw("low-power", "low", columns.weak, "says nothing about the label by itself", drop, 0.995, together=True),
    Flaw("anomalies", "low", rows.anomalous, "is far out in rows that an isolation forest finds anomalous (score {score})", own),
)
"""All flaws, in their order within a severity."""
NO_FLAW: Finding[Insight] = Finding("no-flaw", value=0, message="no flaw was found", payload=Insight("none"))
CODES = tuple(dict.fromkeys(flaw.code for flaw in FLAWS))


def insights(seen: Seen) -> list[Finding[Insight]]:
    """The flaws of the data, the most severe first."""
    found: list[Finding[Insight]] = []
    known = set[tuple[str, tuple[str, ...]]]()
    for flaw in FLAWS:
        cases = [c for c in flaw.cases(seen) if c.value > flaw.over and (flaw.code, c.columns) not in known]
        known |= {(flaw.code, c.columns) for c in cases}
        if flaw.together and cases:
            cases = [Case(tuple(name for c in cases for name in c.columns), len(cases), cases[0].words)]
        found += [_finding(flaw, case, seen) for case in cases]
    return sorted(found, key=lambda f: SEVERITIES.index(f.payload.severity))


def _finding(flaw: Flaw, case: Case, seen: Seen) -> Finding[Insight]:
    remedy = flaw.remedy(seen, case)
    payload = Insight(flaw.severity, remedy.place, remedy.line)
    value = round(case.value, 6) if math.isfinite(case.value) else None
    return Finding(flaw.code, case.columns, value, message=flaw.says.format(**case.words), payload=payload)
