"""Each flaw is found in data that has it, in none that has not, and the line that is to mend it runs in a flow."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

import tilth
from tilth.measures import MEASURES
from tilth.measures.insights.flaws import CODES, FLAWS
from tilth.measures.insights.section import snippet

pytest.importorskip("sklearn")
N = 400
RANDOM = np.random.default_rng(0)
SIGNAL, MORE, THIRD, NOISE = RANDOM.normal(size=(4, N))
SUM = SIGNAL + MORE + THIRD
YES = SUM + 0.3 * RANDOM.normal(size=N) > 0
CLEAN = {"signal": SIGNAL, "more": MORE, "third": THIRD, "won": np.where(YES, "yes", "no")}
NUMBER = SUM + 0.5 * RANDOM.normal(size=N)
RANDOM_3 = dict(zip(("signal", "more", "third"), np.random.default_rng(9).normal(size=(3, N)), strict=True))
DAYS = [dt.datetime(2025, 1, 1) + dt.timedelta(hours=int(i)) for i in range(N)]
ONE_IN_40 = np.arange(N) % 40 == 0


def table(**more):
    return pa.table({name: list(values) for name, values in (CLEAN | more).items()})


def where(condition, one, other):
    return [one if c else other for c in condition]


NEARLY = [f"{i // 2 * 7919} words of a long story on {i // 2 * 104729} pages{'yn'[i % 2]}" for i in range(N)]
PLANTED = {
    "label-copy": (table(outcome=np.where(YES, "kept", "gone")), {"outcome"}),
    "target-leakage": (table(score=YES + 0.2 * NOISE), {"score"}),
    "missing-tells": (table(closed=where(YES, 1.0, None)), {"closed"}),
    "after-the-row": (table(day=DAYS, paid=[d + dt.timedelta(days=1) for d in DAYS]), {"paid"}),
    "id-tells": (table(no=np.argsort(np.argsort(YES + 0.1 * NOISE))), {"no"}),
    "importance-gap": (table(best=YES + 0.5 * NOISE, signal=NOISE, more=NOISE, third=NOISE), {"best"}),
    "name-of-label": (table(loss=np.where(YES, "yes", "no"), loss_reason=NOISE), {"loss_reason"}),
    "label-missing": (table(won=where(ONE_IN_40, None, "yes")), {"won"}),
    "label-constant": (table(won=["yes"] * N), {"won"}),
    "few-rows": (table().slice(0, 12), {"won"}),
    "duplicate-rows": (pa.concat_tables([table(), table().slice(0, 60)]), set()),
    "near-duplicates": (table(note=NEARLY), {"note"}),
    "rare-class": (table(won=[*["perhaps"] * 3, *CLEAN["won"][3:]]), {"won"}),
    "imbalanced-classes": (table(won=where(ONE_IN_40, "yes", "no")), {"won"}),
    "many-classes": (table(won=[f"class {i // 4}" for i in range(N)]), {"won"}),
    "mixed-label": (table(won=where(np.arange(N) % 3 == 0, "12.5", "high")), {"won"}),
    "skewed-label": (table(won=np.exp(3 * NUMBER)), {"won"}),
    "heavy-tails": (table(won=np.repeat(np.abs(NUMBER[: N // 2]), 2) ** 4 * np.tile([1, -1], N // 2)), {"won"}),
    "label-outliers": (table(won=np.where(ONE_IN_40, 50.0, NUMBER)), {"won"}),
    "frequent-label": (table(won=np.where(np.arange(N) % 5 == 0, 99.5, NUMBER)), {"won"}),
    "poor-model": (table(**RANDOM_3), {"won"}),
    "over-fit": (table(**RANDOM_3), {"won"}),
    "no-values": (table(empty=pa.nulls(N, pa.float64())), {"empty"}),
    "constant": (table(one=["x"] * N), {"one"}),
    "infinite": (table(x=np.where(ONE_IN_40, np.inf, NOISE)), {"x"}),
    "high-missing": (table(x=where(np.arange(N) % 3 > 0, None, 1.0), z=where(YES, 1.0, None)), {"x"}),
    "disguised-missing": (table(city=where(ONE_IN_40, "?", "oslo")), {"city"}),
    "personal-data": (table(contact=[f"p{i % 90}@example.org" for i in range(N)]), {"contact"}),
    "written-dates": (table(born=[f"{1 + i % 28}/{1 + i % 12}/1970" if i % 2 else f"1971-03-{1 + i % 28:02}" for i in range(N)]), {"born"}),
    "id-column": (table(no=RANDOM.permutation(N), key=[f"k{i}" for i in range(N)]), {"no", "key"}),
    "text-column": (table(note=[f"a long remark of somebody, number {i * 3 // 4}, who says a lot" for i in range(N)]), {"note"}),
    "high-cardinality": (table(code=[f"c{i * 7 % 300}" for i in range(N)]), {"code"}),
    "damaged-encoding": (table(city=where(ONE_IN_40, "MÃ¼nchen", "oslo")), {"city"}),
    "collinear": (table(twice=2 * SIGNAL + 1e-3 * NOISE, sum=SIGNAL + MORE), {"sum"}),
    "near-constant": (pa.concat_tables([table(flag=[0] * N)] * 3 + [table(flag=[1] + [0] * (N - 1))]), {"flag"}),
    "low-power": (table(x=np.abs(NOISE) > 3), {"x"}),
    "anomalies": (table(x=[*NOISE[1:], 400.0], z=[*MORE[1:], -400.0]), {"x", "z"}),
}  # fmt: skip


BY_MODEL = {"importance-gap", "poor-model", "over-fit", "anomalies"}  # the others are found without one, in a quarter of the time


def measured(data, models=True, **roles):
    return tilth.measure(tilth.read(data, roles={"label": "won"} | roles), MEASURES["insights"](models=models))


def roles_of(code):
    return {"after-the-row": {"time": "day"}, "name-of-label": {"label": "loss"}}.get(code, {})


def test_every_flaw_is_planted():
    assert set(PLANTED) == set(CODES) == {flaw.code for flaw in FLAWS}


@pytest.mark.slow
@pytest.mark.parametrize("code", PLANTED)
def test_a_flaw_is_found_and_its_line_runs(code):
    data, columns = PLANTED[code]
    report = measured(data, models=code in BY_MODEL, **roles_of(code))
    found = [f for f in report.of("insight") if f.name == code]
    assert found, [f.name for f in report.of("insight")]
    assert columns <= {c for f in found for c in f.subject}
    for f in found:
        assert "{" not in f.message
        assert "\x0e" not in f.message
        runs(snippet([f]), data, roles_of(code), f.payload.place)


def runs(text, data, roles, place):
    """The line in a flow of its own, with the roles that the data has."""
    roles = {"label": "won", **roles}
    if place in ("data", "roles"):
        text = text.replace("data:\n", "data:\n  roles: {}\n" if place == "data" else "data:\n", 1)
        key = "  roles: {}" if place == "data" else "  roles:"
        lines = "".join(f"\n    {role}: {name}" for role, name in roles.items())
        text = text.replace(key, f"  roles:{lines}", 1)
    else:
        text = f"data: {{roles: {{{', '.join(f'{role}: {name}' for role, name in roles.items())}}}}}\n{text}"
    report = tilth.run(tilth.Flow.parse(text), data=data)
    assert not [f for f in report.verdicts if f.outcome == "Error"]


@pytest.mark.slow
@pytest.mark.parametrize("code", ["label-copy", "skewed-label", "anomalies"])
def test_all_lines_together_run(code):
    data, _ = PLANTED[code]
    runs(snippet(measured(data).of("insight")), data, {}, "")


@pytest.mark.slow
def test_in_data_without_flaws_none_is_found():
    assert [f.name for f in measured(table()).of("insight")] == ["no-flaw"]


@pytest.mark.slow
def test_what_mends_a_flaw_makes_it_go_away():
    data, _ = PLANTED["duplicate-rows"]
    flow = tilth.Flow.parse("data: {roles: {label: won}}\nrows:\n  - dedupe: {}\nmeasure: [insights]\n")
    found = {f.part for f in tilth.run(flow, data=data).of("insight") if f.name == "duplicate-rows"}
    assert found == {"raw"}


@pytest.mark.slow
def test_private_values_are_in_no_message_and_no_line():
    for code in ("rare-class", "label-outliers", "frequent-label", "many-classes"):
        data, _ = PLANTED[code]
        for f in measured(data, private=["won"]).of("insight"):
            assert not any(word in f.message + f.payload.line for word in ("perhaps", "99.5", "class 1", "yes")), f
