"""Reads model files: their bytes, up to a limit, and the scikit-learn object in them."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import Any

from tilth.errors import RequestError, extra, first_line, listed
from tilth.store.documents import bytes_of

FORMS = {".skops": "skops", ".onnx": "onnx", ".lgb": "lightgbm", ".ubj": "xgboost"}
PROGRAMS = dict.fromkeys((".pt", ".pth", ".ts"), "torchscript")  # they run code, so `tilth serve` reads them only where that is allowed
TORCH, PICKLES = (*PROGRAMS, ".pt2"), (".pkl", ".pickle", ".joblib", ".cloudpickle")
LARGEST = 64 * 2**20  # most bytes of a model in a fitted flow


def model_bytes(place: str | Path, asked_by: str = "") -> bytes:
    """The bytes of a model file. Errors: `RequestError` if it cannot be read, or is too large."""
    return bytes_of(place, f"model of {asked_by}" if asked_by else "model", LARGEST)


def sklearn_model(content: bytes, trusted: tuple[str, ...]) -> Any:
    """The scikit-learn model in a skops file; only types that skops trusts, or that the user names, are created.

    Errors: `MissingExtra`; `RequestError` for other bytes, and for untrusted types.
    """
    with extra("models", "a scikit-learn model"):
        from skops import io
    try:
        untrusted = sorted(set(io.get_untrusted_types(data=content)) - set(trusted))
        if not untrusted:
            return io.loads(content, trusted=list(trusted))
    except Exception as error:  # damaged or forged bytes may raise anything
        raise unreadable("scikit-learn model saved by skops", error) from error
    raise RequestError(
        f"the model holds types that are not trusted: {listed(untrusted)}",
        hint="if you trust who made the file, name them: `trusted: [TYPE, …]`, at the command line --trusted TYPE",
        code="untrusted-model",
    )


def unread_hint(file: str) -> str:
    """Why a file of another format is not read, and what to do; empty for an unknown format. Decisions 0018 and 0037."""
    suffix = PurePath(file).suffix.lower()
    if suffix in TORCH:
        return "files of PyTorch run code when they are loaded or used: export the model to ONNX (torch.onnx.export)"
    if PurePath(file).name.startswith("xgboost-model") or suffix == ".json":
        return "a model of XGBoost is read from its UBJSON file: xgboost.Booster(model_file=FILE).save_model('model.ubj')"
    if PurePath(file).name.endswith((".tar.gz", ".tgz")):
        return "unpack the archive, and name the model in it"
    return "pickles run code when they are loaded: save the model by skops, or export it to ONNX" if suffix in PICKLES else ""


def unreadable(what: str, error: Exception) -> RequestError:
    """The error for bytes that are not such a model."""
    return RequestError(f"the file is not a {what}: {first_line(error)}", accepted=f"a file of the form {listed(FORMS)}", code="bad-model")
