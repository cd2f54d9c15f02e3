"""The section of flaws of the data, the most severe first, with all remedies as one piece of a flow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tilth.measures.insights.flaws import SEVERITIES, Insight
from tilth.measures.insights.remedies import dropped
from tilth.report.blocks import Advice, Block, Cell, Listing, Section, Tone, Words, code, counted, table
from tilth.report.charts import number
from tilth.report.finding import Finding
from tilth.report.sections import ReportSection

NAMED = 6  # most columns named per finding
ADVISED = 4  # most flaws at the top of the page
LONGEST = 200  # most characters of a remedy in the table; the piece of a flow has it in full
URGENCY: Mapping[str, int] = {"high": 80, "medium": 48}
TONES: Mapping[str, Tone] = {"high": "bad", "medium": "unknown", "low": ""}
ORDER = ("data", "roles", "check", "rows", "features", "training")
DROP = "- select: "
TRAIN = "train"
DOES = ": "
COVERED = frozenset({"rows", "features", "associations"})  # sections whose advice the flaws repeat
SPLIT = "split: {train: 0.8, test: 0.2}"  # without one there is no training part


def insight(found: Sequence[Finding[Insight]]) -> Section:
    """A table of the flaws of each part, and the piece of a flow with the remedies for the delivered part."""
    parts: dict[str, list[Finding[Insight]]] = {}
    for f in found:
        parts.setdefault(f.part, []).extend([f] if f.payload.severity in SEVERITIES else [])
    last = TRAIN if TRAIN in parts else list(parts)[-1]
    blocks: list[Block] = []
    for part, flaws in parts.items():
        blocks.append(_table(flaws, f"What is wrong{_in(part)}") if flaws else Words(f"No flaw was found{_in(part)}.", "good"))
        if part == last and (lines := snippet(flaws)):
            title = "What is left, in a flow" if len(parts) > 1 else "All of it in a flow"
            blocks.append(Section("mends", title, (Words("Judge each line before you keep it."), Listing(lines)), brief=False))
    urgent = [f for f in parts[last] if f.payload.severity in URGENCY][:ADVISED]
    advice = tuple(Advice(f"{_columns(f)}{f.message}.", URGENCY[f.payload.severity]) for f in urgent)
    lead = "; ".join(_counted(part, flaws) for part, flaws in parts.items())
    return Section("insight", "What is wrong, and what mends it", tuple(blocks), advice=advice, lead=f"{lead}.", covers=COVERED)


def _counted(part: str, flaws: Sequence[Finding[Insight]]) -> str:
    """The number of flaws of a part, by severity, in words."""
    counts = {s: sum(f.payload.severity == s for f in flaws) for s in SEVERITIES}
    said = ", ".join(f"{number(n)} {severity}" for severity, n in counts.items() if n)
    return f"{counted(len(flaws), 'flaw')}{_in(part)}{f' ({said})' if said else ''}"


def _in(part: str) -> str:
    return f" in {code(part)}" if part else ""


def _columns(f: Finding[Insight]) -> str:
    """The columns as a prefix of the message."""
    return f"{_named(f.subject)}: " if f.subject else ""


def _named(columns: Sequence[str]) -> str:
    more = f" and {number(len(columns) - NAMED)} more" if len(columns) > NAMED else ""
    return ", ".join(code(c, 40) for c in columns[:NAMED]) + more


def _table(found: Sequence[Finding[Insight]], caption: str) -> Block:
    rows = [
        (
            Cell(f.payload.severity, TONES[f.payload.severity]),
            f"{_columns(f)}{f.message}",
            f"{code(f.payload.place)}{DOES}{code(f.payload.line, LONGEST)}" if f.payload.line else "",
        )
        for f in found
    ]
    return table(caption, ("severity", "what is wrong", "what mends it"), rows, brief=25)


def snippet(found: Sequence[Finding[Insight]]) -> str:
    """The remedies of all flaws as one piece of a flow. Dropped columns are listed once and have no other remedies.

    >>> f = [Finding("id-column", ("no",), payload=Insight("medium", "roles", "id: [no]"))]
    >>> print(snippet([*f, Finding("low-power", ("b",), payload=Insight("low", "features", "- select: [\\"!b\\"]"))]))
    data:
      roles:
        id: [no]
    features:
      - select: ["!b"]
    """
    gone = list(dict.fromkeys(c for f in found if f.payload.line.startswith(DROP) for c in f.subject))
    kept = [f.payload for f in found if f.payload.line and not (f.subject and set(f.subject) <= set(gone))]
    at = {place: list(dict.fromkeys(p.line for p in kept if p.place == place)) for place in ORDER}
    if gone:
        at["features"].insert(0, dropped(gone).line)
    written = ["data:"] if at["data"] or at["roles"] else []
    written += [f"  {line}" for line in at["data"]]
    written += ["  roles:", *(f"    {line}" for line in at["roles"])] if at["roles"] else []
    written += ["check: |", f"  Rules = [ {', '.join(at['check'])} ]"] if at["check"] else []
    for part in ORDER[3:]:
        written += [SPLIT] if part == "features" and at["training"] else []
        written += [f"{part}:", *(f"  {line}" for line in at[part])] if at[part] else []
    return "\n".join(written)


INSIGHT = ReportSection(Insight, insight)
