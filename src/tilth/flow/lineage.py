"""OpenLineage events of a run: what it read and wrote, for data catalogs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from tilth.data import Schema
from tilth.report import Outcome, Report
from tilth.store.uri import Place, is_local, joined, local_path

LINEAGE = "openlineage.jsonl"
EVENT = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
FACETS = {
    "schema": "1-0-0/SchemaDatasetFacet",
    "version": "1-0-0/DatasetVersionDatasetFacet",
    "dataQualityAssertions": "1-0-1/DataQualityAssertionsDatasetFacet",
    "outputStatistics": "1-0-1/OutputStatisticsOutputDatasetFacet",
    "processing_engine": "1-1-0/ProcessingEngineRunFacet",
}
"""Facet → the version and name of its schema."""
SCHEMES = {"postgresql": "postgres"}  # scheme → its name in OpenLineage


def lineage(name: str, place: Place, inputs: Sequence[Place], outputs: Mapping[str, tuple[Schema, int | None, int]], report: Report) -> str:
    """The events START and COMPLETE of a run in JSON Lines.

    `outputs`: part → its schema, its number of rows if known, and its size in bytes. Verdicts of rules on the data as read become
    assertions about the inputs. Events contain no values of rows. Source: OpenLineage specification 2.0.2.
    """
    facts, version = report.facts, report.facts.versions.get("tilth", "")
    made = _Made(f"urn:tilth:{version}")
    engine = made.facet("processing_engine", name=facts.engine, version=facts.versions.get(facts.engine, version))
    run = {"runId": str(uuid4()), "facets": engine}
    event = {"run": run, "job": {"namespace": "tilth", "name": name}, "producer": made.producer, "schemaURL": EVENT}
    rules = [_assertion(f) for f in report.findings if f.kind == "rule" and f.part == "raw"]
    of_input = {"facets": made.facet("version", datasetVersion=facts.fingerprint) if facts.fingerprint else {}}
    of_input |= {"inputFacets": made.facet("dataQualityAssertions", assertions=rules)} if rules else {}
    read = [{**named(p), **of_input} for p in inputs]
    written = [{**named(joined(place, part)), **made.output(*of)} for part, of in outputs.items()]
    done = {"inputs": read, "outputs": written}
    start = {"eventType": "START", "eventTime": facts.times[0], **event}
    complete = {"eventType": "COMPLETE", "eventTime": facts.times[1], **event, **done}
    return "".join(f"{json.dumps(e, ensure_ascii=False)}\n" for e in (start, complete))


def event_of(text: str) -> dict[str, Any]:
    """The last of the OpenLineage events in JSON Lines; empty if it is not an event."""
    try:
        found = json.loads(text.strip().splitlines()[-1])
    except (ValueError, IndexError):
        return {}
    return found if isinstance(found, dict) else {}


def named(place: Place) -> dict[str, str]:
    """The namespace and name of a place, by the rules of OpenLineage.

    >>> named("s3://bucket/loans/"), named("postgresql://me@db.example.com:5432/shop?table=public.orders")
    ({'namespace': 's3://bucket', 'name': 'loans'}, {'namespace': 'postgres://db.example.com:5432', 'name': 'shop.public.orders'})
    """
    if is_local(place):
        return {"namespace": "file", "name": str(Path(local_path(place)).absolute())}
    parts = urlsplit(str(place))
    table = parse_qs(parts.query).get("table", [""])[0]
    host = parts.netloc.rpartition("@")[2]
    name = ".".join(filter(None, (parts.path.strip("/"), table)))
    return {"namespace": f"{SCHEMES.get(parts.scheme, parts.scheme)}://{host}", "name": name}


def _assertion(f: Any) -> dict[str, Any]:
    column = {"column": f.subject[0]} if len(f.subject) == 1 else {}
    return {"assertion": f.name, "success": f.outcome is Outcome.PASSED, **column}


class _Made:
    """Facets, each with who made it and the address of its schema."""

    def __init__(self, producer: str) -> None:
        self.producer = producer

    def facet(self, key: str, **content: Any) -> dict[str, Any]:
        url = f"https://openlineage.io/spec/facets/{FACETS[key]}.json#/$defs/{FACETS[key].partition('/')[2]}"
        return {key: {"_producer": self.producer, "_schemaURL": url, **content}}

    def output(self, schema: Schema, rows: int | None, size: int) -> dict[str, Any]:
        """The facets of a part that was written."""
        fields = [{"name": c.name, "type": str(c)} for c in schema]
        made = {"facets": self.facet("schema", fields=fields)}
        return made | ({} if rows is None else {"outputFacets": self.facet("outputStatistics", rowCount=rows, size=size)})
