"""The fitted flow as a file: what goes in comes out, equal flows make equal bytes, and nothing else is opened."""

from __future__ import annotations

import contextlib
import io
import json
import math
import pickle
import warnings
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tilth
from tilth.errors import ArtefactError, ColumnError, FlowError, RequestError
from tilth.flow import Flow
from tilth.flow import artefact as module
from tilth.flow.artefact import ENTRIES, _decoded, _encoded, opened

TABLE = pa.table({"age": [30, None, 50, 41], "job": ["a", "b", None, "a"], "y": ["yes", "no", "no", "yes"]})
TEXT = """
data: {roles: {label: y, positive: yes}}
split: {train: 0.5, test: 0.5}
features:
  - impute: {columns: numeric, with: mean, indicator: true}
  - scale: {columns: age}
  - encode: {columns: job}
"""


@pytest.fixture(scope="module")
def fitted() -> Flow:
    return tilth.fit(Flow.parse(TEXT.replace("split: {train: 0.5, test: 0.5}\n", "")), TABLE)


@pytest.fixture(scope="module")
def saved(fitted: Flow, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return fitted.save(tmp_path_factory.mktemp("artefact") / "f.tilth").read_bytes()


def test_the_elements_and_the_shape_of_lists_are_kept(tmp_path: Path) -> None:
    table = TABLE.append_column("v", pa.array([[1.0, 2.0]] * 4, pa.list_(pa.float32(), 2)))
    fitted = tilth.fit(Flow.parse(TEXT.replace("split: {train: 0.5, test: 0.5}\n", "")), table)
    again = Flow.load(fitted.save(tmp_path / "f.tilth"))
    assert again == fitted
    with pytest.raises(ColumnError, match=r"column 'v' is list\[\] of string, but the fitted flow needs list\[2\] of float"):
        tilth.apply(again, TABLE.append_column("v", pa.array([["a"]] * 4)))


def test_what_goes_in_comes_out(fitted: Flow, saved: bytes, tmp_path: Path) -> None:
    path = tmp_path / "f.tilth"
    path.write_bytes(saved)
    again = Flow.load(path)
    assert again == fitted
    assert again.text == fitted.text
    row = {"age": 12, "job": "b", "y": None}
    assert again.row(row) == fitted.row(row)
    assert str(again) == str(fitted)


def test_new_columns_keep_their_order(tmp_path: Path) -> None:
    table = pa.table({"z": [1, None], "a": [None, 2]})
    fitted = tilth.fit(Flow.parse("features: [{impute: {columns: numeric, with: mean, indicator: true}}]"), table)
    again = Flow.load(fitted.save(tmp_path / "f.tilth"))
    assert list(again.row({"z": None, "a": None})) == list(fitted.row({"z": None, "a": None})) == ["z", "a", "z_missing", "a_missing"]


def test_made_twice_it_is_byte_equal(saved: bytes, tmp_path: Path) -> None:
    again = tilth.fit(Flow.parse(TEXT.replace("split: {train: 0.5, test: 0.5}\n", "")), TABLE)
    assert again.save(tmp_path / "g.tilth").read_bytes() == saved
    path = tmp_path / "h.tilth"
    path.write_bytes(saved)
    assert Flow.load(path).save(path).read_bytes() == saved


def test_it_holds_text_entries_and_no_row(saved: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(saved)) as archive:
        steps = [f"features/{step}.json" for step in ("1-impute", "2-scale", "3-encode")]
        assert archive.namelist() == ["manifest.json", *ENTRIES, "golden.json", *steps]
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    assert b"pickle" not in saved
    golden = json.loads(texts.pop("golden.json"))
    said = [json.loads(text) for name, text in texts.items() if name not in ("manifest.json", "flow.yaml")]
    assert "41" not in json.dumps([*said, *(one["row"] for one in golden)])  # an age that is in the data only


def test_a_flow_that_has_not_learned_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(FlowError, match="is not fitted"):
        Flow.parse(TEXT).save(tmp_path / "f.tilth")
    assert not list(tmp_path.iterdir())


VALUES: list[Any] = [
    datetime(2024, 2, 29, 12, 30, 0, 5),
    date(1, 1, 1),
    Decimal("1.10"),
    {"$date": "no date", "$": {"$$x": 1}},
    [1, 2.5, None, True, "text"],
    -0.0,
]


@pytest.mark.parametrize("value", VALUES, ids=str)
def test_values_come_back_as_they_were(value: Any) -> None:
    again = json.loads(json.dumps(_encoded({"v": value})), object_hook=_decoded)["v"]
    assert again == value
    assert repr(again) == repr(value)


# ── damage ──


def repacked(saved: bytes, change: Callable[[dict[str, bytes]], None], manifest: bool = True) -> bytes:
    """The artefact with its entries changed; `manifest`: whether its hashes are made to fit."""
    with zipfile.ZipFile(io.BytesIO(saved)) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    change(entries)
    if manifest:
        made_to_fit = json.loads(entries["manifest.json"])
        made_to_fit["sha256"] = {name: module._hash(entries[name]) for name in entries if name != "manifest.json"}
        entries["manifest.json"] = json.dumps(made_to_fit).encode()
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return made.getvalue()


def version(n: Any) -> Callable[[dict[str, bytes]], None]:
    def change(entries: dict[str, bytes]) -> None:
        entries["manifest.json"] = json.dumps({**json.loads(entries["manifest.json"]), "version": n}).encode()

    return change


def with_entry(name: str, content: bytes) -> Callable[[dict[str, bytes]], None]:
    return lambda entries: entries.update({name: content})


def without(name: str) -> Callable[[dict[str, bytes]], None]:
    return lambda entries: entries.pop(name) and None


def in_json(name: str, key: str, value: Any) -> Callable[[dict[str, bytes]], None]:
    def change(entries: dict[str, bytes]) -> None:
        entries[name] = json.dumps({**json.loads(entries[name]), key: value}).encode()

    return change


def learned_of(step: int, learned: Any) -> Callable[[dict[str, bytes]], None]:
    def change(entries: dict[str, bytes]) -> None:
        name = f"features/{step + 1}-{('impute', 'scale', 'encode')[step]}.json"
        entries[name] = json.dumps(learned).encode()

    return change


def with_parameter(name: str, value: Any) -> Callable[[dict[str, bytes]], None]:
    def change(entries: dict[str, bytes]) -> None:
        found = json.loads(entries["flow.json"])
        found["steps"]["features"][0]["parameters"][name] = value
        entries["flow.json"] = json.dumps(found).encode()

    return change


def twice(saved: bytes, name: str) -> bytes:
    made = io.BytesIO(saved)
    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(made, "a") as archive:
        archive.writestr(name, b"{}")
    return made.getvalue()


DAMAGE: list[tuple[str, Callable[[bytes], bytes], str]] = [
    ("empty", lambda b: b"", "is not a fitted flow of this version"),
    ("a text", lambda b: b"flow: yes", "is not a fitted flow of this version"),
    ("cut short", lambda b: b[: len(b) // 2], "is not a fitted flow of this version"),
    (
        "a wrong hash",
        lambda b: repacked(b, with_entry("schema.json", b"{}"), manifest=False),
        "schema.json was changed after it was made",
    ),
    ("a newer version", lambda b: repacked(b, version(99)), "format version 99; this Tilth reads version 1"),
    ("an older version", lambda b: repacked(b, version(0)), "format version 0"),
    ("a version that is none", lambda b: repacked(b, version("one")), "its manifest is not that of a fitted flow"),
    ("an entry too many", lambda b: repacked(b, with_entry("../../evil.sh", b"x")), "which do not belong to a step"),
    ("an entry too few", lambda b: repacked(b, without("baseline.json")), "it holds"),
    ("not a mapping", lambda b: repacked(b, with_entry("flow.json", b"[]")), "not a fitted flow of this version"),
    ("no JSON", lambda b: repacked(b, with_entry("flow.json", b"{")), "not a fitted flow of this version"),
    ("not UTF-8", lambda b: repacked(b, with_entry("flow.yaml", b"\xff")), "not a fitted flow of this version"),
    ("deep JSON", lambda b: repacked(b, with_entry("schema.json", b"[" * 100_000)), "not a fitted flow of this version"),
    (
        "an unknown step",
        lambda b: repacked(b, in_json("flow.json", "steps", {"rows": [{"step": "os.system", "parameters": {}}]})),
        "not a fitted flow",
    ),
    (
        "a kind that is none",
        lambda b: repacked(b, in_json("schema.json", "read", [["age", "pickle", ""]])),
        "not a fitted flow of this version",
    ),
    (
        "a learned value that is none",
        lambda b: repacked(b, learned_of(1, {"age": {"shift": "__import__('os')", "divisor": []}})),
        "not a fitted flow of this version",
    ),
    ("a learned value less", lambda b: repacked(b, learned_of(2, {"job": {}})), "not a fitted flow of this version"),
    ("a parameter that no step has", lambda b: repacked(b, with_parameter("__class__", "os.system")), "not a fitted flow of this version"),
    (
        "a pickle inside",
        lambda b: repacked(b, with_entry("schema.json", pickle.dumps({"schema": []}))),
        "not a fitted flow of this version",
    ),
    ("a pickle beside", lambda b: repacked(b, with_entry("learned.pkl", pickle.dumps(1))), "which do not belong to a step"),
    ("a name twice", lambda b: twice(b, "schema.json"), "it holds"),
    ("a number of many digits", lambda b: repacked(b, with_entry("baseline.json", b"[" + b"9" * 10_000 + b"]")), "not a fitted flow"),
    ("a version that is a truth", lambda b: repacked(b, version(True)), "its manifest is not that of a fitted flow"),
    (
        "a manifest that is a list",
        lambda b: repacked(b, with_entry("manifest.json", b"[]"), manifest=False),
        "is not a fitted flow of this version",
    ),
    ("a step less", lambda b: repacked(b, in_json("schema.json", "of", {"features": []})), "not a fitted flow of this version"),
]


@pytest.mark.parametrize(("damage", "why"), [d[1:] for d in DAMAGE], ids=[d[0] for d in DAMAGE])
def test_a_damaged_file_is_rejected_with_the_reason(saved: bytes, tmp_path: Path, damage: Callable[[bytes], bytes], why: str) -> None:
    path = tmp_path / "f.tilth"
    path.write_bytes(damage(saved))
    with pytest.raises(ArtefactError, match=why) as caught:
        opened(path)
    assert caught.value.exit_code == 2


def test_a_zip_bomb_is_not_unpacked(saved: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "f.tilth"
    bomb = repacked(saved, with_entry("schema.json", b" " * 10_000_000))
    monkeypatch.setattr(module, "LARGEST", len(bomb))
    path.write_bytes(bomb)
    with pytest.raises(ArtefactError, match=f"larger than {len(bomb):,} bytes"):
        opened(path)
    path.write_bytes(bomb.replace((10_000_000).to_bytes(4, "little"), (100).to_bytes(4, "little")))  # headers that lie about it
    with pytest.raises(ArtefactError):
        opened(path)


def test_a_missing_file_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match="there is no fitted flow"):
        opened(tmp_path / "f.tilth")


EVERY = """
data: {roles: {label: y, positive: yes}}
features:
  - select: ["!gone"]
  - null_if: {columns: job, values: ["?"]}
  - cast: {columns: whole, to: float}
  - formula: {column: twice, expression: "2 * age"}
  - impute: {columns: [age, whole], with: mean, indicator: true}
  - scale: {columns: age, with: minmax}
  - encode: {columns: job, max_categories: 2, missing: slot}
output: [{softmax: [age, whole]}]
"""
HOSTILE = [
    None,
    True,
    -1,
    0,
    2**70,
    1e308,
    math.nan,
    math.inf,
    "",
    "age",
    "'; drop",
    "\ud800",
    [],
    {},
    [[]],
    {"$date": "x"},
    {"$file": "x"},
    "x" * 300,
]


def paths_of(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, v in inner:
        yield from paths_of(v, (*path, key))


def mutated(value: Any, path: tuple[Any, ...], change: Callable[[Any], Any]) -> Any:
    if not path:
        return change(value)
    made = dict(value) if isinstance(value, dict) else list(value)
    made[path[0]] = mutated(value[path[0]], path[1:], change)
    return made


@pytest.fixture(scope="module")
def of_every_step(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    table = TABLE.append_column("gone", [[1, 2, 3, 4]]).append_column("whole", [[1, None, 3, 4]])
    return tilth.fit(Flow.parse(EVERY), table).save(tmp_path_factory.mktemp("every") / "f.tilth").read_bytes()


@pytest.mark.slow
@settings(max_examples=settings().max_examples * 8)
@given(st.data())
def test_a_forged_file_is_rejected_or_runs(of_every_step: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    with zipfile.ZipFile(io.BytesIO(of_every_step)) as archive:
        names = [n for n in archive.namelist() if n.endswith(".json") and n != "manifest.json"]
        name = data.draw(st.sampled_from(names))
        found = json.loads(archive.read(name))
    path = data.draw(st.sampled_from(list(paths_of(found))))
    hostile = data.draw(st.sampled_from(HOSTILE))
    forged = mutated(found, path, lambda old: {"extra": hostile, **old} if isinstance(old, dict) and data.draw(st.booleans()) else hostile)
    place = tmp_path_factory.getbasetemp() / "forged.tilth"
    place.write_bytes(repacked(of_every_step, with_entry(name, json.dumps(forged).encode())))
    with contextlib.suppress(ArtefactError):
        flow = opened(place)
        with contextlib.suppress(RequestError):  # a value that does not fit is the data's
            flow.row({"age": 12, "job": "b", "whole": 3})
            tilth.write(tilth.apply(flow, TABLE.append_column("gone", [[1, 2, 3, 4]]).append_column("whole", [[1, None, 3, 4]])))


def test_an_entry_is_bounded(fitted: Flow, saved: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST_TEXT", 5_000)
    path = tmp_path / "f.tilth"
    path.write_bytes(repacked(saved, with_entry("baseline.json", b"[" + b" " * 6_000 + b"]")))
    with pytest.raises(ArtefactError, match=r"baseline\.json is larger than 5,000 bytes"):
        opened(path)
    learned = replace(fitted.need_learned(), baseline=({"x": "y" * 6_000},))
    with pytest.raises(ArtefactError, match=r"baseline\.json would be larger"):
        fitted.with_learned(learned).save(path)


@given(st.data())
def test_a_flipped_byte_changes_nothing_or_is_rejected(saved: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = tmp_path_factory.getbasetemp() / "flipped.tilth"
    flipped = bytearray(saved)
    for at in data.draw(st.lists(st.integers(0, len(saved) - 1), min_size=1, max_size=3)):
        flipped[at] ^= data.draw(st.integers(1, 255))
    path.write_bytes(flipped)
    try:
        again = opened(path)
    except ArtefactError:
        return
    path.write_bytes(saved)
    assert again == opened(path)
