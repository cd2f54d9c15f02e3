"""Loads ONNX models to run on one thread, because engines already use threads."""

from __future__ import annotations

from typing import Any

from tilth.errors import RequestError, extra, first_line

OUTSIDE = b"\n\x08location\x12"  # the Protobuf key of a path to external tensor data: the runtime would open any path


def onnx_session(content: bytes) -> Any:
    """The session of an ONNX model. Errors: `MissingExtra`; `RequestError` for other bytes, and for a model with external data."""
    with extra("onnx", "an ONNX model"):
        import onnxruntime
    if OUTSIDE in content:
        message, hint = "the ONNX model keeps its numbers in another file", "save it with all data inside: `onnx.save(model, path)`"
        raise RequestError(message, accepted="one file", hint=hint, code="bad-model")
    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 4, 1
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has a class for each status code, and none of them is public
        what = f"the file is not an ONNX model: {first_line(error)}"
        raise RequestError(what, accepted="a file of the form .onnx", code="bad-model") from error
