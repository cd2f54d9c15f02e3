"""Encrypts what is saved in Jupyter: a contents manager for Jupyter Server, named in its `jupyter_server_config.py`.

Notebooks and files are sealed under one key and keep their names; so are checkpoints, which are copies of these files.
"""

from __future__ import annotations

import base64
import io
import mimetypes
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
from jupyter_server.files.handlers import FilesHandler
from jupyter_server.serverapp import ServerApp
from jupyter_server.services.contents.filecheckpoints import AsyncFileCheckpoints
from jupyter_server.services.contents.filemanager import AsyncFileContentsManager
from nbformat.sign import MemorySignatureStore
from tornado.web import HTTPError
from traitlets import Unicode

from tilth.encryption.dataset import ANY_NAME, DataSet, unsealed_alone
from tilth.encryption.keys import key_of
from tilth.encryption.magic import SEALED
from tilth.errors import RequestError, TilthError


class EncryptedContents(AsyncFileContentsManager):  # type: ignore[misc]  # a class of a library without types
    """The contents of Jupyter Server in files that are sealed under `key`. Unencrypted files can be opened, and are sealed when saved.

    Errors: `RequestError` at the start of the server without a key, with an unusable key, and with other classes of checkpoints, which
    write notebooks themselves.
    """

    key = Unicode("", config=True, help="A reference to the key, such as file:~/.config/tilth/project.key")

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        if type(self.checkpoints) is not AsyncFileCheckpoints:
            hint = "leave c.ContentsManager.checkpoints_class out"
            raise RequestError("checkpoints of another class would not be encrypted", hint=hint, code="plaintext")
        self._key = key_of(self.key)
        self._sealing = DataSet.new(self._key, alone=True)
        self.files_handler_class = FilesHandler  # the default handler would send the encrypted bytes
        self.files_handler_params = {"path": self.root_dir}  # it has to have a path, and does not read there
        self.notary.store = MemorySignatureStore()  # of the notebooks that are trusted
        if isinstance(self.parent, ServerApp):
            self.parent.tornado_settings.setdefault("headers", {})["Cache-Control"] = "no-store"  # browsers would keep decrypted answers

    async def get(
        self,
        path: str,
        content: bool = True,
        type: str | None = None,  # noqa: A002 -- Jupyter's name
        format: str | None = None,
        **more: Any,
    ) -> Any:
        """The model of a file, with its decrypted content."""
        if not content or type == "directory" or await self.dir_exists(path):
            return await super().get(path, content=content, type=type, format=format, **more)
        model = await super().get(path, content=True, type="file", format="base64", **more)
        held = base64.b64decode(model["content"])
        plain = self._unsealed(held, path) if held.startswith(SEALED) else held
        if (type or ("notebook" if path.endswith(".ipynb") else "file")) == "file":
            return model | _file(plain, path, format)
        try:
            notebook = nbformat.reads(plain.decode("utf-8"), as_version=4)
        except ValueError:
            raise HTTPError(400, f"Unreadable notebook: {path}", reason="Unreadable notebook") from None
        self.mark_trusted_cells(notebook, path)
        model |= {"type": "notebook", "format": "json", "mimetype": None, "content": notebook}
        self.validate_notebook_model(model)
        return model

    async def save(self, model: Any, path: str = "") -> Any:
        """Seal and save the content of a model."""
        super().run_pre_save_hooks(model=model, path=path)
        kind, content = model.get("type"), model.get("content")
        if content is None or kind not in ("notebook", "file"):
            return await super().save(model, path)
        if "chunk" in model:
            raise HTTPError(400, "large files are not encrypted in pieces: copy the file into the folder instead of uploading it")
        if kind == "notebook":
            notebook = nbformat.from_dict(content)
            self.check_and_sign(notebook, path)
            plain = nbformat.writes(notebook).encode()
        else:
            plain = base64.b64decode(content) if model.get("format") == "base64" else content.encode()
        sealed = base64.b64encode(self._sealed(plain)).decode()
        saved = await super().save({"type": "file", "format": "base64", "content": sealed}, path)
        if kind == "notebook" and not await self.list_checkpoints(path):
            await self.create_checkpoint(path)
        return saved

    def run_pre_save_hooks(self, model: Any, path: str, **more: Any) -> None:
        """Nothing: `save` runs the hooks, before the content is sealed."""

    def _sealed(self, plain: bytes) -> bytes:
        made = _Kept()
        with self._sealing.sealing(made, ANY_NAME) as file:
            file.write(plain)
        return made.getvalue()

    def _unsealed(self, held: bytes, path: str) -> bytes:
        try:
            with unsealed_alone(self._key, io.BytesIO(held), Path(path).name, path) as file:
                return file.read()
        except TilthError as error:
            raise HTTPError(400, str(error), reason=error.mistakes[0].code) from None


class _Kept(io.BytesIO):
    """Bytes that can still be read when the file is closed."""

    def close(self) -> None: ...


def _file(plain: bytes, path: str, format: str | None) -> Mapping[str, Any]:
    """The parts of a file's model that depend on its content, as Jupyter makes them."""
    named = mimetypes.guess_type(path)[0]
    try:
        text = plain.decode("utf-8") if format != "base64" else None
    except UnicodeDecodeError:
        if format == "text":
            raise HTTPError(400, f"{path} is not UTF-8 encoded", reason="bad format") from None
        text = None
    if text is not None:
        return {"type": "file", "format": "text", "content": text, "mimetype": named or "text/plain"}
    return {
        "type": "file",
        "format": "base64",
        "content": base64.encodebytes(plain).decode(),
        "mimetype": named or "application/octet-stream",
    }
