"""Why files of PyTorch are not read (decision 0018): both of its forms run what they hold."""

import importlib.util
import re
import zipfile
from contextlib import suppress

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is too large for the test environment")

WRITES = """
import torch

class Writes(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        torch.save(x, {path!r})
        return x
"""


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_torchscript_writes_a_file_when_it_is_asked(tmp_path):
    (tmp_path / "writes.py").write_text(WRITES.format(path=str(tmp_path / "made")))  # scripting reads the source
    spec = importlib.util.spec_from_file_location("writes", tmp_path / "writes.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    torch.jit.script(module.Writes()).save(str(tmp_path / "model.pt"))
    torch.jit.load(str(tmp_path / "model.pt"))(torch.zeros(1, 2))
    assert (tmp_path / "made").exists()


def test_an_exported_program_runs_code_when_it_is_loaded(tmp_path):
    class Doubles(torch.nn.Module):
        def forward(self, x):
            return x.reshape(x.shape[0] * 2, 1)

    sizes = ({0: torch.export.Dim("rows")},)
    torch.export.save(torch.export.export(Doubles(), (torch.zeros(3, 2),), dynamic_shapes=sizes), tmp_path / "model.pt2")
    command = f"__import__('pathlib').Path('{tmp_path}/made').touch()"
    with zipfile.ZipFile(tmp_path / "model.pt2") as good, zipfile.ZipFile(tmp_path / "other.pt2", "w") as other:
        for name in good.namelist():
            content = good.read(name)
            if name.endswith("models/model.json"):
                content = re.sub(r'"expr_str": "[^"]*"', f'"expr_str": "{command}"', content.decode()).encode()
            other.writestr(name, content)
    with suppress(Exception):  # what the expression gives is not a size
        torch.export.load(tmp_path / "other.pt2")
    assert (tmp_path / "made").exists()
