"""What is planted in the example data, in words: the rule that fails because of each flaw, its remedy, and the figures to be found."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tilth.demo.loans import MARITAL, NULLS, PURPOSES, ROWS, SEED, YOUNG, loans
from tilth.demo.loans import planted as planted_rows


@dataclass(frozen=True, slots=True)
class Flaw:
    """One planted flaw: what was done to which column, the rule that fails because of it, and its remedy in a flow.

    `rule` is DQDL for the table as read with the null tokens of `NULLS`; empty if no rule detects the flaw. `rows` are row numbers,
    from 1; `facts` further exact figures, recounted from the rows.
    """

    name: str
    column: str
    what: str
    rule: str = ""
    remedy: str = ""
    rows: Sequence[int] = field(default=(), hash=False)
    facts: Mapping[str, float] = field(default_factory=dict, hash=False)

    @property
    def count(self) -> int:
        return len(self.rows)


def _in(column: str, values: Sequence[str]) -> str:
    """The rule that a column holds only these values."""
    return f'ColumnValues "{column}" in [' + ", ".join(f'"{value}"' for value in values) + "]"


_IMPUTE, _NULL_IF, _NULLS, _TRIM, _LOWER = "`impute`", "`null_if`", "`nulls`", "`formula` with `trim`", "`formula` with `lower`"

# fmt: off
PLANTED = (
    Flaw("name_padded", "name",
         "spaces before or after the name", 'ColumnValues "name" matches "[^ ].*[^ ]"', _TRIM),
    Flaw("sex_missing", "sex",
         "left empty", 'IsComplete "sex"', "bias metrics leave such rows out and count them"),
    Flaw("sex_case", "sex",
         "`Female`, `MALE` …", _in("sex", ("female", "male")), _LOWER),
    Flaw("sex_padded", "sex",
         "spaces before or after the value", _in("sex", ("female", "male")), _TRIM),
    Flaw("age_missing", "age",
         "left empty", 'IsComplete "age"', _IMPUTE),
    Flaw("age_token", "age",
         "`N/A` in a column of numbers", 'IsComplete "age"', _NULLS),
    Flaw("age_negative", "age",
         "the sign is wrong: −75 to −18 years", 'ColumnValues "age" >= 18', _NULL_IF),
    Flaw("age_too_old", "age",
         "150 to 199 years", 'ColumnValues "age" <= 110', _NULL_IF),
    Flaw("marital_missing", "marital",
         "left empty", 'IsComplete "marital"', _IMPUTE),
    Flaw("marital_token", "marital",
         "`?`", 'IsComplete "marital"', _NULLS),
    Flaw("marital_blank", "marital",
         "three spaces", 'ColumnValues "marital" != WHITESPACES_ONLY', _IMPUTE),
    Flaw("marital_case", "marital",
         "`Single`, `MARRIED` …", _in("marital", MARITAL), _LOWER),
    Flaw("employed_before_birth", "employed_since",
         "a hundred years too early, so before birth", 'ColumnValues "employed_since" >= "1940-01-01"', _NULL_IF),
    Flaw("employed_forever", "employed_since",
         "`9999-12-31` for “not known”", 'ColumnValues "employed_since" <= now()', _NULL_IF),
    Flaw("income_missing", "income",
         "left empty", 'IsComplete "income"', _IMPUTE),
    Flaw("income_withheld", "income",
         "left empty by the self-employed: missing, but not by chance", "IsComplete \"income\" where \"employment = 'self-employed'\"",
         "`impute` with an indicator"),
    Flaw("income_token", "income",
         "`N/A` in a column of numbers", 'IsComplete "income"', _NULLS),
    Flaw("income_thousands", "income",
         "in thousands, from a faulty release of the app, for six weeks", 'ColumnValues "income" >= 300',
         "`formula`: × 1000 where below 300"),
    Flaw("purpose_case", "purpose",
         "`Car`, `TRAVEL` …", _in("purpose", PURPOSES), _LOWER),
    Flaw("purpose_padded", "purpose",
         "spaces before or after the value", _in("purpose", PURPOSES), _TRIM),
    Flaw("amount_slip", "amount",
         "two zeros too many: a typing error", "", "`formula` that caps it"),
    Flaw("score_missing", "credit.score",
         "left empty", 'IsComplete "credit.score"', _IMPUTE),
    Flaw("score_code", "credit.score",
         "−999 for “not known”", 'ColumnValues "credit.score" >= 300', _NULL_IF),
    Flaw("label_missing", "approved",
         "not decided yet", 'IsComplete "approved"', "`filter`"),
    Flaw("repeated_exactly", "application_id", "the row occurs twice, cell by cell",
         "DuplicateRowCount = 0", "`dedupe: {on: application_id}`"),
    Flaw("repeated_changed", "application_id", "a second row of the same application, with another term",
         'IsPrimaryKey "application_id"', "`dedupe: {on: application_id}`"),
    Flaw("repeated_new_id", "application_id", "the same application sent again: all equal except its id",
         'IsUnique "applied_at" "customer_no"', "`dedupe: {on: [applied_at, customer_no]}`"),
    Flaw("returning_customer", "customer_no", "a customer who applied before: a split must keep such rows together",
         'IsUnique "customer_no"', "`split` by `hash(customer_no)`"),
    Flaw("rejected_women", "approved", "women rejected despite merit",
         "", "bias metrics, facet `sex`; the facts below are what they must give"),
    Flaw("rejected_young", "approved", f"applicants under {YOUNG} rejected despite merit",
         "", "bias metrics, facet `age`; the facts below are what they must give"),
    Flaw("imbalance", "approved", "few are approved: these are the rows of the minority class",
         'Entropy "approved" > 0.6', "`balance`, of the training part only"),
    Flaw("leak", "disbursed_at", "filled in after the decision and only for the approved: it reveals the label",
         'ColumnValues "disbursed_at" = NULL', "`select` without it"),
    Flaw("late_region", "region", "the region `harbour` exists in the last tenth only: unseen by a flow fitted on earlier data",
         "", "`encode` with a policy for unseen values"),
    Flaw("note_private", "note", "a phone number or an e-mail address inside free text",
         'ColumnValues "note" not matches ".*(@|555-).*"', "role `private`"),
    Flaw("private_name", "name", "names of persons", "", "role `private`"),
    Flaw("private_email", "email", "e-mail addresses, in reserved domains", "", "role `private`"),
    Flaw("private_phone", "phone", "phone numbers, 555-01xx: reserved for fiction", "", "role `private`"),
    Flaw("private_account", "account", "numbers like an IBAN; country ZZ and check digits 00 do not exist",
         "", "role `private`"),
    Flaw("constant", "currency", "`EUR` in every row", 'DistinctValuesCount "currency" > 1', "`select` without it"),
    Flaw("near_unique", "customer_no", "a number that is nearly an id: not a feature, though it could be scaled",
         'UniqueValueRatio "customer_no" < 0.5', "`select` without it"),
    Flaw("odd_name_dot", "credit.score", "a dot in the name", "", "nothing: names are always quoted"),
    Flaw("odd_name_blank", "debt to income (%)", "spaces, parentheses, a percent sign in the name",
         "", "nothing: names are always quoted"),
    Flaw("time_order", "applied_at", "rows are in order of time", "", "`split` by time"),
    Flaw("drift_channel", "channel", "applications move from the branch to the app", "", "`split` by time, to see it"),
    Flaw("drift_income", "income", "incomes rise by an eighth", "", "`split` by time, to see it"),
    Flaw("drift_label", "approved", "the bank grows stricter: the same applicant is approved less and less often",
         "", "`split` by time, to see it"),
)
# fmt: on


def planted(rows: int = ROWS, seed: int = SEED) -> list[Flaw]:
    """Every flaw of `PLANTED` with its row numbers and facts for this number of rows and this seed, in the same order."""
    made, where = list(loans(rows, seed)), dict(planted_rows(rows, seed))
    where["imbalance"] = [n for n, row in enumerate(made, 1) if row["approved"] == "yes"]
    merit = {n for name in ("leak", "rejected_women", "rejected_young") for n in where[name]}
    facts = {
        "rejected_women": _bias(made, merit, lambda row: {"female": True, "male": False}.get(row["sex"].strip().lower())),
        "rejected_young": _bias(made, merit, lambda row: int(row["age"]) < YOUNG if re.fullmatch(r"\d\d", row["age"]) else None),
        "imbalance": _labels(made),
        "drift_channel": _drift(made, "app_share", lambda row: row["channel"] == "app"),
        "drift_income": _drift(made, "mean_income", _income),
        "drift_label": _drift(made, "positive_share", lambda row: row["approved"] == "yes" if row["approved"] else None),
    }
    whole = range(1, rows + 1)
    return [replace(flaw, rows=where.get(flaw.name, whole), facts=facts.get(flaw.name, {})) for flaw in PLANTED]


Row = Mapping[str, str]


def _bias(rows: Sequence[Row], merit: Collection[int], disfavoured: Callable[[Row], bool | None]) -> dict[str, float]:
    """CI, and DPL of the label and of merit (share of positives, reference group less disfavoured), over rows with facet and label."""
    sides: dict[bool | None, list[tuple[bool, bool]]] = {True: [], False: [], None: []}
    for n, row in enumerate(rows, 1):
        if row["approved"]:
            sides[disfavoured(row)].append((row["approved"] == "yes", n in merit))
    a, d = sides[False], sides[True]
    if not a or not d:
        return {}
    dpl, dpl_by_merit = (sum(row[i] for row in a) / len(a) - sum(row[i] for row in d) / len(d) for i in (0, 1))
    return {"n_a": len(a), "n_d": len(d), "ci": (len(a) - len(d)) / (len(a) + len(d)), "dpl": dpl, "dpl_by_merit": dpl_by_merit}


def _labels(rows: Sequence[Row]) -> dict[str, float]:
    yes, no = (sum(row["approved"] == label for row in rows) for label in ("yes", "no"))
    return {"positives": yes, "negatives": no, **({"positive_share": yes / (yes + no)} if yes + no else {})}


def _income(row: Row) -> float | None:
    """The income, unless it is missing or in thousands."""
    return None if row["income"] in ("", *NULLS) or float(row["income"]) < 300 else float(row["income"])


def _drift(rows: Sequence[Row], name: str, figure: Callable[[Row], float | None]) -> dict[str, float]:
    """The mean of a figure in the first and in the last tenth of the rows."""
    tenths = {"first": rows[: len(rows) // 10], "last": rows[len(rows) - len(rows) // 10 :]}
    known = {tenth: [x for row in some if (x := figure(row)) is not None] for tenth, some in tenths.items()}
    return {f"{name}_{tenth}_tenth": sum(values) / len(values) for tenth, values in known.items() if values}


# ── as tables of a page ──


def table(flaws: Sequence[Flaw]) -> str:
    """The flaws as a Markdown table, one line each."""
    head = "| flaw | column | what is planted | rows | rule that fails | what a flow does |\n|---|---|---|---:|---|---|"
    lines = (f"| {flaw.name} | `{flaw.column}` | {flaw.what} | {flaw.count:,} | {_code(flaw.rule)} | {flaw.remedy} |" for flaw in flaws)
    return "\n".join([head, *lines])


def facts_table(flaws: Sequence[Flaw]) -> str:
    """The facts of the flaws as a Markdown table, six significant digits each."""
    lines = (f"| {flaw.name} | `{name}` | {value:.6g} |" for flaw in flaws for name, value in flaw.facts.items())
    return "\n".join(["| flaw | figure | value |\n|---|---|---:|", *lines])


def _code(text: str) -> str:
    return "`" + text.replace("|", "\\|") + "`" if text else "–"
