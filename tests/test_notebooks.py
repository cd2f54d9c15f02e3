"""What Jupyter saves is encrypted: notebooks, files and checkpoints, through renames and copies."""

from __future__ import annotations

import asyncio
import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tests.encrypted import MARK, Look, key, plaintext
from tests.servers import answered, free_port
from tilth.cli.app import run
from tilth.encryption.keyfile import new_key_file
from tilth.encryption.magic import is_encrypted
from tilth.errors import RequestError
from tilth.notebooks import EncryptedContents

__all__ = ["key", "plaintext"]
TOKEN = "a-token"


def notebook(text: str) -> dict[str, Any]:
    cell = {"cell_type": "code", "id": "one", "metadata": {}, "source": text, "outputs": [], "execution_count": None}
    return {"type": "notebook", "content": {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def contents(folder: Path, key: str, **more: Any) -> EncryptedContents:
    return EncryptedContents(root_dir=str(folder), key=key, **more)


def source_of(model: Any) -> str:
    return str(model["content"]["cells"][0]["source"])


def test_nothing_is_left_in_plain_text(key: str, folder: Path, plaintext: Look) -> None:
    manager = contents(folder, key)

    async def used() -> None:
        await manager.save(notebook(f"a = '{MARK}'"), "one.ipynb")
        (checkpoint,) = await manager.list_checkpoints("one.ipynb")
        await manager.save(notebook(f"b = '{MARK}'"), "one.ipynb")
        await manager.rename("one.ipynb", "two.ipynb")
        await manager.copy("two.ipynb", "three.ipynb")
        assert [source_of(await manager.get(f"{name}.ipynb")) for name in ("two", "three")] == [f"b = '{MARK}'"] * 2
        await manager.restore_checkpoint(checkpoint["id"], "two.ipynb")
        assert source_of(await manager.get("two.ipynb")) == f"a = '{MARK}'"
        for name, held, form in (("a.txt", MARK, "text"), ("a.bin", base64.b64encode(b"\xff" + MARK.encode()).decode(), "base64")):
            saved = await manager.save({"type": "file", "format": form, "content": held}, name)
            got = await manager.get(name)
            assert (got["content"].strip(), got["format"], saved["content"]) == (held, form, None)
        assert {m["name"] for m in (await manager.get(""))["content"]} == {"two.ipynb", "three.ipynb", "a.txt", "a.bin"}

    asyncio.run(used())
    files = [p for p in folder.rglob("*") if p.is_file()]
    assert len(files) == 6 and all(map(is_encrypted, files)) and not plaintext()


def test_an_unencrypted_notebook_is_sealed_when_it_is_saved(key: str, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    import nbformat

    path, manager = folder / "old.ipynb", contents(folder, key)
    path.write_text(nbformat.writes(nbformat.from_dict(notebook(MARK)["content"])))
    model = asyncio.run(manager.get("old.ipynb"))
    assert source_of(model) == MARK
    asyncio.run(manager.save(model, "old.ipynb"))
    assert is_encrypted(path)
    for words in (["open", str(path)], ["verify", str(folder)]):
        assert run(["protect", *words, "--key", key]) == 0
    assert MARK in capfd.readouterr().out


def test_what_cannot_be_read_or_encrypted_is_an_error(key: str, folder: Path, tmp_path: Path) -> None:
    from jupyter_server.services.contents.filecheckpoints import AsyncGenericFileCheckpoints
    from tornado.web import HTTPError

    manager = contents(folder, key)
    asyncio.run(manager.save(notebook(MARK), "one.ipynb"))
    asyncio.run(manager.save({"type": "file", "format": "base64", "content": base64.b64encode(b"\xff").decode()}, "a.bin"))
    new_key_file(tmp_path / "other.key")
    for asked, words in (
        (contents(folder, f"file:{tmp_path / 'other.key'}").get("one.ipynb"), "encrypted under the key"),
        (manager.get("a.bin", format="text"), "not UTF-8"),
        (manager.get("a.bin", type="notebook"), "Unreadable notebook"),
        (manager.save({"type": "file", "format": "text", "content": "a", "chunk": 1}, "b.txt"), "copy the file"),
    ):
        with pytest.raises(HTTPError, match=words):
            asyncio.run(asked)
    content = bytearray((folder / "one.ipynb").read_bytes())
    content[-20] ^= 1
    (folder / "one.ipynb").write_bytes(content)
    with pytest.raises(HTTPError, match="was changed after"):
        asyncio.run(manager.get("one.ipynb"))
    with pytest.raises(RequestError, match="not a reference to a key"):
        contents(folder, "")
    with pytest.raises(RequestError, match="checkpoints of another class"):
        contents(folder, key, checkpoints_class=AsyncGenericFileCheckpoints)


def test_hooks_see_what_is_saved(key: str, folder: Path) -> None:
    seen = []
    manager = contents(folder, key)
    manager.register_pre_save_hook(lambda model, path, **_: seen.append(source_of(model)))
    asyncio.run(manager.save(notebook(MARK), "one.ipynb"))
    assert seen == [MARK]


@pytest.fixture
def server(key: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a Jupyter Server with the two lines of the page."""
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "run"))
    lines = ('c.ServerApp.contents_manager_class = "tilth.notebooks.EncryptedContents"', f'c.EncryptedContents.key = "{key}"')
    (tmp_path / "config.py").write_text("\n".join(lines))
    port = free_port()
    words = ["--config", tmp_path / "config.py", f"--ServerApp.root_dir={folder}", f"--port={port}", "--ServerApp.port_retries=0"]
    words += ["--no-browser", "--allow-root", f"--IdentityProvider.token={TOKEN}"]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen([sys.executable, "-m", "jupyter_server", *map(str, words)], stdout=log, stderr=log)
    try:
        answered(f"http://127.0.0.1:{port}/api/status?token={TOKEN}")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


@pytest.mark.slow
def test_a_server_sends_files_decrypted_and_browsers_store_none(server: str, folder: Path) -> None:
    """Jupyter's own handler of downloads would send them as they are stored."""

    def asked(path: str, body: bytes | None = None) -> tuple[str, str]:
        request = Request(f"{server}/{path}", body, {"Authorization": f"token {TOKEN}"}, method="PUT" if body else "GET")
        with urlopen(request, timeout=60) as answer:
            return answer.read().decode(), answer.headers["Cache-Control"]

    asked("api/contents/one.ipynb", json.dumps(notebook(MARK)).encode())
    assert is_encrypted(folder / "one.ipynb")
    for path in ("api/contents/one.ipynb", "files/one.ipynb?download=1", "files/one.ipynb"):
        text, stored = asked(path)
        assert (MARK in text, stored) == (True, "no-store")


def test_signatures_are_not_stored(key: str, folder: Path) -> None:
    from nbformat.sign import MemorySignatureStore

    assert isinstance(contents(folder, key).notary.store, MemorySignatureStore)
