"""Every command that reads or writes data takes a key, and those of serving and of other products' files read and write under it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click
import pyarrow as pa
import pytest

import tilth as front
from tests.encrypted import MARK, Look, key, plaintext
from tests.serve.asking import ask
from tilth.cli.app import COMMANDS, run, tilth
from tilth.flow import Flow
from tilth.serve.app import Server
from tilth.serve.capture import capture_of
from tilth.serve.pipeline import Pipeline
from tilth.store.protection import protected

__all__ = ["key", "plaintext"]

WITHOUT = {
    "protect key new": "it makes keys",
    "protect key rotate": "it makes keys",
    "protect key show": "it shows keys",
    "protect key wrap": "it makes keys",
    "protect shred": "it destroys the key of a data set, without any other",
    "convert": "it reads and writes rules and steps, not data",
    "lint": "it reads rules, not data",
    "fmt": "it reads and writes rules, not data",
    "schema": "it prints what Tilth knows",
}
FLOW = """
data: {roles: {id: no, label: paid, positive: yes, facet: job}}
split: {train: 0.8, test: 0.2}
features: [{select: [age, job]}, {impute: {columns: age, with: mean}}, {encode: {columns: job}}]
measure: [bias]
"""
JOBS, PAID = ["cook", MARK] * 30, ["yes", "no", "yes"] * 20
TABLE = pa.table({"no": range(60), "age": [20 + i % 30 for i in range(60)], "job": JOBS, "paid": PAID})
ASKED = b'{"age": 31, "job": "%s"}' % MARK.encode()
CLARIFY = {
    "dataset_type": "text/csv",
    "headers": TABLE.column_names,
    "label": "paid",
    "label_values_or_threshold": ["yes"],
    "facet": [{"name_or_index": "job", "value_or_threshold": ["cook"]}],
    "methods": {"pre_training_bias": {"methods": ["CI", "DPL"]}},
}


def commands(of: click.Group = tilth, above: str = "") -> Iterator[tuple[str, click.Command]]:
    for name in of.list_commands(click.Context(of)):
        command = of.get_command(click.Context(of), name)
        assert command is not None
        yield from commands(command, f"{above}{name} ") if isinstance(command, click.Group) else [(above + name, command)]


def test_every_command_takes_a_key_or_handles_no_data() -> None:
    assert {name for name, command in commands() if not any("--key" in p.opts for p in command.params)} == WITHOUT.keys()
    assert COMMANDS


@pytest.mark.slow
def test_commands_read_and_write_under_a_key(
    key: str, plaintext: Look, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with protected(key):
        front.run(Flow.parse(FLOW), "result", TABLE)
        front.write(front.read(TABLE.select(["age", "job"])), "asked.csv")
        pipeline = Pipeline.of("result/flow.tilth")
        captured = capture_of(pipeline, "log", "flow")
        server = Server(pipeline, captured=captured)
        asked = ask(server, "POST", "/invocations", ASKED, {"content-type": "application/json"})
        captured.close()
    assert asked.status == 200
    assert run(["batch", "result/flow.tilth", "asked.csv", "-o", "answers", "--key", key]) == 0
    assert run(["replay", "log", "result/flow.tilth", "--key", key]) == 0
    assert run(["card", "result", "-o", "card", "--key", key]) == 0
    with protected(key):
        front.write(front.read(TABLE), "people.csv")
    Path("job.json").write_text(json.dumps(CLARIFY))
    assert run(["measure", "people.csv", "--config", "job.json", "-o", "clarify", "--key", key]) == 0
    assert run(["compare", "clarify/analysis.json", "clarify/analysis.json", "--key", key]) == 0
    said = capfd.readouterr()
    assert "60 records of 1 of 1 files answered" in said.err and "model_card.json.sealed" in said.err
    assert run(["serve", "result/flow.tilth", "--export", "container", "--key", key]) == 2
    assert run(["batch", "result/flow.tilth", "asked.csv", "-o", "more"]) == 2  # without the key
    assert not plaintext() and not Path("more").exists()
