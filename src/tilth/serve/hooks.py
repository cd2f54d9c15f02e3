"""The hooks of SageMaker's scikit-learn container, and the folder that deploys a pipeline there.

The folder becomes `model.tar.gz`. It has the files of the stages, `pipeline.json` with their names, and `code/inference.py` with the hooks.
The container's own `input_fn` casts every value to float32; `transform_fn` reads bodies with the code of `tilth serve`.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path, PurePath
from typing import Any

from tilth import __version__
from tilth.errors import ArtefactError, RequestError, listed
from tilth.measures.model_file import FORMS, PROGRAMS
from tilth.serve.pipeline import Pipeline
from tilth.serve.proving import NoGolden, proof, record
from tilth.serve.stages import Preparation
from tilth.steps.models import ModelStep
from tilth.store.places import atomic

PIPELINE, GOLDEN = "pipeline.json", "golden.json"
EXTRAS = {"skops": "models"}  # form of model → the extra that it needs, if the name differs
INFERENCE = '''"""Answers requests as `tilth serve` does: see the hooks of SageMaker's scikit-learn container."""

from tilth.serve.hooks import opened, transform_fn

__all__ = ["model_fn", "transform_fn"]
TRUSTED = {trusted}  # types in .skops files that --trusted allowed, in addition to those that skops trusts


def model_fn(model_dir):
    return opened(model_dir, TRUSTED)
'''


class Refusal(ValueError):
    """A refused request, in a container that cannot express a refusal: it answers with status 500."""


def exported(
    place: str | Path, things: Sequence[str], output: Sequence[str] = (), known: str | None = None, trusted: Sequence[str] = ()
) -> Path:
    """Write the folder for a pipeline of these files. The golden rows are those in the file `known`, after they are verified, or new ones,
    if the pipeline answers any. The code in the folder allows the types `trusted`; `tilth serve` does not run that code.

    Errors: `RequestError` for a stage that is not a file, and for two files with the same name; errors of the pipeline.
    """
    files = [Path(thing) for thing in things]
    if wrong := [file for file in files if file.suffix.lower() in PROGRAMS]:
        message = f"{wrong[0].name} holds a program of PyTorch, which the container is not allowed to run"
        raise RequestError(message, hint="export the model to ONNX (torch.onnx.export)", code="bad-stage")
    if absent := [thing for thing, file in zip(things, files, strict=True) if not file.is_file()]:
        raise RequestError(f"{absent[0]!r} is not a file that the container could include", code="bad-stage")
    if len({file.name for file in files}) < len(files):
        raise RequestError("two stages have files of the same name", hint="rename one", code="bad-stage")
    pipeline = Pipeline.of(*things, output=output, trusted=trusted)
    if known is not None:
        proof(pipeline, known)
    described = {"version": 1, "stages": [file.name for file in files], "output": list(output)}
    with atomic(place, folder=True) as folder:
        for file in files:
            shutil.copyfile(file, folder / file.name)
        (folder / PIPELINE).write_text(json.dumps(described, indent=1) + "\n", "utf-8")
        if known is None:
            with suppress(NoGolden):
                record(pipeline, folder / GOLDEN)
        else:
            shutil.copyfile(known, folder / GOLDEN)
        (folder / "code").mkdir()
        (folder / "code" / "inference.py").write_text(INFERENCE.format(trusted=list(trusted)), "utf-8")
        (folder / "code" / "requirements.txt").write_text(f"tilth{_extras(pipeline, files)}=={__version__}\n", "utf-8")
    return Path(place)


def _extras(pipeline: Pipeline, files: Sequence[PurePath]) -> str:
    """The extras of Tilth that the models need, both models in files and models in steps of a flow."""
    forms = {FORMS[file.suffix.lower()] for file in files if file.suffix.lower() in FORMS}
    for stage in pipeline.stages:
        steps = stage.flow.need_learned().served if isinstance(stage, Preparation) else ()
        forms |= {fitted.step.form for fitted in steps if isinstance(fitted.step, ModelStep)}
    return f"[{','.join(sorted(EXTRAS.get(form, form) for form in forms))}]" if forms else ""


def stages_in(folder: Path) -> tuple[tuple[str, ...], tuple[str, ...], str | None]:
    """The stages in a folder, the output transforms, and the file of golden rows, if any.

    Errors: `ArtefactError` for a folder that `exported` did not write.
    """
    try:
        text = (folder / PIPELINE).read_text("utf-8")
        described = json.loads(text)
        names, output = described["stages"], tuple(str(word) for word in described["output"])
        if described["version"] != 1 or any(name != Path(name).name for name in names):
            raise ValueError
    except (OSError, ValueError, KeyError, TypeError) as error:
        flows = listed(str(flow) for flow in sorted(folder.glob("*.tilth")))
        hint = f"the flow in it is served by its name: {flows}" if flows else ""
        raise ArtefactError(f"{str(folder)!r} is not a folder of `tilth serve --export`", hint=hint, code="bad-artefact") from error
    golden = folder / GOLDEN  # folders of earlier versions have none
    return tuple(str(folder / name) for name in names), output, str(golden) if golden.exists() else None


def opened(model_dir: str, trusted: Sequence[str] = ()) -> Pipeline:
    """The pipeline in a folder. `trusted` are types in .skops files to allow, in addition to those that skops trusts.

    Errors: `ArtefactError` if `exported` did not write the folder, or if the answers to its golden rows differ from the recorded ones.
    """
    things, output, golden = stages_in(Path(model_dir))
    pipeline = Pipeline.of(*things, output=output, trusted=trusted)
    if golden is not None:
        proof(pipeline, golden)
    return pipeline


def transform_fn(model: Pipeline, body: Any, content_type: str, accept: str) -> tuple[bytes, str]:
    """The answer to a body, and its media type. Errors: for a refused request, the container's own error, with the status."""
    given = body.encode() if isinstance(body, str) else bytes(body)
    answer = model.answer(given, content_type, accept or "")
    if answer.status != 200:
        raise _refusal(answer.status, answer.body.decode())
    return answer.body, answer.media


def _refusal(status: int, text: str) -> Exception:
    try:
        errors = import_module("sagemaker_inference.errors")
    except ImportError:
        return Refusal(text)
    made: Exception = errors.GenericInferenceToolkitError(status, text, "refused")
    return made
