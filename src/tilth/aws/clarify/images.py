"""Clarify's explanations of images: superpixels by `methods.shap.image_config`, a heat map and lines of JSON for each."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa

from tilth.aws.clarify import shape
from tilth.aws.clarify.config import AnalysisConfig
from tilth.aws.clarify.explanations import FOLDER, Explanations
from tilth.aws.clarify.predicting import answering_model
from tilth.data import Dataset, Memory
from tilth.engine.session import Session
from tilth.errors import RequestError, listed
from tilth.formats import to_arrow
from tilth.measures.endpoint.records import JSON
from tilth.measures.explain.images.findings import lines
from tilth.measures.explain.images.image_shap import PATH, ExplainedImage, ImageShap, broken_images, finding_of
from tilth.metrics.images.features import folder_of
from tilth.metrics.images.pixels import JPEG, encoded
from tilth.report import Finding

DETECTION = "OBJECT_DETECTION"


def explained_images(data: Dataset, config: AnalysisConfig, model: Any, columns: tuple[str, ...], engine: Session) -> Explanations:
    """Compute `methods.shap` for a model of images: findings, and Clarify's files.

    `out.jsonl` has the values of all labels. An image has one heat map, for the label with the highest score, or one for each detected
    object; the report shows them too. Errors: those of the measure `image_shap`.
    """
    shap = config.methods.shap or shape.Shap()
    asked = shap.image_config or shape.ImageConfig(model_type=DETECTION)
    names, labels = _chosen(data, asked.debug or shape.ImageDebug(), engine), _labels(config)
    detect = asked.model_type == DETECTION
    given: dict[str, Any] = {
        "segments": asked.num_segments,
        "compactness": asked.segment_compactness,
        "samples": shap.num_samples,
        "background": shap.baseline,
        "objects": asked.max_objects,
        "overlap": asked.iou_threshold,
        "context": asked.context,
        "threshold": config.probability_threshold,
        "outputs": None if detect else _outputs(labels, asked.debug),
        "seed": shap.seed,
        "link": "logit" if shap.use_logit else "identity",
    }
    measure = ImageShap(
        model=model,
        labels=labels,
        detect=detect,
        images=config.tilth.shap.rows or max(1, len(names)),
        folder=folder_of(data),
        **{k: v for k, v in given.items() if v is not None},
    )
    broken, explained, files = list[str](), list[Finding](), dict[str, Any]()
    table = Dataset(Memory(pa.table({PATH: pa.array(names, pa.string())}), (PATH,)))
    for of in _by_image(measure, table, engine, broken):
        shown = of if detect else [max(of, key=lambda one: one.predicted)]
        explained += [finding_of(one, pictured=one in shown) for one in of]
        files |= {_file(one.name, k, detect): encoded(one.heat_map(), JPEG) for k, one in enumerate(shown, 1)}
    return Explanations((*explained, *broken_images(broken)), {**files, f"{FOLDER}/out.jsonl": lines(explained)})


def image_model_of(config: AnalysisConfig, kept: str = "") -> Any:
    """The model that answers for the one that the configuration names: at an address, asked as `predictor` says, or in a file."""
    return answering_model(config, kept, of_images=True, content_type=JPEG, accept_type=JSON)[0]


def _labels(config: AnalysisConfig) -> tuple[str, ...]:
    return tuple(map(str, (config.predictor and config.predictor.label_headers) or ()))


def _outputs(labels: tuple[str, ...], debug: shape.ImageDebug | None) -> tuple[str, ...]:
    """The labels to explain. Errors: `RequestError` for unknown classes."""
    asked = (debug and debug.class_ids) or list(range(len(labels)))
    if wrong := [c for c in asked if not 0 <= c < len(labels)]:
        message = f"methods.shap.image_config.debug.class_ids: there is no class {listed(map(str, wrong))}"
        raise RequestError(message, accepted=f"0 to {len(labels) - 1}", code="bad-value")
    return tuple(labels[c] for c in asked)


def _chosen(data: Dataset, debug: shape.ImageDebug, engine: Session) -> list[str]:
    """The paths of the images that are explained."""
    names = sorted(to_arrow(data.keep((PATH,)), engine)[PATH].to_pylist())
    if debug.image_names is not None:
        known = {**{PurePosixPath(n).name: n for n in names}, **{n: n for n in names}}
        if wrong := [n for n in debug.image_names if n not in known]:
            message = f"methods.shap.image_config.debug.image_names: there is no image {listed(wrong)}"
            raise RequestError(message, accepted=listed(names), code="bad-value")
        names = [known[n] for n in debug.image_names]
    return names[debug.sample_from : debug.sample_to]


def _by_image(measure: ImageShap, table: Dataset, engine: Session, broken: list[str]) -> list[list[ExplainedImage]]:
    found: dict[str, list[ExplainedImage]] = {}
    for one in measure.explained(table, engine, broken):
        found.setdefault(one.name, []).append(one)
    return list(found.values())


def _file(name: str, number: int, detect: bool) -> str:
    """Where the heat map of an image, or of one of its objects, is written; folders of images are part of its name."""
    stem = PurePosixPath(name).with_suffix("").as_posix().replace("/", "_")
    return f"{FOLDER}/shap_{stem}{f'_box{number}_object' if detect else ''}.jpeg"
