"""The catalogue: every example is found and validated, and check digits agree with those of the library python-stdnum."""

from __future__ import annotations

import csv
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from random import Random

import pytest

from tilth.entities import Detector, Entity, catalogue
from tilth.entities.listing import chosen, known_countries
from tilth.entities.phones import PLANS
from tilth.entities.samples import accepted, chance, drawn
from tilth.entities.words import WORDS
from tilth.errors import RequestError

EXAMPLES = [e for e in catalogue().values() if e.example]


def found(entity: Entity, *texts: str) -> set[tuple[int, int, int, str]]:
    """(text, start, end, tier) of what is found; a detector is made for all texts, since it parses the pattern."""
    entity = replace(entity, needs_context=False)
    detector = Detector((entity,), (entity.country,) if entity.country else ())
    return {(m.text, m.start, m.end, m.tier) for m in detector.matches([f"see {text} here" for text in texts]) if m.tier}


def test_an_example_is_found() -> None:
    for entity in EXAMPLES:
        text = entity.example
        assert any(place[1:3] == (4, 4 + len(text)) for place in found(entity, text)), entity.name
        tier = entity.tier_of(text)  # C for a phone number that is a row of digits
        assert tier in ("A", entity.tier) or entity.kind == "phone", entity.name


def test_an_example_with_a_changed_digit_is_not() -> None:
    for entity in EXAMPLES:
        if entity.tier != "A" or entity.anchors or entity.name in ("IP_ADDRESS", "CHINA_PHONE_NUMBER"):
            continue
        text = entity.example
        changed = [(i, text[:i] + d + text[i + 1 :]) for i, c in enumerate(text) if c.isdigit() for d in "0123456789" if d != c]
        kept = found(entity, *(other for _, other in changed))
        taken = {i for n, (i, _) in enumerate(changed) if (n, 4, 4 + len(text), "A") in kept}
        assert {i for i, _ in changed} - taken, f"{entity.name} has no check digit"


def test_every_entity_is_whole() -> None:
    for e in catalogue().values():
        assert e.regex.duckdb, e.name
        assert e.regex.spark_longest is None or e.regex.spark_longest > 500, e.name
        assert e.kind in WORDS, e.name
        assert e.tier != "A" or e.check or e.anchors, f"{e.name} is of tier A without a check"
    assert len(catalogue()) >= 260


def peers() -> list[tuple[str, str, str]]:
    with (Path(__file__).parent / "peers.csv").open(encoding="utf-8") as file:
        return [(row["entity"], row["module"], row["agreement"]) for row in csv.DictReader(file)]


@pytest.mark.slow
def test_checks_agree_with_python_stdnum() -> None:
    """`wider` and `narrower`: ours also accepts or refuses some, because it knows or asks for more, such as a date in the number."""
    for name, module, agreement in peers():
        peer, entity, random = import_module(f"stdnum.{module}"), catalogue()[name], Random(5)
        texts = [drawn(entity, random) for _ in range(150)]
        texts += [s for _ in range(3) if (s := accepted(entity, random, 1500))]
        ours = {s for s in texts if entity.tier_of(s) in ("A", entity.tier)}
        theirs = {s for s in texts if peer.is_valid(s)}
        assert agreement == "wider" or ours <= theirs, name
        assert agreement == "narrower" or theirs <= ours, name


def test_a_chance_is_what_a_check_digit_lets_pass() -> None:
    """One digit modulo 10 lets a tenth pass, two modulo 97 a hundredth."""
    assert chance(catalogue()["AUSTRALIA_COMPANY_NUMBER"]) == pytest.approx(0.1, abs=0.06)
    assert chance(catalogue()["CREDIT_CARD"]) == pytest.approx(0.03, abs=0.02)  # a tenth, of those that begin as an issuer's do
    assert chance(catalogue()["LUXEMBOURG_VALUE_ADDED_TAX"]) < 0.05


def test_entities_are_chosen_by_country_and_name() -> None:
    names = [e.name for e in chosen(None, ("ca",))]
    assert "CREDIT_CARD" in names and "CANADA_SOCIAL_INSURANCE_NUMBER" in names
    assert "USA_SSN" not in names and "DATE" not in names
    assert [e.name for e in chosen(("usa_ssn", "DATE"), ())] == ["USA_SSN", "DATE"]
    assert set(known_countries()) - set(PLANS) == {"BA", "XK", "MK", "ME", "MO"}
    with pytest.raises(RequestError) as wrong:
        chosen(("USA_SNN",), ("XX",))
    assert len(wrong.value.mistakes) == 2 and "USA_SSN" in str(wrong.value)
