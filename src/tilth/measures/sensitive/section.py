"""The report section of sensitive data, the steps that hide the data, and the file of findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tilth import __version__
from tilth.entities.listing import PHONE_NUMBER, catalogue
from tilth.entities.mentions import PERSON_NAME
from tilth.measures.sensitive.verdicts import Scan, SensitiveColumn, SensitiveType
from tilth.metrics.intervals import upper_bound
from tilth.report import Finding
from tilth.report.blocks import Advice, Block, Cell, Points, Section, Tone, Words, code, counted, table
from tilth.report.charts import number, percent
from tilth.report.sections import ReportSection
from tilth.yaml import yaml_string

TONES: Mapping[str, Tone] = {"sensitive": "bad", "present": "bad", "suspected": "unknown"}
MOST_ALSO = 3


def sensitive(found: Sequence[Finding[SensitiveColumn]]) -> Section | None:
    """A row for each entity of each column, and the steps that hide them; None without entities."""
    rows = [_row(f, t) for f in found for t in f.payload.types]
    if not rows:
        return None
    heads: tuple[str, ...] = ("column", "holds", "verdict", "values", "share", "at most", "score", "by")
    first = found[0].payload
    sampled = first.looked_at < first.rows
    if not sampled:
        rows, heads = [(*r[:5], *r[6:]) for r in rows], (*heads[:5], *heads[6:])
    blocks: list[Block] = [table("Sensitive data", heads, rows, ["values", "share", "at most", "score"], brief=60)]
    if notes := tuple(dict.fromkeys(_notes(found))):
        blocks.append(Points(notes, remarks=True))
    if steps := proposed(found):
        blocks += [
            Words(f"These steps in the part {code('features')} of a flow hide them; KEY is a reference to a key:"),
            Points(tuple(code(s.removeprefix("- "), 400) for s in steps)),
        ]
    sure = [f for f in found if any(t.verdict != "suspected" for t in f.payload.types)]
    names = ", ".join(code(f.name) for f in sure[:5]) + (f" and {counted(len(sure) - 5, 'more column')}" if len(sure) > 5 else "")
    lead = f"{counted(len(sure), 'column')} with sensitive data: {names}."
    if not sure:
        lead = "No sensitive data was found in values; the names of some columns speak of it, or their dates lie as dates of birth do."
    advice = (Advice(f"Hide or leave out {names}: sensitive data.", 50),) if sure else ()
    return Section(
        "sensitive", "Sensitive data", tuple(blocks), lead=lead, advice=advice, figures=((number(len(sure)), "sensitive columns"),),
        tone="bad" if sure else "unknown",
    )  # fmt: skip


def _row(f: Finding[SensitiveColumn], t: SensitiveType) -> tuple[Any, ...]:
    also = f" (or {', '.join(t.also[:MOST_ALSO])}{' …' if len(t.also) > MOST_ALSO else ''})" if t.also else ""
    what = f"{t.entity}{also}{', special category' if t.special_category else ''}"
    values = number(t.cells) if t.verdict != "suspected" else ""
    share, most = (percent(t.share), percent(t.share_upper)) if t.verdict != "suspected" else ("", "")
    return (code(f.name), what, Cell(t.verdict, TONES[t.verdict]), values, share, most, number(t.score), t.rule)


def _notes(found: Sequence[Finding[SensitiveColumn]]) -> Iterator[str]:
    for f in found:
        for t in f.payload.types:
            if t.constants:
                yield f"{code(f.name)}: {counted(t.constants, 'value')} left out with a {t.entity} that is in more than 1 % of rows."
            if t.verdict == "present" and t.matched > t.validated:
                by_chance = "" if t.chance is None else f"; chance lets {percent(t.chance)} pass"
                yield f"{code(f.name)}: {number(t.validated)} of {number(t.matched)} that look like {t.entity} pass its check{by_chance}."
            if t.entity == PHONE_NUMBER and t.whole and not f.payload.countries:
                yield (
                    f"{code(f.name)}: with {code('normalise: digits')} +1 415 555 2671 and (415) 555-2671 have two pseudonyms, because "
                    "where numbers without + are from is not known. Name the countries, and the step makes one of them."
                )
            if t.examples:
                yield f"{code(f.name)}, {t.entity}: {', '.join(map(code, t.examples))}."


def scan(found: Sequence[Finding[Scan]]) -> Section:
    """What was scanned, and how much a sample may have missed."""
    p = found[0].payload
    countries = "all countries" if p.countries == ("all",) else ", ".join(p.countries) or "no country"
    words = [f"{counted(p.columns, 'column')} looked at for {counted(p.entities, 'entity', 'entities')} ({countries})."]
    if p.looked_at < p.rows:
        words.append(
            f"A sample of {number(p.looked_at)} of {number(p.rows)} rows (seed {p.seed}): where it has 0 hits, up to "
            f"{100 * upper_bound(0, p.looked_at):.2g} % of rows may still contain one (95 %)."
        )
    else:
        words.append(f"All of {counted(p.rows, 'row')}.")
    if p.left_out:
        words.append(f"Not looked at: {', '.join(map(code, p.left_out))}.")
    if p.rejected:
        words.append(f"Rejected in the review: {', '.join(map(code, p.rejected))}.")
    if p.allowed:
        words.append(f"Left out because it is allowed: {', '.join(map(code, p.allowed))}.")
    if not found[0].value:
        words.insert(0, "No sensitive data was found.")
    tone: Tone = "" if found[0].value else "good"
    return Section("scan", "What was scanned", (Points(tuple(words[1:]), remarks=True),), lead=words[0], tone=tone)


SENSITIVE, SCAN = ReportSection(SensitiveColumn, sensitive), ReportSection(Scan, scan)

ACTIONS: Mapping[str, str] = {
    "EMAIL": "with: hash, key: KEY, normalise: casefold",
    "CREDIT_CARD": "with: mask, keep_right: 4",
    "IBAN": "with: mask, keep_right: 4",
    "DATE_OF_BIRTH": "with: mask_date, part: year",
    "POSTAL_CODE": "with: generalise, digits: 3",
    "PRIVATE_KEY": "with: drop",
    "CLOUD_ACCESS_KEY": "with: drop",
    "JSON_WEB_TOKEN": "with: drop",
    "CONNECTION_STRING": "with: drop",
}
"""Entity → parameters of `redact` for a column that consists of it; others become pseudonyms. In texts, entities are replaced."""


def proposed(found: Sequence[Finding[SensitiveColumn]]) -> list[str]:
    """Lines of a flow with steps that hide the findings, except those suspected by a column's name alone.

    >>> t = SensitiveType("CREDIT_CARD", "sensitive", 9, 0.9, whole=True)
    >>> proposed([Finding("pan", ("pan",), payload=SensitiveColumn((t,)))])
    ['- redact: {columns: [pan], with: mask, keep_right: 4}']
    """
    columns: dict[str, list[str]] = {}
    for f in sorted(found, key=lambda f: not any(t.by for t in f.payload.types)):  # steps that read the row's names come first
        types = [t for t in f.payload.types if t.verdict != "suspected"]
        if types and (action := _action(types, f.payload.countries)):
            columns.setdefault(action, []).append(f.name)
    return [f"- redact: {{columns: {_listed(names)}, {action}}}" for action, names in columns.items()]


def _listed(names: Iterable[str]) -> str:
    return f"[{', '.join(map(yaml_string, names))}]"


def _action(types: Sequence[SensitiveType], countries: Sequence[str]) -> str:
    """The parameters that hide a column; empty if nothing hides its entities.

    `countries` are the countries of its telephone numbers; without them, two spellings of a number get different pseudonyms.
    """
    first = types[0]
    if not first.whole or first.verdict == "present":
        known = [t for t in types if t.by or t.entity in catalogue()]
        names = next((f", names: {_listed(t.by)}" for t in known if t.by), "")
        return f"find: {_listed(t.entity for t in known)}{names}, with: replace" if known else ""
    if first.entity == PERSON_NAME:
        return "with: replace"
    if first.entity == PHONE_NUMBER:
        return f"with: hash, key: KEY, normalise: {'e164, countries: ' + _listed(countries) if countries else 'digits'}"
    return ACTIONS.get(first.entity, "with: hash, key: KEY")


def as_json(found: Sequence[Finding]) -> dict[str, Any]:
    """What `sensitive.json` holds: verdicts and counts, no values."""
    p = next(f.payload for f in found if isinstance(f.payload, Scan))
    columns = [f for f in found if isinstance(f.payload, SensitiveColumn)]
    return {
        "version": 1,
        "mode": p.mode,
        "rows": p.rows,
        "sampled": p.looked_at,
        "seed": p.seed,
        "columns": [{"name": f.name, "types": [_type(t) for t in f.payload.types]} for f in columns],
        "actions": proposed(columns),
        "rejected": [*p.rejected],
        "allowed": [*p.allowed],
        "detectors": [{"name": name, "version": _version()} for name in p.detectors],
    }


def _type(t: SensitiveType) -> dict[str, Any]:
    numbers = {"cells": t.cells, "share": t.share, "share_upper": t.share_upper, "validated": t.validated}
    more = {"score": t.score, "rule": t.rule, "also": [*t.also], "by": [*t.by], "special_category": t.special_category}
    return {"entityType": t.entity, **numbers, "verdict": t.verdict, "hint": t.hint, **more}


def _version() -> str:
    return __version__
