"""Programs of TorchScript. They may do more than compute, such as write files, so `tilth serve` reads them only where Python is allowed."""

from __future__ import annotations

import io
import warnings
from typing import Any

import numpy as np

from tilth.errors import extra
from tilth.measures.model_file import unreadable
from tilth.steps.models import Network


class TorchScript(Network):
    """A module that `torch.jit.save` saved: a matrix in, a tensor or a tuple of tensors out.

    The matrix has 32-bit floats, or doubles if the module has a parameter or buffer of doubles. The module is put into its evaluation mode.
    It is read by `torch.jit.load`, which creates no Python objects, on the processor.
    """

    quick = False

    def __init__(self, content: bytes) -> None:
        with extra("torch", "a model of TorchScript"):
            import torch
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # PyTorch calls TorchScript deprecated
                self.model: Any = torch.jit.load(io.BytesIO(content), map_location="cpu").eval()
        except RuntimeError as error:
            raise unreadable("module of TorchScript, saved by torch.jit.save", error) from error
        numbers = {tensor.dtype for tensor in (*self.model.parameters(), *self.model.buffers())}
        self.single = torch.float64 not in numbers

    def output(self, which: int, x: np.ndarray) -> np.ndarray:
        import torch

        with torch.inference_mode():
            found = self.model(torch.from_numpy(x.astype("float32" if self.single else "float64")))
            tensor = found[which] if isinstance(found, tuple | list) else found
            if not isinstance(tensor, torch.Tensor):
                raise TypeError(f"it gives a {type(tensor).__name__}, not a tensor")
            values: np.ndarray = tensor.numpy()
        return values
