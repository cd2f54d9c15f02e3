"""Reports to try the renderers on: a realistic one, and ones that ask too much."""

from __future__ import annotations

import math
from dataclasses import replace

from tilth.flow.split_checks import SplitCheck
from tilth.flow.step_changes import StepChanges
from tilth.measures.balance import ClassBalance
from tilth.measures.bias.payload import BiasNumber
from tilth.measures.explain.local import UnitValue
from tilth.measures.explain.section import ShapText
from tilth.measures.profile import ColumnProfile
from tilth.report import Facts, Finding, Outcome, Payload, Report, Scan, Warned, warning
from tilth.report.sections import SECTIONS
from tilth.rules.findings import AnalyzerNumbers, Leaf, RuleVerdict

HOSTILE = (
    "</script></style><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "a\0b\x1b[31mc\x0e\x0fd\ud800e\u202ef",
    "\"'&<>]]>`|*_[x](javascript:alert(1))",
    "{{ 7*7 }}{% raw %}",
    "\n\n# heading\n- item\n",
    "日本語の列" * 30,
    "اسم العمود",
    "🜨" * 200,
    "x" * 3000,
    "",
    " ",
)


def loans() -> Report:
    """A run on loan applications, as it could have been: the figures of the rules and of bias are those of `docs/example-data.md`."""
    return Report("run loans", (*_rules(), *_warnings(), *_bias(), *_balance(), *_columns(), *_steps(), *_split()), _facts())


def _rules() -> list[Finding]:
    def rule(
        text: str, subject: str, value: float, failed: int = 0, examples: tuple[dict[str, object], ...] = (), message: str = ""
    ) -> Finding:
        rows = 20_212
        outcome = Outcome.FAILED if failed or message else Outcome.PASSED
        told = message or (f"Value: {value} does not meet the constraint requirement!" if failed else "")
        metric = f"Column.{subject}.{text.split()[0].removeprefix('Is').replace('Complete', 'Completeness').replace('nessness', 'ness')}"
        counts = {"passed": rows - failed, "failed": failed, "skipped": 0, "total": rows}
        payload = RuleVerdict(text, {metric: value}, rows=counts, broken=(value,) if told else ())
        return Finding(text, (subject,), value, outcome, told, "raw", payload=payload, examples=examples)

    ages = ({"application_id": "LA-00000412", "age": -34, "name": "•••"}, {"application_id": "LA-00001877", "age": -61, "name": "•••"})
    sexes = tuple({"application_id": f"LA-0000{n}", "sex": s} for n, s in ((1021, "FEMALE"), (1102, " male"), (1377, "Female")))
    return [
        rule("RowCount > 1000", "*", 20212.0),
        rule('IsPrimaryKey "application_id"', "application_id", 0.9927, 294, ({"application_id": "LA-00000077"},) * 2),
        rule(
            'IsComplete "income"', "income", 0.957, 868, ({"application_id": "LA-00000031", "income": None, "employment": "self-employed"},)
        ),
        rule('ColumnValues "age" >= 18', "age", -75.0, 47, ages),
        rule('ColumnValues "sex" in ["female", "male"]', "sex", 0.9527, 957, sexes),
        rule('ColumnValues "credit.score" between 300 and 850', "credit.score", 0.9788, 429),
        rule('Completeness "purpose" > 0.98', "purpose", 1.0),
        rule('ColumnLength "account" = 22', "account", 22.0),
        rule('Mean "amount" between 1000 and 50000', "amount", 14823.6),
        rule('Entropy "approved" > 0.6', "approved", 0.4794, message="Value: 0.4794 does not meet the constraint requirement!"),
        Finding(
            'ReferentialIntegrity "region" "regions.{code}" = 1.0',
            ("region",),
            None,
            Outcome.ERROR,
            "regions not found in additional sources",
            "raw",
            payload=RuleVerdict(),
        ),
        Finding('Mean "income"', ("income",), 3071.4, part="raw", payload=AnalyzerNumbers({"Column.income.Mean": 3071.4})),
    ]


def _warnings() -> list[Finding]:
    return [
        replace(
            warning("MISSINGNESS_DIFFERS", "sex=female: the label is missing in 0.6% of sex=female and in 0.3% of the others", ("sex",)),
            part=part,
        )
        for part in ("raw", "train")
    ]


def _bias() -> list[Finding]:
    def found(part: str, facet: str, group: str, n: tuple[int, int], **values: tuple[float, float, float]) -> list[Finding]:
        rate = 0.2381 if facet == "sex" else 0.2073
        positive = {"a": round(n[0] * rate), "d": round(n[1] * (rate - values["DPL"][0]))}
        outcomes = {f"n_{s}_positive": p for s, p in positive.items()} | {
            f"n_{s}_negative": m - positive[s] for s, m in zip("ad", n, strict=True)
        }
        payload = BiasNumber(
            facet,
            group.removeprefix(f"{facet}="),
            label="approved",
            label_value="yes",
            counts={"n_a": n[0], "n_d": n[1], **outcomes},
            n_used=sum(n),
            n_excluded=198 if part == "raw" else 0,
        )
        rated = replace(payload, rates=(positive["a"] / n[0], positive["d"] / n[1]))
        payloads = {"DPL": rated}
        return [
            Finding(m, (facet,), v, None, "", part, "", group, lo, hi, 0.95, payloads.get(m, payload)) for m, (v, lo, hi) in values.items()
        ]

    women = {"CI": (0.2448, 0.231, 0.2585), "DPL": (0.1431, 0.1331, 0.1532), "JS": (0.0182, 0.0157, 0.0208), "KL": (0.0894, 0.0755, 0.1043)}
    women |= {"LP": (0.2024, 0.1882, 0.2167), "TVD": (0.1431, 0.1331, 0.1532), "KS": (0.1431, 0.1331, 0.1532)}
    young = {
        "CI": (0.5918, 0.58, 0.603),
        "DPL": (0.1074, 0.0953, 0.1192),
        "KL": (math.inf, 0.04, math.inf),
        "TVD": (0.1074, 0.0953, 0.1192),
    }
    later = {m: (v * 0.97, lo * 0.93, hi * 1.02) for m, (v, lo, hi) in women.items()}
    tested = {m: (v * 1.05, lo * 0.85, hi * 1.2) for m, (v, lo, hi) in women.items()}
    return [
        *found("raw", "sex", "sex=female", (12325, 7477), **women),
        Finding("CDDL", ("sex",), None, None, "Group variable is empty or not provided", "raw", "", "sex=female", payload=BiasNumber()),
        *found("train", "sex", "sex=female", (9801, 5972), **later),
        *found("test", "sex", "sex=female", (2466, 1494), **tested),
        *found("raw", "age", "age=(-inf, 25)", (15543, 3986), **young),
        *found("train", "age", "age=(-inf, 25)", (12433, 3189), **young),
    ]


def _balance() -> list[Finding]:
    counts = {"raw": {"no": 16389, "yes": 3743, "null": 80}, "train": {"no": 12896, "yes": 12896}, "test": {"no": 3229, "yes": 712}}
    found = []
    for part, rows in counts.items():
        payload = ClassBalance(rows, sum(rows.values()), rows.get("null", 0), ("yes",), rows["no"] / rows["yes"])
        found.append(Finding("approved", ("approved",), rows["yes"] / (rows["no"] + rows["yes"]), part=part, payload=payload))
    return found


def _columns() -> list[Finding]:
    found = []

    def column(part: str, name: str, rows: int, missing: int = 0, invalid: int = 0, kind: str = "text", **more: object) -> None:
        payload = ColumnProfile(kind, rows=rows, missing=missing, invalid=invalid, valid=rows - missing - invalid, **more)
        found.append(Finding("column", (name,), part=part, payload=payload))

    def numbers(
        low: float, quarter: float, half: float, three: float, high: float, mean: float, std: float, distinct: int
    ) -> dict[str, object]:
        quantiles = {"p25": quarter, "median": half, "p75": three}
        return {"minimum": low, **quantiles, "maximum": high, "mean": mean, "deviation": std, "distinct": distinct, "distinct_exact": True}

    ages = numbers(-75, 29, 41, 53, 199, 41.7, 15.2, 152)
    incomes = numbers(0.61, 2110.0, 2894.5, 3821.2, 14211.9, 3071.4, 1288.4, 18004)
    column("raw", "application_id", 20212, distinct=20065)
    column("raw", "sex", 20212, 119, distinct=7, top=(("male", 12325), ("female", 7477), ("Female", 301), ("FEMALE", 288), (" male", 102)))
    column("raw", "age", 20212, 299, 96, "integer", **ages)
    column("raw", "income", 20212, 877, 0, "decimal", **incomes)
    column("raw", "credit.score", 20212, 293, 432, "integer", **numbers(-999, 583, 652, 718, 850, 612.3, 246.1, 546))
    column("raw", "marital", 20212, 433, 57, distinct=11)
    column("raw", "debt to income (%)", 20212, 877, 0, "decimal")
    column("raw", "note", 20212, 17311, distinct=1204)
    column("raw", "approved", 20212, 80, distinct=2)
    for part, rows in (("train", 25792), ("test", 3941)):
        for name in ("age", "income", "credit.score", "debt to income (%)", "approved"):
            column(part, name, rows, 12 if (part, name) == ("test", "debt to income (%)") else 0, 0, "decimal")
        for name in ("sex=female", "sex=male", "marital=divorced", "marital=married", "marital=single", "marital=other", "income_missing"):
            column(part, name, rows, kind="integer")
    return found


def _steps() -> list[Finding]:
    def step(part: str, name: str, text: str, **changes: object) -> Finding:
        return Finding(name, tuple(changes.get("learned", ())), part=part, payload=StepChanges(text, **changes))

    fills = {"age": {"fill": 41.0}, "income": {"fill": 2894.5}, "credit.score": {"fill": 652.0}}
    sizes = {"age": {"centre": 41.32, "width": 14.96}, "income": {"centre": 3069.9, "width": 1288.4}}
    sizes |= {"credit.score": {"centre": 648.2, "width": 84.71}}
    seen = {
        "sex": {"categories": ["female", "male"]},
        "region": {"categories": ["coast", "hills", "lakes", "north", "plain", "south", "west"]},
    }
    return [
        step("rows", "dedupe", "dedupe(on='application_id')", rows_in=20212, rows_out=20065, learned={}),
        step("rows", "filter", 'filter(where="approved is not null")', rows_in=20065, rows_out=19985, learned={}),
        step("split", "split", "split(parts={'train': 0.8, 'test': 0.2}, by='hash(customer_no)')"),
        step(
            "features",
            "null_if",
            "null_if(columns=['age', 'credit.score'], outside=[18, 850])",
            learned={},
            cells_changed={"age": {"impossible value made null": 96}, "credit.score": {"impossible value made null": 429}},
        ),
        step(
            "features",
            "impute",
            "impute(columns='numeric', with='median', indicator=True)",
            learned=fills,
            cells_changed={c: {"missing value filled": n} for c, n in (("age", 391), ("income", 861), ("credit.score", 715))},
        ),
        step("features", "scale", "scale(columns='numeric')", learned=sizes, cells_changed={}),
        step(
            "features",
            "encode",
            "encode(columns='categorical', with='one_hot')",
            learned=seen,
            cells_changed={"region": {"category not seen in training": 306}},
        ),
        step("training", "balance", "balance(with='over')", rows_in=15944, rows_out=25792, learned={}),
    ]


def _split() -> list[Finding]:
    def found(name: str, part: str, value: float, subject: tuple[str, ...] = (), **more: object) -> Finding:
        return Finding(name, subject, value, part=part, payload=SplitCheck(**more))

    label = "label: total variation distance from train"
    return [
        found("share of rows", "test", 0.1972, rows=3941),
        found("share of rows", "train", 0.8028, rows=16044),
        found(label, "test", 0.0055, ("approved",), shares={"no": 0.8193, "yes": 0.1807}),
        found(label, "train", 0.0, ("approved",), shares={"no": 0.8138, "yes": 0.1862}),
        found("rows also in the training part", "test", 13 / 3941, rows=13, of=3941, columns=("sex", "age", "income", "purpose")),
        found("keys also in the training part", "test", 0.0, ("customer_no",), rows=0, of=3941, columns=("customer_no",)),
    ]


def _facts() -> Facts:
    wide = 'SELECT COUNT(*), SUM(CASE WHEN "age" IS NULL THEN 1 ELSE 0 END),\n       AVG("income")\nFROM read_csv(\'loans.csv\')'
    scans = (
        Scan("40 row aggregates", 0.0821, wide),
        Scan("frequencies of application_id", 0.0312, 'SELECT "application_id", COUNT(*) FROM "loans" GROUP BY 1'),
        Scan("frequencies of sex, approved", 0.0108, 'SELECT "sex", "approved", COUNT(*) FROM "loans" GROUP BY 1, 2'),
        Scan("write train", 0.41),
    )
    versions = {"tilth": "0.1.0", "duckdb": "1.5.5", "sqlglot": "30.30.0", "python": "3.12.3"}
    return Facts("loans.csv", "duckdb", 20212, "2026-03-02T09:14:07+00:00", 1.912, scans, versions, "sha256:5f0c1e8a")


def payloads(text: str) -> list[Payload]:
    """A payload of every kind, full of the same text."""
    return [
        Payload(),
        Warned(text, {text: text}),
        RuleVerdict(
            text,
            {text: math.inf, "b": text},
            {text: text},
            (),
            (Leaf(text, "Failed", notes=(text,)),),
            (text,),
            rows={"failed": 1, "total": 2},
        ),
        AnalyzerNumbers({text: text}),
        BiasNumber(*[text] * 8, text, error=text, notes=(text,), counts={text: 3, "n_a": 1, "n_d": 2}, verdict=text, more={text: text}),
        ClassBalance({text: 3}, positive=(text,)),
        ColumnProfile(text, text, (text,), 5, 1, 1, 3, minimum=text, median=text, maximum=math.inf, top=((text, 3),)),
        StepChanges(text, {text: {text: text, "list": [text, None, 1.5]}}, 3, 2, {text: {text: 3}}),
        SplitCheck(3, 4, (text,), {text: 0.5}),
        ShapText(text, text, (UnitValue(text, 0, (0.5,)),)),
    ]


def hostile() -> Report:
    """Every field of every kind holds something that breaks out of HTML, XML, Markdown or a terminal."""
    found = []
    for k, text in enumerate(HOSTILE):
        for payload in payloads(text):
            outcome = list(Outcome)[k % 3]
            found.append(
                Finding(text, (text,), text, outcome, text, text, text, text, -math.inf, math.inf, 0.95, payload, ({text: text},) * 2)
            )
    text = HOSTILE[0]
    facts = Facts(text, text, 1, text, 1.0, tuple(Scan(t, 0.1, t) for t in HOSTILE), {text: text}, text, {t: t for t in HOSTILE})
    return Report(text, tuple(found), facts)


def odd() -> Report:
    """Payloads that hold nothing, and numbers that are none."""
    return Report(
        "",
        tuple(
            Finding("name", (), value, None, "", "", "", "", low, high, None, entry.payload())
            for entry in SECTIONS.values()
            for value in (None, 3, "text", [], {}, [1, {"a": None}], math.nan, {"x": {"y": {"z": 1}}})
            for low, high in ((None, None), (math.nan, math.inf))
        ),
    )


def many_rules(n: int = 1000) -> Report:
    """More rules than anybody reads."""
    return Report(
        "check",
        tuple(
            Finding(
                f'IsComplete "column {k}"',
                (f"column {k}",),
                0.5,
                list(Outcome)[k % 3],
                "Value: 0.5 …" * (k % 3 > 0),
                payload=RuleVerdict(),
            )
            for k in range(n)
        ),
    )


def many_columns(n: int = 200) -> Report:
    """A table wider than any screen."""
    return Report(
        "measure",
        tuple(
            Finding(
                "column",
                (f"a rather long column name, number {k}",),
                part=part,
                payload=ColumnProfile("decimal", "", (), 1000, k if k % 3 else 0, 0, 1000 - k, minimum=0.5, maximum=1e9),
            )
            for part in ("raw", "train")
            for k in range(n)
        ),
    )


REPORTS = {
    "empty": Report(""),
    "loans": loans(),
    "rules": Report("check", tuple(_rules())),
    "measures": Report("measure", tuple(_bias() + _balance() + _columns())),
    "many rules": many_rules(),
    "many columns": many_columns(),
    "hostile": hostile(),
    "odd": odd(),
}
