"""Models of images in ONNX files."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

import tilth
from tests.measures.explain.images.pictures import QUARTERS, mean_colours, saved
from tilth.errors import RequestError
from tilth.steps.image_models import OnnxImages


def model(path, shape, axes=(2, 3), inputs=TensorProto.FLOAT):
    """A model that means over rows and columns."""
    node = helper.make_node("ReduceMean", ["x", "axes"], ["y"], keepdims=0)
    given = helper.make_tensor("axes", TensorProto.INT64, [len(axes)], axes)
    graph = helper.make_graph(
        [node],
        "mean",
        [helper.make_tensor_value_info("x", inputs, shape)],
        [helper.make_tensor_value_info("y", inputs, None)],
        [given],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), path)
    return str(path)


@pytest.mark.parametrize(("shape", "axes"), [(["n", 3, "h", "w"], (2, 3)), (["n", "h", "w", 3], (1, 2)), ([1, 3, 16, 16], (2, 3))])
def test_images_are_given_in_the_order_of_the_model(tmp_path, shape, axes):
    found = OnnxImages(model(tmp_path / "m.onnx", shape, axes))
    assert found.size == ((16, 16) if shape[0] == 1 else None)
    assert found(np.stack([QUARTERS] * 2)) == pytest.approx(np.repeat(mean_colours(QUARTERS[None]), 2, axis=0))


def test_colours_are_standardized_and_images_scaled(tmp_path):
    file = model(tmp_path / "m.onnx", ["n", 3, 8, 8])
    found = OnnxImages(file, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
    assert found(QUARTERS[None, ::2, ::2]) == pytest.approx((mean_colours(QUARTERS[None]) - 0.5) / 0.25, abs=1e-6)
    folder = saved(tmp_path / "images", {"a.png": QUARTERS})
    (f,) = tilth.measure(folder, "image_shap", model=file, segments=4).of("image_shap")
    assert sum(f.payload.pixels) == 64


def test_another_model_is_refused(tmp_path):
    with pytest.raises(RequestError, match=r"the input of .* is n × 7"):
        OnnxImages(model(tmp_path / "m.onnx", ["n", 7], (1,)))
