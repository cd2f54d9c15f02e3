"""Reads SageMaker Data Wrangler flows: graphs of nodes, one path of which becomes a list of transforms."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from tilth.aws.conversion.data_wrangler.operators import OPERATORS
from tilth.aws.conversion.data_wrangler.transform import Transform, snake
from tilth.aws.conversion.made import WAYS, Item, Made, NotConverted, formula, joined, renamed
from tilth.aws.conversion.parameters import Parameters
from tilth.engine.user_sql.writing import identifier
from tilth.yaml import yaml_value

CODE = "code is not converted, and was not run: write `formula`, `sql` or `python`"
CODE_BLOCKS = {
    "SQL": "sql_parameters",
    "Python (PySpark": "pyspark_parameters",
    "Python (Pandas": "pandas_parameters",
    "Python (User-Defined": "udf_parameters",
}
"""How the label of code begins → its parameters."""
OPERATOR = re.compile(r"sagemaker\.(?:\w+\.)?(\w+?)(?:_\d+(?:\.\d+)*)?")


@dataclass(frozen=True)
class Node:
    """A node of the graph: its operator without prefix and version, its parameters, and the ids of the nodes that it reads."""

    id: str
    type: str
    operator: str
    parameters: Mapping[str, Any]
    learned: Mapping[str, Any]
    inputs: tuple[str, ...]


def nodes_of(given: Any) -> dict[str, Node] | None:
    """Id → node of a flow; None for anything else."""
    listed = given.get("nodes") if isinstance(given, Mapping) else None
    if not isinstance(listed, list) or not listed or not all(isinstance(n, Mapping) and isinstance(n.get("node_id"), str) for n in listed):
        return None
    return {n["node_id"]: _node(n) for n in listed}


def _node(given: Mapping[str, Any]) -> Node:
    operator = OPERATOR.fullmatch(str(given.get("operator", "")))
    inputs = given.get("inputs")
    read = [i.get("node_id") for i in inputs if isinstance(i, Mapping)] if isinstance(inputs, list) else []
    return Node(
        given["node_id"],
        str(given.get("type", "")),
        operator[1] if operator else str(given.get("operator", "")),
        _mapping(given, "parameters"),
        _mapping(given, "trained_parameters"),
        tuple(r for r in read if isinstance(r, str)),
    )


def _mapping(given: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = given.get(key)
    return found if isinstance(found, Mapping) else {}


def path_of(nodes: Mapping[str, Node]) -> list[Node]:
    """The longest path from a source along first inputs. Nodes that are part of a cycle are on none."""
    lengths: dict[str, int] = {}
    for start in nodes:
        stack = [start]
        while stack and len(stack) <= len(nodes):
            first = nodes[stack[-1]].inputs[:1]
            if not first or first[0] not in nodes or first[0] in lengths:
                node = stack.pop()
                counts = nodes[node].type not in ("VISUALIZATION", "DESTINATION")
                lengths[node] = (lengths.get(first[0], 0) if first else 0) + counts
            else:
                stack.append(first[0])
    path: list[Node] = []
    at = max(lengths, key=lambda n: lengths[n], default=None)
    while at is not None and at in nodes:
        path.insert(0, nodes[at])
        at = next(iter(nodes[at].inputs), None)
    return path


def source_of(path: list[Node]) -> str | None:
    """The place that the first node reads, if it says one."""
    definition = path[0].parameters.get("dataset_definition") if path else None
    context = definition.get("s3ExecutionContext") if isinstance(definition, Mapping) else None
    place = context.get("s3Uri") if isinstance(context, Mapping) else None
    return place if isinstance(place, str) and place and "{{" not in place else None


def items_of(nodes: Mapping[str, Node]) -> Iterator[Item]:
    """Convert each transform of a flow: first those of the longest path, in order, then those of other branches."""
    path = path_of(nodes)
    here = {node.id for node in path}
    joined = {i for node in path for i in node.inputs[1:]}  # the kinds of a joined table are found when it is read
    types = {node.id for node in nodes.values() if node.operator == "infer_and_cast_type" and node.id in joined}
    rest = [node for node in nodes.values() if node.id not in here | types and node.type == "TRANSFORM"]
    for n, node in enumerate([*(p for p in path if p.type == "TRANSFORM"), *rest], 1):
        label = _label(node)
        source = f"node {n}, {node.operator}" + (f" ({label})" if label else "")
        parameters = _chosen(node, label)
        try:
            if node in rest:
                raise NotConverted("it is not on the longest branch, of which the flow is made")
            yield Item(source, tuple(_made(nodes, node, label, parameters)))
        except NotConverted as why:
            code = next((v for k, v in parameters.items() if re.fullmatch("(.*_)?code|sql|query", k) and isinstance(v, str)), None)
            yield Item(source, (), str(why), code if code is not None else yaml_value(parameters))


def _other(nodes: Mapping[str, Node], node: Node) -> tuple[str, str, frozenset[str] | None]:
    """The name and place of the joined table, if it is read without transforms, and its columns, if known."""
    at = nodes.get(node.inputs[1]) if len(node.inputs) == 2 else None
    columns = None
    for _ in range(len(nodes)):
        if at is None or at.operator != "infer_and_cast_type":
            break
        schema = at.learned.get("schema")
        columns = frozenset(map(str, schema)) if isinstance(schema, Mapping) else None
        at = nodes.get(next(iter(at.inputs), ""))
    place = source_of([at]) if at is not None and at.type == "SOURCE" else None
    if place is None:
        raise NotConverted("what it joins is not a table as it is read: name it under `data: {tables: …}`, and write `join`")
    return PurePosixPath(place).stem, place, columns


JOINS = {
    **dict.fromkeys(("LEFT", "LEFTOUTER"), "left"),
    "INNER": "inner",
    **dict.fromkeys(("SEMI", "LEFTSEMI"), "semi"),
    **dict.fromkeys(("ANTI", "LEFTANTI"), "anti"),
}


def _join(t: Transform, name: str, place: str, columns: frozenset[str] | None) -> Iterator[Made]:
    """A step `join`, and the names of the keys in both tables. A left join is a lookup, which can be served."""
    how = JOINS.get(re.sub("[^A-Z]", "", t.text("join_type", "inner").upper()))
    if how is None:
        raise NotConverted(f"a join {t.text('join_type')[:40]!r} would add rows that the data does not have")
    keys = t.json("join_keys") if t.has("join_keys") else [{"left": t.text("left_column"), "right": t.text("right_column")}]
    if not isinstance(keys, list) or not all(isinstance(k, Mapping) for k in keys):
        raise NotConverted("its keys are not pairs of columns")
    on = {Parameters(k).name("left", "left_column"): Parameters(k).name("right", "right_column") for k in keys}
    yield joined(name, place, on, how, columns)
    if how in WAYS:
        for left, right in on.items():
            one, other = (f"{left}_0", f"{right}_1") if left == right else (left, right)
            notes = ["it has the key where nothing is joined, too"] if how == "left" else []
            yield formula(other, identifier(left), [left], *notes)
            yield from renamed(left, one)


def _label(node: Node) -> str:
    label = node.parameters.get("operator")
    return label if isinstance(label, str) else ""


def _chosen(node: Node, label: str) -> Mapping[str, Any]:
    """The parameters of the chosen label; all others, which linger in a file, are left."""
    code = (block for begins, block in CODE_BLOCKS.items() if node.operator == "custom_code" and label.startswith(begins))
    for key in (f"{snake(label)}_parameters", f"{label}_parameters", *code):
        if label and isinstance(block := node.parameters.get(key), Mapping):
            return block
    return {k: v for k, v in node.parameters.items() if not k.endswith("_parameters") and k != "operator"} if label else node.parameters


def _made(nodes: Mapping[str, Node], node: Node, label: str, parameters: Mapping[str, Any]) -> Iterator[Made]:
    convert = OPERATORS.get((node.operator, label)) or OPERATORS.get((node.operator, ""))
    if convert is None and node.operator.startswith("custom_"):
        raise NotConverted(CODE)
    transform = Transform(node.operator, label, parameters, node.learned)
    if node.operator.startswith("join"):
        made = [*_join(transform, *_other(nodes, node))]
    elif convert is None:
        raise NotConverted("no step does this in this version")
    else:
        made = list(convert(transform))
    unread = tuple(f"its parameter {name!r} is ignored" for name in transform.unread)
    yield from (replace(m, notes=(*m.notes, *unread)) if k == 0 else m for k, m in enumerate(made))
