"""Jobs of AWS Glue, read: of their nodes those that detect sensitive data become steps."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tilth.aws.conversion.made import Item, Made, NotConverted, column_step
from tilth.aws.glue_entities import OPTIONS, WAYS, Request, requests_of
from tilth.errors import RequestError
from tilth.steps.protect.cells import CELLS
from tilth.yaml import yaml_value

PII = "PIIDetection"
ACTIONS = {"RowAudit": "DETECT", "RowHashing": "SHA256_HASH", "RowMasking": "REDACT", "RowPartialMasking": "PARTIAL_REDACT"}
ROWS = "every column of strings, free text and private ones too; say which, if others are meant"
IN_TURN = "what an earlier step hid is not found by a later one"


def nodes_of(job: Any) -> Mapping[str, Any] | None:
    """The nodes of a job, or of an object that contains one; None for anything else."""
    for key in ("Job", "JobUpdate"):
        job = job.get(key, job) if isinstance(job, Mapping) else job
    nodes = job.get("CodeGenConfigurationNodes") if isinstance(job, Mapping) else None
    return nodes if isinstance(nodes, Mapping) else None


def items_of(nodes: Mapping[str, Any]) -> Iterator[Item]:
    """Convert each node."""
    for name, node in nodes.items():
        kind, body = next(iter(node.items()), ("", {})) if isinstance(node, Mapping) else ("", {})
        body = body if isinstance(body, Mapping) else {}
        source = f"node {body.get('Name', name)}, {kind}"
        try:
            if kind != PII:
                raise NotConverted("of a job only the nodes that detect sensitive data are converted")
            yield Item(source, tuple(_made(body)))
        except NotConverted as why:
            yield Item(source, (), str(why), yaml_value({k: v for k, v in body.items() if k not in ("Name", "Inputs")}))


def _made(node: Mapping[str, Any]) -> Iterator[Made]:
    """The steps of a node: one for all entities that are hidden alike in the same columns."""
    together: dict[str, list[Request]] = {}
    for request in _requests(node):
        together.setdefault(repr(request[1:]), []).append(request)
    notes = (IN_TURN,) if len(together) > 1 else ()
    for k, alike in enumerate(together.values()):
        yield _step(alike[0], [r.entity for r in alike], node, f"_{k + 1}" if len(together) > 1 else "", notes)


def _requests(node: Mapping[str, Any]) -> list[Request]:
    kind, entities = node.get("PiiType"), node.get("EntityTypesToDetect") or ()
    if (parameters := node.get("DetectionParameters")) and isinstance(parameters, str):
        try:
            return _asked(json.loads(parameters))
        except ValueError as error:
            raise NotConverted(f"its DetectionParameters are not JSON: {error}") from None
    if kind not in ACTIONS:
        sample = f"--mode sample --sample-portion {node.get('SampleFraction', 0.1)} --threshold {node.get('ThresholdFraction', 0.1)}"
        named = f"--entities {','.join(map(str, entities))}"
        raise NotConverted(f"its columns are chosen from a sample of the data: `tilth scan DATA {sample} {named}` proposes the steps")
    given = {name: node[name[0].upper() + name[1:]] for name in OPTIONS[ACTIONS[kind]] if node.get(name[0].upper() + name[1:]) is not None}
    if kind == "RowMasking" and node.get("MaskValue") is not None:
        given["redactText"] = node["MaskValue"]
    return _asked({entity: {"action": ACTIONS[kind], "actionOptions": given} for entity in entities})


def _asked(parameters: Any) -> list[Request]:
    try:
        return requests_of(parameters)
    except RequestError as error:
        raise NotConverted("; ".join(m.message for m in error.mistakes)) from None


def _step(request: Request, entities: Iterable[str], node: Mapping[str, Any], number: str, notes: tuple[str, ...]) -> Made:
    everywhere = "*" in request.columns
    columns = ["string", "text", "private"] if everywhere else list(request.columns)
    columns += [f"!{c}" for c in request.excluded]
    sensitivity = "high" if str(node.get("DetectionSensitivity", "LOW")).upper() == "HIGH" else None
    made = column_step(
        "redact", columns, "", (*notes, *((ROWS,) if everywhere else ())), find=list(entities), with_=WAYS[request.action],
        sensitivity=sensitivity, findings=f"{node.get('OutputColumnName') or CELLS}{number}", **request.parameters,
    )  # fmt: skip
    return Made(made.name, made.parameters, None, None, made.notes) if everywhere else made
