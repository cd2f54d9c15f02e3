"""What stands in for packages that the test environment lacks."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest


def pytorch(patch: pytest.MonkeyPatch, worker: int = 0, workers: int = 1, rank: int = 0, ranks: int = 1) -> None:
    """What a stream takes of PyTorch, which is too large to install for tests: a base class, the number of the worker, and the rank."""
    modules: list[Any] = [ModuleType(n) for n in ("torch", "torch.utils", "torch.utils.data", "torch.distributed")]
    torch, utils, data, distributed = modules
    data.IterableDataset, data.get_worker_info = object, lambda: SimpleNamespace(id=worker, num_workers=workers)
    distributed.is_available = distributed.is_initialized = lambda: True
    distributed.get_rank, distributed.get_world_size = lambda: rank, lambda: ranks
    torch.utils, torch.distributed, utils.data = utils, distributed, data
    for module in modules:
        patch.setitem(sys.modules, module.__name__, module)
