"""Models in ONNX, loaded to run on one thread: engines bring the threads."""

from __future__ import annotations

from typing import Any

from tilth.errors import MissingExtra, RequestError

OUTSIDE = b"\n\x08location\x12"  # the path of a tensor's data, as Protobuf writes it: the runtime would open it, wherever it leads


def onnx_session(content: bytes) -> Any:
    """The session of a model in these bytes. Errors: `MissingExtra`; `RequestError` for one that is not such a model, or not whole."""
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingExtra.named("onnx", "an ONNX model") from error
    if OUTSIDE in content:
        message, hint = "the ONNX model keeps its numbers in another file", "save it with all data inside: `onnx.save(model, path)`"
        raise RequestError(message, accepted="one file", hint=hint, code="bad-model")
    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 4, 1
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        reason = str(error).strip().split("\n")[0]
        raise RequestError(f"the file is not an ONNX model: {reason}", accepted="a file of the form .onnx", code="bad-model") from error
