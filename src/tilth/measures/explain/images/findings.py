"""Findings of `image_shap`: the report section, with a heat map for each image, and the file of superpixel values."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from tilth.report import Finding, Payload
from tilth.report.blocks import Picture, Section, Words, code, counted, exact, table
from tilth.report.charts import draw
from tilth.report.sections import ReportSection
from tilth.store.places import atomic
from tilth.store.uri import Place

LARGEST = 320  # the longer side of a heat map in the report


@dataclass(frozen=True)
class ShapImage(Payload):
    """The Shapley values of the superpixels of an image for an `output`, a label or a detected object; the finding's value is their sum.

    `expected` is the model's value for the background, `predicted` its value for the image. `values` and `pixels` have the value and the
    size of each superpixel; `box` has the ends of an object's box as shares of width and height. `heat_map` is a PNG in base64.
    """

    KIND: ClassVar[str] = "image_shap"
    output: str = ""
    values: tuple[float, ...] = ()
    pixels: tuple[int, ...] = ()
    expected: float = 0.0
    predicted: float = 0.0
    box: tuple[float, ...] = ()
    coalitions: int = 0
    exact: bool = False
    heat_map: str = ""


def lines(found: Sequence[Finding[ShapImage]]) -> list[dict[str, Any]]:
    """A line of JSON for each superpixel."""
    made = []
    for f in found:
        p = f.payload
        own = {"image": f.subject[0], "label": p.output, **({"box": list(p.box)} if p.box else {})}
        made += [{**own, "segment": i, "value": v, "pixels": n} for i, (v, n) in enumerate(zip(p.values, p.pixels, strict=True))]
    return made


def save_images(found: Sequence[Finding[ShapImage]], place: Place) -> None:
    """Write the values of the superpixels as JSON Lines, atomically."""
    with atomic(place) as path:
        path.write_text("".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines(found)), "utf-8")


# ── the section ──


def images(found: Sequence[Finding[ShapImage]]) -> Section:
    """A heat map for each image, and a table of their strongest superpixels."""
    legend = "Blue parts of an image raise the model's value, red ones lower it; the deeper the colour, the more."
    blocks: list[Any] = [Words(legend)]
    for f in found:
        p = f.payload
        of = f"{code(p.output)} of {code(f.columns)}{f' in {code(f.part)}' if f.part else ''}"
        how = "all sets of parts" if p.exact else counted(p.coalitions, "set", "sets") + " of parts"
        if p.heat_map:
            about = f"{of} is {exact(p.predicted)}, of the background {exact(p.expected)}; {counted(len(p.values), 'part')}, {how}."
            blocks.append(Picture(_picture(f), about))
    rows = [
        (code(f.columns), code(p.output), *map(exact, (p.predicted, p.expected, max(p.values, default=None), min(p.values, default=None))))
        for f in found
        for p in (f.payload,)
    ]
    heads = ("image", "output", "predicted", "background", "most raised by a part", "most lowered")
    blocks.append(table("SHAP values of images", heads, rows, heads[2:], brief=12))
    return Section("image-shap", "What the model sees in images", tuple(blocks), lead=f"{counted(len(found), 'heat map')}.")


def _picture(f: Finding[ShapImage]) -> str:
    """The heat map as a figure of the page."""
    content = base64.b64decode(f.payload.heat_map)
    width, height = (int.from_bytes(content[i : i + 4], "big") for i in (16, 20))  # from the PNG header
    scale = LARGEST / max(width, height)
    shown = draw.tag("image", href=f"data:image/png;base64,{f.payload.heat_map}", width=width * scale, height=height * scale)
    title = f"Heat map of {f.columns} for {f.payload.output}"
    strongest = sorted(enumerate(f.payload.values), key=lambda item: -abs(item[1]))[:5]
    about = "; ".join(f"part {i}: {v:.4g}" for i, v in strongest)
    return draw.figure(title, about, height * scale, [shown], f"{title} {f.part}", width=width * scale)


IMAGES = ReportSection(ShapImage, images)
