"""Loading of ONNX models, whichever module asks."""

import pytest

from tilth.errors import RequestError
from tilth.metrics.onnx import onnx_session


@pytest.mark.parametrize(("content", "says"), [(b"no model", "not an ONNX model"), (b"\n\x08location\x12\x0b/etc/passwd", "another file")])
def test_what_is_not_a_whole_model_is_refused(content, says):
    with pytest.raises(RequestError, match=says):
        onnx_session(content)
