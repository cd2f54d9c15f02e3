"""A read-only file system whose files are objects of a store, fetched when they are read: `python -m tilth.training.fuse`.

It implements the protocol of Linux's `/dev/fuse`, without a library, in a separate process. In the same process it could deadlock: a
program that waits for a page of a mapped file may hold Python's lock. A separate process can also unmount if its parent is killed.

It reads one line of JSON, `{"folder": …, "objects": [[place, name, bytes, …], …]}`, mounts the folder, and answers with its state,
`{"error": …, "bytes": …}`. It answers each further line in the same way, and unmounts when its input ends.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from stat import S_IFDIR, S_IFREG

from tilth.store.places import Object, store_of

DEVICE = Path("/dev/fuse")
READ_ONLY, NO_SUID, NO_DEVICES, DETACH = 1, 2, 4, 2  # flags of mount(2) and umount2(2)
BLOCK, KEPT = 2 << 20, 128  # bytes of a request, and the number of cached blocks
AHEAD = 4  # blocks fetched ahead of a sequential read
THREADS = 16
LARGEST = 1 << 20  # bytes of a read

LOOKUP, FORGET, GETATTR, READ, STATFS, INIT, READDIR, INTERRUPT, BATCH_FORGET = 1, 2, 3, 15, 17, 26, 28, 36, 42
UNANSWERED = (FORGET, INTERRUPT, BATCH_FORGET)
ASYNC_READ, PARALLEL_FOLDERS, MAX_PAGES = 1 << 0, 1 << 18, 1 << 22
HEAD, ANSWER = struct.Struct("<IIQQIIIHH"), struct.Struct("<IiQ")
VERSIONS, ACCEPTED = struct.Struct("<IIII"), struct.Struct("<IIIIHHIIHHI28x")
ATTRIBUTES, NAMED, READING = struct.Struct("<6Q10I"), struct.Struct("<QQQQII"), struct.Struct("<QQI")
LISTED, SPACE = struct.Struct("<QQII"), struct.Struct("<5Q4I24x")
FOREVER = 1 << 30  # seconds that the kernel may cache names and attributes, which never change


@dataclass
class Node:
    """A file or folder. The root has the number 1."""

    number: int
    found: Object | None = None
    inside: dict[bytes, Node] = field(default_factory=dict)
    block: int = -2  # the last one that was read

    @cached_property
    def listing(self) -> list[tuple[bytes, Node]]:
        """The names in a folder."""
        return list(self.inside.items())

    @property
    def mode(self) -> int:
        """The mode, as in stat(2)."""
        return S_IFREG | 0o444 if self.found else S_IFDIR | 0o555


def tree(objects: Iterable[Object]) -> list[Node]:
    """The nodes of objects and their folders, in order of their numbers.

    >>> nodes = tree([Object("s3://b/k/x/a", "x/a", 5)])
    >>> [(n.number, n.found and n.found.bytes, list(n.inside)) for n in nodes]
    [(1, None, [b'x']), (2, None, [b'a']), (3, 5, [])]
    """
    nodes = [Node(1)]
    for found in objects:
        node = nodes[0]
        for part in os.fsencode(found.name).split(b"/"):
            if part not in node.inside:
                nodes.append(Node(len(nodes) + 1))
                node.inside[part] = nodes[-1]
            node = node.inside[part]
        node.found = found
    return nodes


class Blocks:
    """A cache of the blocks used last. `error` describes the first fetch that failed."""

    def __init__(self, fetch: Callable[[Object, int, int], bytes]) -> None:
        self._fetch, self._lock = fetch, threading.Lock()
        self._pool = ThreadPoolExecutor(THREADS)
        self._kept = OrderedDict[tuple[str, int], Future[bytes]]()
        self.bytes, self.error = 0, ""

    def read(self, node: Node, start: int, size: int) -> bytes:
        """Read a range of a file; fewer bytes at its end. A sequential read also fetches the next blocks. Errors: `TilthError`."""
        found = node.found
        if found is None or start >= (end := min(start + size, found.bytes)):
            return b""
        first, last, all_ = start // BLOCK, (end - 1) // BLOCK, -(-found.bytes // BLOCK)
        ahead = AHEAD if first == node.block + 1 else 0
        node.block = last
        blocks = [self._block(found, i) for i in range(first, min(last + 1 + ahead, all_))]
        data = b"".join(block.result() for block in blocks[: last + 1 - first])
        return data[start - first * BLOCK : end - first * BLOCK]

    def _block(self, found: Object, number: int) -> Future[bytes]:
        with self._lock:
            key = (found.place, number)
            held = self._kept.get(key)
            if held is None or (held.done() and held.exception()):  # retry a failed fetch
                held = self._kept[key] = self._pool.submit(self._fetched, found, number)
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            return held

    def _fetched(self, found: Object, number: int) -> bytes:
        try:
            data = self._fetch(found, number * BLOCK, min(found.bytes, (number + 1) * BLOCK))
        except Exception as error:  # kept for the job's message: the program only sees EIO
            self.error = self.error or str(error)
            raise
        with self._lock:
            self.bytes += len(data)
        return data


class FileSystem:
    """Answers the kernel's requests."""

    def __init__(self, objects: Iterable[Object], fetch: Callable[[Object, int, int], bytes]) -> None:
        self.nodes, self.blocks, self.began = tree(objects), Blocks(fetch), int(time.time())
        self._readers = ThreadPoolExecutor(THREADS)
        self._answers = {LOOKUP: self._lookup, GETATTR: self._attributes, READDIR: self._listed, STATFS: self._space, INIT: self._init}

    def ask(self, device: int) -> bool:
        """Take one request and answer it; a read is answered later, by a thread. Returns false if the file system is unmounted."""
        try:
            asked = os.read(device, LARGEST + 4096)
        except OSError as error:
            return error.errno in (errno.EINTR, errno.EAGAIN, errno.ENOENT)  # ENOENT: the request was cancelled
        _, operation, unique, number, *_ = HEAD.unpack_from(asked)
        body = asked[HEAD.size :]
        if operation == READ:
            self._readers.submit(self._answer, device, unique, self._read, number, body)
        elif operation not in UNANSWERED:
            self._answer(device, unique, self._answers.get(operation, _unknown), number, body)
        return True

    def _answer(self, device: int, unique: int, answer: Callable[[int, bytes], bytes], number: int, body: bytes) -> None:
        try:
            wrong, data = 0, answer(number, body)
        except OSError as error:
            wrong, data = error.errno or errno.EIO, b""
        except Exception:  # noqa: BLE001 -- it is stored as the error of the file system, and the program's read fails
            wrong, data = errno.EIO, b""
        with suppress(OSError):  # the request was cancelled, or the file system is unmounted
            os.writev(device, [ANSWER.pack(ANSWER.size + len(data), -wrong, unique), data])

    def _init(self, number: int, body: bytes) -> bytes:
        major, minor, ahead, flags = VERSIONS.unpack_from(body)
        accepted = flags & (ASYNC_READ | PARALLEL_FOLDERS | MAX_PAGES)
        return ACCEPTED.pack(major, min(minor, 31), ahead, accepted, THREADS, THREADS, LARGEST, 1, LARGEST >> 12, 0, 0)

    def _stat(self, node: Node) -> bytes:
        size, at = node.found.bytes if node.found else 0, self.began
        return ATTRIBUTES.pack(node.number, size, -(-size // 512), at, at, at, 0, 0, 0, node.mode, 1, os.getuid(), os.getgid(), 0, 4096, 0)

    def _lookup(self, number: int, body: bytes) -> bytes:
        node = self.nodes[number - 1].inside.get(body.rstrip(b"\0"))
        if node is None:
            raise OSError(errno.ENOENT, "")
        return NAMED.pack(node.number, 0, FOREVER, FOREVER, 0, 0) + self._stat(node)

    def _attributes(self, number: int, body: bytes) -> bytes:
        return struct.pack("<QII", FOREVER, 0, 0) + self._stat(self.nodes[number - 1])

    def _listed(self, number: int, body: bytes) -> bytes:
        _, offset, room = READING.unpack_from(body)
        lines, listing = bytearray(), self.nodes[number - 1].listing
        for i in range(offset, len(listing)):
            name, node = listing[i]
            line = LISTED.pack(node.number, i + 1, len(name), node.mode >> 12) + name
            line += bytes(-len(line) % 8)
            if len(lines) + len(line) > room:
                break
            lines += line
        return bytes(lines)

    def _space(self, number: int, body: bytes) -> bytes:
        size = sum(n.found.bytes for n in self.nodes if n.found)
        return SPACE.pack(-(-size // 4096), 0, 0, len(self.nodes), 0, 4096, 255, 4096, 0)

    def _read(self, number: int, body: bytes) -> bytes:
        _, start, size = READING.unpack_from(body)
        return self.blocks.read(self.nodes[number - 1], start, size)


def _unknown(number: int, body: bytes) -> bytes:
    raise OSError(errno.ENOSYS, "")  # the kernel then does without it; for `open` this means that its cache stays valid


def mount(folder: str) -> int:
    """Mount a file system on a folder, and return its device. Errors: `OSError`."""
    options = f"default_permissions,max_read={LARGEST}"
    if os.geteuid() and (helper := _helper()):
        return _by_helper(helper, folder, options)
    device = os.open(DEVICE, os.O_RDWR | os.O_NONBLOCK)
    options += f",fd={device},rootmode=40000,user_id={os.getuid()},group_id={os.getgid()},allow_other"
    if _system().mount(b"tilth", os.fsencode(folder), b"fuse.tilth", ctypes.c_ulong(READ_ONLY | NO_SUID | NO_DEVICES), options.encode()):
        os.close(device)
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return device


def _helper() -> str | None:
    """The program that mounts for users without the right to."""
    return shutil.which("fusermount3") or shutil.which("fusermount")


def _by_helper(helper: str, folder: str, options: str) -> int:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        words, passed = [helper, "-o", f"ro,nosuid,nodev,fsname=tilth,subtype=tilth,{options}", "--", folder], theirs.fileno()
        done = subprocess.run(  # noqa: S603 -- the program of this machine
            words, check=False, env={**os.environ, "_FUSE_COMMFD": str(passed)}, pass_fds=[passed], capture_output=True, text=True
        )
        if done.returncode:
            raise OSError(errno.EPERM, done.stderr.strip().rpartition("\n")[2])
        (device,) = socket.recv_fds(ours, 1, 1)[1]
    os.set_blocking(device, False)
    return device


def unmount(folder: str) -> None:
    """Unmount a folder, even if files in it are open."""
    if os.geteuid() and (helper := _helper()):
        subprocess.run([helper, "-u", "-z", "--", folder], check=False, capture_output=True)  # noqa: S603 -- the program of this machine
    else:
        _system().umount2(os.fsencode(folder), DETACH)


def is_mounted(folder: Path) -> bool:
    """Whether something is mounted on a folder, even if the process that served it has ended."""
    try:
        return folder.is_mount()
    except OSError:
        return True


def _system() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Serve until the input ends."""
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.SIG_IGN)  # the parent process decides when it ends
    asked = json.loads(sys.stdin.buffer.readline())
    system = FileSystem((Object(*o) for o in asked["objects"]), lambda what, start, end: store_of(what.place).part(what, start, end))
    try:
        device = mount(asked["folder"])
    except OSError as error:
        _say(error=f"it cannot be mounted: {error.strerror}")
        return
    try:
        _say(error="")
        _serve(system, device)
    finally:
        unmount(asked["folder"])
        os.close(device)
        os._exit(0)  # requests to a store may still run


def _serve(system: FileSystem, device: int) -> None:
    wait = select.poll()
    wait.register(device, select.POLLIN)
    wait.register(0, select.POLLIN)
    while True:
        for ready, _ in wait.poll():
            if ready == device and not system.ask(device):
                return
            if ready == 0:
                if not os.read(0, 1 << 16):
                    return
                _say(error=system.blocks.error, bytes=system.blocks.bytes)


def _say(**state: str | int) -> None:
    os.write(1, (json.dumps(state) + "\n").encode())


if __name__ == "__main__":
    main()
