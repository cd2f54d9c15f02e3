"""Reading records in sequence, compared with reading the same bytes from the page cache, and with the libraries for such files."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from bench.benchmark import Benchmark, Candidate, Target, Work, ratio

IMAGES, SIZE = 2_000, 100_000  # like photographs for training
SMALL, SMALL_SIZE = 1_000, 4_000
PIECE = 2 << 20
Records = Callable[[IO[bytes]], Iterable[Any]]


def made(folder: Path) -> Path:
    """The files to read: the same images as RecordIO, TFRecord and tar, and small images in one file and in separate files."""
    place = folder.parent / "records"
    if (place / "complete").exists():
        return place
    from tilth.formats.recordio import write_records
    from tilth.formats.tfrecord import checksum, masked
    from tilth.formats.webdataset import member

    (place / "small").mkdir(parents=True, exist_ok=True)
    chance, crc = random.Random(0), checksum()
    with (place / "a.rec").open("wb") as rec, (place / "a.tfrecord").open("wb") as tf, (place / "a.tar").open("wb") as tar:
        for i in range(IMAGES):
            image = chance.randbytes(SIZE)
            head = struct.pack("<Q", SIZE)
            write_records([image], rec)
            tf.write(head + struct.pack("<I", masked(crc(head))) + image + struct.pack("<I", masked(crc(image))))
            tar.write(member(f"{i:06d}.jpg", image))
        tar.write(bytes(10_240))
    small = [chance.randbytes(SMALL_SIZE) for _ in range(SMALL)]
    with (place / "small.rec").open("wb") as rec:
        write_records(small, rec)
    for i, image in enumerate(small):
        (place / "small" / f"{i:06d}.jpg").write_bytes(image)
    (place / "complete").touch()
    return place


def sizes(payloads: Iterable[Any]) -> dict[str, int]:
    """The number of records and their bytes; each record is accessed."""
    count = total = 0
    for payload in payloads:
        count, total = count + 1, total + len(payload)
    return {"records": count, "bytes": total}


def reading(name: str, loaded: Callable[[], Records]) -> Callable[[Path], Work]:
    """A candidate that reads a file from the page cache."""

    def prepare(folder: Path) -> Work:
        path, records = made(folder) / name, loaded()
        sizes(pieces()(path.open("rb")))

        def work() -> dict[str, int]:
            with path.open("rb") as file:
                return sizes(records(file))

        return work

    return prepare


def pieces() -> Records:
    def read(file: IO[bytes]) -> Iterator[bytes]:
        while piece := file.read(PIECE):
            yield piece

    return read


def recordio() -> Records:
    from tilth.formats.recordio import views

    return views


def tfrecord() -> Records:
    from tilth.formats.tfrecord import records

    return records


def tfrecord_unchecked() -> Records:
    from tilth.formats.tfrecord import records

    return lambda file: records(file, check=False)


def tar() -> Records:
    from tilth.formats.webdataset import members

    return lambda file: (m.content for m in members(file))


def small_files(folder: Path) -> Work:
    paths = sorted((made(folder) / "small").iterdir())
    return lambda: sizes(p.read_bytes() for p in paths)


def webdataset(folder: Path) -> Work:
    from webdataset.tariterators import tar_file_iterator

    path = made(folder) / "a.tar"
    sizes(pieces()(path.open("rb")))

    def work() -> dict[str, int]:
        with path.open("rb") as file:
            return sizes(found["data"] for found in tar_file_iterator(file))

    return work


def tfrecord_package(folder: Path) -> Work:
    from tfrecord.reader import tfrecord_iterator

    path = made(folder) / "a.tfrecord"
    sizes(pieces()(path.open("rb")))
    return lambda: sizes(tfrecord_iterator(str(path)))


def mosaicml(folder: Path) -> Work:
    """MDS files of the same images, by the reader of one shard; the files are written first."""
    import json

    from streaming import MDSWriter
    from streaming.base.format import reader_from_json

    place = made(folder) / "mds"
    if not place.exists():
        with MDSWriter(out=str(place), columns={"x": "bytes"}, hashes=[]) as writer:
            for i in range(IMAGES):
                writer.write({"x": random.Random(i).randbytes(SIZE)})
    index = json.loads((place / "index.json").read_text("utf-8"))
    for path in place.glob("*.mds"):
        path.read_bytes()

    def work() -> dict[str, int]:
        readers = [reader_from_json(str(place), "", shard) for shard in index["shards"]]
        return sizes(reader[i]["x"] for reader in readers for i in range(reader.size))

    return work


def differing(results: dict[str, Any]) -> list[str]:
    """The readers that do not find the same records."""
    large = {n: r for n, r in results.items() if n not in ("cache", "small_record", "small_files")}
    small = [results[n] for n in ("small_record", "small_files") if n in results]
    wrong = [f"{n} finds {r}" for n, r in large.items() if r != {"records": IMAGES, "bytes": IMAGES * SIZE}]
    return wrong + [f"of the small images {r} are found" for r in small if r != {"records": SMALL, "bytes": SMALL * SMALL_SIZE}]


TIMES = 25
OF_CHECKS = (
    "every byte is read from the page cache and then summed; the checksum alone, by the fastest of four libraries (fastcrc, awscrt, "
    "crc32c, google-crc32c), takes a fifth to a half of the time of reading, depending on the processor, which is more than the target "
    "leaves for everything else."
)
OF_MDS = "reading the bytes of the file alone takes that long; only the copy from the page cache could still be saved."
OF_TAR = (
    "for each image a header is read in Python, its checksum, size and name, in two to three microseconds; larger images would meet it."
)
BENCHMARK = Benchmark(
    name="records",
    title="Records",
    about=f"{IMAGES:,} images of {SIZE // 1000} kB in one file that is in the page cache; {SMALL:,} images of {SMALL_SIZE // 1000} kB in "
    "one file, and in a file each. Each payload is read into memory, and its length is taken.",
    candidates=(
        Candidate("recordio", reading("a.rec", recordio), times=TIMES, title="RecordIO, `recordio.views`"),
        Candidate("cache", reading("a.rec", pieces), times=TIMES, title="the bytes of that file, in pieces of 2 MiB"),
        Candidate("tfrecord_unchecked", reading("a.tfrecord", tfrecord_unchecked), times=TIMES, title="TFRecord, `check=False`"),
        Candidate("tfrecord", reading("a.tfrecord", tfrecord), times=TIMES, title="TFRecord, checksums compared"),
        Candidate("tar", reading("a.tar", tar), times=TIMES, title="WebDataset, `webdataset.members`"),
        Candidate("webdataset", webdataset, needs=("webdataset==1.0.2", "numpy"), times=TIMES, runs=1, title="the library webdataset"),
        Candidate(
            "tfrecord_package", tfrecord_package, needs=("tfrecord==1.14.6", "numpy"), times=TIMES, runs=1, title="the library tfrecord"
        ),
        Candidate(
            "mosaicml", mosaicml, needs=("mosaicml-streaming==0.13.0",), times=TIMES, runs=1, title="the library mosaicml-streaming, MDS"
        ),
        Candidate("small_record", reading("small.rec", recordio), times=200, title=f"{SMALL:,} small images, one file"),
        Candidate("small_files", small_files, times=200, title=f"{SMALL:,} small images, a file each"),
    ),
    targets=(
        Target("RecordIO to reading the bytes", ratio("recordio", "cache", of="cpu"), 1.11),
        Target(
            "TFRecord without checks to the library tfrecord, which has none",
            ratio("tfrecord_unchecked", "tfrecord_package", of="cpu"),
            1.0,
        ),
        Target("TFRecord without checks to reading the bytes", ratio("tfrecord_unchecked", "cache", of="cpu"), 1.11),
        Target("TFRecord with checks to reading the bytes", ratio("tfrecord", "cache", of="cpu"), 1.11, why=OF_CHECKS),
        Target("a tar file to reading the bytes", ratio("tar", "cache", of="cpu"), 1.11, why=OF_TAR),
        Target("a tar file to the library webdataset", ratio("tar", "webdataset", of="cpu"), 0.5),
        Target("RecordIO to MDS by mosaicml-streaming", ratio("recordio", "mosaicml", of="cpu"), 0.5, why=OF_MDS),
        Target("a thousand images in one file to a thousand files", ratio("small_record", "small_files", of="cpu"), 0.25),
    ),
    differences=differing,
    scale=0,  # it makes its own files
    compared=False,
)
