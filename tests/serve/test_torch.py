"""Files of PyTorch: both of its forms run what they hold (decision 0018), so TorchScript is served where Python is allowed (0037)."""

import importlib.util
import json
import re
import zipfile
from contextlib import suppress

import numpy as np
import pytest

import tilth
from tests.serve.asking import ask
from tests.serve.conftest import TABLE
from tilth.cli.app import run
from tilth.errors import NotAllowed, RequestError
from tilth.serve.app import Server
from tilth.serve.pipeline import Pipeline

torch = pytest.importorskip("torch", reason="PyTorch is too large for the test environment")

WRITES = """
import torch

class Writes(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        torch.save(x, {path!r})
        return x
"""


pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning", "ignore:.*deprecated:FutureWarning")
NETWORK = """
import torch

class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.linear = torch.nn.Linear({width}, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x){what}
"""
BODY = json.dumps([{k: v for k, v in row.items() if k != "paid"} for row in TABLE.to_pylist()]).encode()


def scripted(folder, width, what=""):
    (folder / "network.py").write_text(NETWORK.format(width=width, what=what))
    spec = importlib.util.spec_from_file_location("network", folder / "network.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    network = module.Network()
    torch.jit.script(network).save(str(folder / "model.pt"))
    return str(folder / "model.pt"), network


def test_a_network_answers_as_pytorch_does(served, tmp_path):
    flow = str(served / "people.tilth")
    prepared = Pipeline.of(flow).predicted(BODY, "application/json")
    file, network = scripted(tmp_path, len(prepared[0]))
    with tilth.allow_python():
        pipeline = Pipeline.of(flow, file, output=["softmax"])
    with torch.no_grad():
        expected = network(torch.tensor([[float(v) for v in row.values()] for row in prepared])).softmax(1).numpy()
    assert pipeline.gives == ("prediction_0", "prediction_1")
    assert not pipeline.quick
    answer = ask(Server(pipeline), "POST", "/invocations", BODY, {"content-type": "application/json", "accept": "application/x-npy"})
    assert answer.status == 200
    assert np.array([list(row.values()) for row in pipeline.predicted(BODY, "application/json")]) == pytest.approx(expected, rel=1e-5)
    with tilth.allow_python():
        labels = Pipeline.of(flow, file).predicted(BODY, "application/json")
    assert len(labels[0]["prediction"]) == 2


def test_commands_with_a_network(served, tmp_path, capsys):
    flow = str(served / "people.tilth")
    file, _ = scripted(tmp_path, 5)
    (tmp_path / "rows.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in TABLE.to_pylist()))
    batch = ["batch", flow, file, "--output", "softmax", str(tmp_path / "rows.jsonl"), "-o", str(tmp_path / "out")]
    assert run(batch) == 2
    assert "--allow-python" in capsys.readouterr().err
    assert run([*batch, "--allow-python"]) == 0
    with tilth.allow_python():
        pipeline = Pipeline.of(flow, file, output=["softmax"])
    made = [json.loads(line) for line in (tmp_path / "out" / "rows.jsonl.out").read_text().splitlines()]
    for one, row in zip(made, TABLE.to_pylist(), strict=True):
        assert one == pytest.approx(pipeline.predicted(json.dumps(row).encode(), "application/json")[0], rel=1e-5)
    golden = str(tmp_path / "golden.json")
    assert run(["serve", flow, file, "--allow-python", "--record-golden", golden]) == 0
    assert run(["serve", flow, file, "--allow-python", "--export", str(tmp_path / "model")]) == 2
    assert "the container is not allowed to run" in capsys.readouterr().err


@pytest.mark.parametrize(("width", "what", "said"), [(3, "", "of 5 columns: .*2x5 and 3x2"), (5, "[:1]", "it returned 1 rows for 2")])
def test_a_network_that_does_not_fit(served, tmp_path, width, what, said):
    file, _ = scripted(tmp_path, width, what)
    with tilth.allow_python(), pytest.raises(RequestError, match=said):
        Pipeline.of(str(served / "people.tilth"), file)


def test_a_network_that_is_not_allowed(served, tmp_path):
    file, _ = scripted(tmp_path, 5)
    with pytest.raises(NotAllowed, match="not allowed to run"):
        Pipeline.of(str(served / "people.tilth"), file)


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
