"""Programs that read pipes as those of SageMaker do: `consumers.py KIND FOLDER CHANNEL EPOCHS [BYTES]`.

Each prints what it read, a line of JSON for an epoch: its bytes, or their SHA-256 and length where there are many. With BYTES it closes
each epoch after so many. Written anew from what the programs are known to do; nothing but the standard library, so that they start at once.
"""

import fcntl
import hashlib
import json
import os
import select
import sys
import time
from pathlib import Path

SECONDS = 60


def until_there(path):
    for _ in range(SECONDS * 100):
        if Path(path).exists():
            return
        time.sleep(0.01)
    raise TimeoutError(path)


def all_of(handle, most):
    found = bytearray()
    while piece := os.read(handle, min(1 << 16, most - len(found))):
        found += piece
    return bytes(found)


def sample(path, epoch, most):
    """SageMaker's sample of an own algorithm: polls for the path, then opens it and waits."""
    until_there(path)
    handle = os.open(path, os.O_RDONLY)
    found = all_of(handle, most)
    os.close(handle)
    return found


def ml_io(path, epoch, most):
    """ml-io: opens without waiting, three times at most, and waits until it is readable before the first read."""
    for _ in range(3):
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            break
        except FileNotFoundError:
            time.sleep(1)
    assert select.select([handle], [], [], SECONDS)[0], f"{path} did not become readable"
    os.set_blocking(handle, True)
    found = all_of(handle, most)
    os.close(handle)
    return found


def tensorflow(path, epoch, most):
    """sagemaker-tensorflow: keeps the number of the next epoch in a file that it locks."""
    channel = path.rpartition("_")[0]
    state = f"{channel}-pipe_mode-state.{os.getpid()}"
    with Path(state).open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        number = int(file.read() or 0)
        file.truncate(0)
        file.write(str(number + 1))
    assert number == epoch
    return sample(f"{channel}_{number}", epoch, most)


def plain(path, epoch, most):
    """A reader that asks for more than there is, and loops."""
    with Path(path).open("rb", buffering=0) as file:
        found = b""
        while len(found) < most and (piece := file.read(min(1 << 24, most - len(found)))):
            found += piece
        return found


def shown(found):
    return found.decode("latin-1") if len(found) <= 2000 else [hashlib.sha256(found).hexdigest(), len(found)]


if __name__ == "__main__":
    kind, folder, channel, epochs, *more = sys.argv[1:]
    for epoch in range(int(epochs)):
        read = globals()[kind](f"{folder}/{channel}_{epoch}", epoch, int(more[0]) if more else 1 << 62)
        print(json.dumps(shown(read)), flush=True)
