"""Keys of redact: which one is used, and that it is neither kept nor shown."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

import tilth
from tests.keyservices import vault
from tests.steps.keys import KEY
from tests.steps.made import applied, dataset, fitted, made
from tests.steps.protect.checks import KEYED
from tilth.encryption.keyfile import KeyFile, new_key_file
from tilth.encryption.keys import key_of
from tilth.errors import RequestError, SourceError, TilthError
from tilth.steps.protect.redact import Redact

__all__ = ["vault"]
TABLE = pa.table({"x": ["4111111111111111"], "day": [dt.date(2024, 1, 1)]})


def test_a_rotated_key_gives_new_pseudonyms_and_a_fitted_step_keeps_its_own(tmp_path):
    path = tmp_path / "tilth.key"
    new_key_file(path)
    step, table = Redact("a", key=f"file:{path}"), {"a": ["x"]}
    before = fitted(step, table)
    pseudonym = applied(before, table)
    KeyFile(path).rotated()
    assert applied(before, table) == pseudonym != made(step, table)
    assert made(replace(step, key_id=before.learned["a"]["key_id"]), table) == pseudonym
    path.unlink()
    with pytest.raises(TilthError, match=r"tilth\.key"):
        applied(before, table)
    new_key_file(path)
    with pytest.raises(SourceError) as error:
        applied(before, table)
    assert error.value.mistakes[0].code == "wrong-key"


def test_a_key_that_a_service_keeps_needs_the_secret_of_the_project(vault, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    step, table = Redact("a", key="vault-transit:tilth"), {"a": ["x"]}
    with pytest.raises(RequestError, match=r"tilth protect key new protect/secret.json --under vault-transit:tilth"):
        fitted(step, table)
    new_key_file(Path("protect/secret.json"), under=key_of("vault-transit:tilth"))
    Path("protect/secret.json").chmod(0o644)  # as Git leaves it: it is wrapped
    before = fitted(step, table)
    pseudonym = applied(before, table)
    KeyFile("protect/secret.json").rotated()
    new_key_file(Path("plain.key"))
    KeyFile("protect/secret.json").wrapped(key_of("file:plain.key"))  # to another key, without Vault from here on
    vault.transit.keys.clear()
    assert applied(before, table) == pseudonym != made(step, table)


@pytest.mark.parametrize("way", KEYED)
def test_no_key_is_in_what_is_kept_or_shown(way, tmp_path):
    column, by = ("day", ("x",)) if way == "date_shift" else ("x", ())
    step = Redact(column, with_=way, key=KEY, by=by)
    found = fitted(step, TABLE)
    tilth.fit(tilth.Flow(parts={"features": (step,)}), TABLE).save(tmp_path / "f.tilth")
    key = step.action.key(found.learned[column]["key_id"])
    shown = f"{found!r} {found.apply(dataset(TABLE)).layers!r} {step.action.of_text('x', **found.learned[column])!r}".encode()
    for kept in ((tmp_path / "f.tilth").read_bytes(), shown):
        assert not any(form in kept for form in (key, key.hex().encode(), repr(key)[2:-1].encode()))


@pytest.mark.parametrize("way", KEYED)
def test_a_missing_key_is_said_before_data_is_read(way):
    with pytest.raises(TilthError, match="needs a key"):
        tilth.Flow.parse(f"features:\n  - redact: {{columns: a, with: {way}}}\n")
    column, by = ("day", ("x",)) if way == "date_shift" else ("x", ())
    with pytest.raises(RequestError, match="TILTH_NO_SUCH_KEY"):
        fitted(Redact(column, with_=way, key="env:TILTH_NO_SUCH_KEY", by=by), TABLE)


def test_the_key_of_the_flow_is_that_of_its_steps():
    steps = (
        "features:\n  - redact: {columns: x, domain: a}\n  - redact: {columns: y, with: mask}\n  - redact: {columns: z, key: 'env:OTHER'}\n"
    )
    flow = tilth.Flow.parse(f"{steps}protect: {{key: '{KEY}'}}\n")
    assert [step.key for _, step in flow.steps()] == [KEY, "", "env:OTHER"]
