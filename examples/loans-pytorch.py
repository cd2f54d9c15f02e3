"""A small neural network on delivered shards, whose rows come in another random order in each epoch.

pip install "tilth[torch]"
python examples/loans-pytorch.py out      # makes the data, prepares it, trains, and leaves out/loans.pt
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import tilth
from tilth.demo.loans import write_loans

FLOW = Path(__file__).with_suffix(".yaml")
EPOCHS = 10


def prepared(folder: Path, rows: int = 20_000) -> Path:
    """The shards of both parts, of applications that are made here."""
    folder.mkdir(parents=True, exist_ok=True)
    write_loans(folder / "loans.csv", rows)
    tilth.run(FLOW, folder / "shards", folder / "loans.csv")
    return folder / "shards"


def dataset(part: Path, **options: Any) -> Any:
    """A delivered part as an `IterableDataset`: batches with `X` and `y`."""
    return tilth.stream(part, batch=256, seed=42, format="numpy", **options).torch()


def train(shards: Path, model: Path) -> float:
    """Train on one part and save the weights; the share of the other part's rows whose label is predicted."""
    import torch
    from torch.utils.data import DataLoader

    torch.manual_seed(1)
    rows = dataset(shards / "train")
    width = next(iter(rows))["X"].shape[1]
    network = torch.nn.Sequential(torch.nn.Linear(width, 32), torch.nn.ReLU(), torch.nn.Linear(32, 1))
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3)
    loss_of = torch.nn.BCEWithLogitsLoss()
    for epoch in range(EPOCHS):
        rows.set_epoch(epoch)  # before the loader starts its workers
        for batch in DataLoader(rows, batch_size=None, num_workers=2):
            optimizer.zero_grad()
            loss = loss_of(network(batch["X"].float()).squeeze(1), batch["y"].float())
            loss.backward()
            optimizer.step()
    torch.save(network.state_dict(), model)
    right = total = 0
    with torch.no_grad():
        for batch in DataLoader(dataset(shards / "test", shuffle="none", end="uneven"), batch_size=None):
            said = network(batch["X"].float()).squeeze(1) > 0
            right, total = right + int((said == batch["y"].bool()).sum()), total + len(said)
    return right / total


if __name__ == "__main__":
    if find_spec("torch") is None:
        sys.exit('this example trains with PyTorch, which is not installed: pip install "tilth[torch]"')
    place = Path(*sys.argv[1:2] or ["out"])
    print(f"accuracy of the test part: {train(prepared(place), place / 'loans.pt'):.3f}")
