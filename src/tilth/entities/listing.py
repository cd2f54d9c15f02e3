"""The catalogue of entities, and the choice of those to search for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from tilth.entities.entity import Entity
from tilth.entities.phones import PHONE, PLANS, fits, phone_of
from tilth.entities.regions import REGIONS
from tilth.errors import Mistake, RequestError, did_you_mean, listed

ALL = "all"
PHONE_NUMBER = "PHONE_NUMBER"
DEFAULT_PHONES = ("US",)  # if no countries are named


@cache
def catalogue() -> Mapping[str, Entity]:
    """Name → entity, in the order of precedence between equal matches. Telephone numbers come last: anything else has precedence."""
    every = (entity for region in REGIONS.values() for entity in region)
    return {entity.name: entity for entity in every} | {PHONE_NUMBER: phone_number(DEFAULT_PHONES)}


@cache
def phone_number(countries: tuple[str, ...], maybe: tuple[str, ...] = ()) -> Entity:
    """Telephone numbers: international ones, national ones of `countries`, and, as tier C, national ones of the countries `maybe`."""
    check, of_length = phone_of(countries, maybe), fits((*countries, *maybe))
    return Entity(PHONE_NUMBER, PHONE, "", "phone", "B", check, raw=True, fits=of_length, example="(415) 555-2671")


@cache
def known_countries() -> tuple[str, ...]:
    """The codes of the countries in the catalogue."""
    return tuple(sorted({e.country for e in catalogue().values() if e.country}))


def chosen(entities: tuple[str | Entity, ...] | None, countries: Iterable[str]) -> tuple[Entity, ...]:
    """The entities to search for. Errors: `RequestError` with every unknown name and country."""
    codes = tuple(c.upper() if c.lower() != ALL else ALL for c in countries)
    known, every = catalogue(), {*known_countries(), *PLANS}
    mistakes = [
        Mistake(
            f"there are no entities of a country {c!r}", accepted=f"{ALL}, or ISO codes: {listed(sorted(every))}", code="unknown-country"
        )
        for c in codes
        if c != ALL and c not in every
    ]
    mistakes += [
        Mistake(f"there is no entity {e!r}", hint=did_you_mean(e, known) or "they are in `tilth.entities`", code="unknown-entity")
        for e in entities or ()
        if isinstance(e, str) and e.upper() not in known
    ]
    RequestError.reject(mistakes)
    if entities is None:
        asked = [e for e in known.values() if not e.on_request and (not e.country or e.country in codes or ALL in codes)]
    else:
        asked = [known[e.upper()] if isinstance(e, str) else e for e in entities]
    given = tuple(c for c in codes if c != ALL) or DEFAULT_PHONES
    maybe = tuple(sorted(PLANS)) if ALL in codes else ()
    return tuple(phone_number(given, maybe) if e.name == PHONE_NUMBER else e for e in dict.fromkeys(asked))
