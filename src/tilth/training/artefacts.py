"""Archives of a training job: packs a folder as `.tar.gz`, and unpacks archives that are not trusted."""

from __future__ import annotations

import gzip
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from tilth.errors import Gap, SourceError

MOST_FILES = 100_000
LARGEST = 4 << 30  # bytes that an archive may hold
RATIO = 200  # largest ratio of content to archive; gzip reaches 1,000 if all bytes are equal
FREE = 16 << 20  # content up to this size is allowed at any ratio
LEVEL = 6  # of gzip; for model weights, 9 saves almost nothing and takes several times as long


def packed(folder: Path, to: Path) -> list[str]:
    """Pack the content of a folder, without a leading folder, and return the names that could not be packed.

    Owners are left out. A link within the folder stays a link; any other is packed as the file that it points to. Dangling links, links to
    folders outside, pipes and devices cannot be packed.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> (folder / "a").mkdir(), (folder / "a" / "model.ubj").write_bytes(b"12")
    (None, 2)
    >>> packed(folder, folder.with_suffix(".tar.gz"))
    []
    >>> tarfile.open(folder.with_suffix(".tar.gz")).getnames()
    ['a', 'a/model.ubj']
    """
    left_out = []
    with to.open("wb") as file, tarfile.open(fileobj=file, mode="w:gz", compresslevel=LEVEL) as archive:
        for path in _below(folder):
            name = str(path.relative_to(folder))
            archive.dereference = path.is_symlink() and not _leads_inside(path, folder)
            kept = path.is_file() or path.is_symlink() or path.is_dir()
            if not kept or (archive.dereference and not path.is_file()):
                left_out.append(name)
                continue
            archive.add(path, name, recursive=False, filter=_without_owner)
    return left_out


def _below(folder: Path) -> Iterator[Path]:
    for entry in sorted(folder.iterdir()):
        yield entry
        if entry.is_dir() and not entry.is_symlink():
            yield from _below(entry)


def _leads_inside(link: Path, folder: Path) -> bool:
    return not link.readlink().is_absolute() and link.resolve().is_relative_to(folder.resolve()) and link.exists()


def _without_owner(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


def unpacked(archive: Path, to: Path) -> None:
    """Unpack an untrusted archive into an empty folder.

    Errors: `SourceError` if it is not a `.tar.gz`, for names and links that leave the folder, for devices, and for more than
    100,000 files, 4 GiB, or 200 times the size of the archive.
    """
    if not hasattr(tarfile, "data_filter"):
        raise Gap("this Python unpacks archives without looking at their names", hint="use Python 3.11.4 or newer")
    size = archive.stat().st_size
    try:
        with tarfile.open(archive, "r:gz") as opened:
            files = held = 0
            for entry in opened:
                files, held = files + 1, held + entry.size
                if files > MOST_FILES or held > min(LARGEST, max(FREE, RATIO * size)):
                    what = f"{archive} unpacks to more than it should: {files:,} files of {held:,} bytes so far"
                    raise SourceError(what, hint="unpack it yourself, and name the folder", code="too-large")
                opened.extract(entry, to, set_attrs=True, filter="data")
    except tarfile.FilterError as error:
        raise SourceError(f"{archive} is not unpacked: {error}", hint="who made it?", code="bad-archive") from error
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise SourceError(f"{archive} cannot be unpacked: {error}", accepted="a .tar.gz", code="bad-archive") from error
