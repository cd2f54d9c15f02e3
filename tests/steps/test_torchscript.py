"""Modules of TorchScript: what PyTorch itself computes. Where it is not installed, that it is named."""

from __future__ import annotations

import importlib.util
import io
import sys

import numpy as np
import pytest

from tilth.errors import MissingExtra, RequestError
from tilth.steps.models import model_of

MODULES = """
import torch

class Scores(torch.nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.linear, self.dropout = torch.nn.Linear(3, 2), torch.nn.Dropout(0.5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.dropout(self.linear(x))

class Labels(Scores):
    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        scores = self.linear(x)
        return scores.argmax(1), scores

class Named(Scores):
    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"scores": self.linear(x)}
"""
X = np.random.default_rng(0).normal(size=(5, 3))


def test_pytorch_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtra, match=r"tilth\[torch\]"):
        model_of("torchscript", b"any")


@pytest.fixture
def saved(tmp_path):
    """`saved("Scores")`: the bytes of a scripted module in its training mode, and the module in its evaluation mode."""
    torch = pytest.importorskip("torch", reason="PyTorch is too large for the test environment")
    (tmp_path / "modules.py").write_text(MODULES)  # scripting reads the source
    spec = importlib.util.spec_from_file_location("modules", tmp_path / "modules.py")
    modules = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(modules)

    def make(name, double=False):
        module, file = getattr(modules, name)(), io.BytesIO()
        module = module.double() if double else module
        torch.jit.save(torch.jit.script(module), file)
        return file.getvalue(), module.eval()

    return make


pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning", "ignore:.*deprecated:FutureWarning")


@pytest.mark.parametrize("double", [False, True])
def test_scores(saved, double):
    import torch

    content, module = saved("Scores", double)
    model = model_of("torchscript", content)
    with torch.no_grad():
        expected = module(torch.tensor(X, dtype=torch.float64 if double else torch.float32)).numpy()
    assert (model.single, model.quick, model.width, model.names) == (not double, False, 0, ())
    assert model.labels(X).tolist() == model.scores(X).tolist() == model.probabilities(X).tolist() == expected.tolist()
    assert np.isnan(model.scores(np.full((1, 3), np.nan))).all()


def test_a_label_and_scores(saved):
    content, _ = saved("Labels")
    model = model_of("torchscript", content)
    assert model.labels(X).tolist() == model.scores(X).argmax(axis=1).tolist()
    assert model.scores(X).shape == (5, 2)


def test_other_contents(saved):
    import torch

    file = io.BytesIO()
    torch.save({"a": torch.zeros(1)}, file)
    for content in (file.getvalue(), b"any"):
        with pytest.raises(RequestError, match="is not a module of TorchScript"):
            model_of("torchscript", content)
    content, _ = saved("Named")
    with pytest.raises(TypeError, match="a dict, not a tensor"):
        model_of("torchscript", content).scores(X)
