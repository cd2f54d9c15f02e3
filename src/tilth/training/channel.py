"""A channel of a training job: where its data is, and how the program receives it. The words are from SageMaker's API."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Literal, get_args, get_type_hints

from tilth.errors import Mistake, RequestError, SourceError, listed, unknown
from tilth.errors import Place as FilePlace
from tilth.formats.augmented_manifest import MOST_ATTRIBUTES, sample
from tilth.formats.manifest import entries
from tilth.formats.permutation import HOSTS, SHARDS, permutation
from tilth.formats.recordio import MOST_BYTES
from tilth.store.local import HIDDEN, is_folder, text_of
from tilth.store.places import Object, copies, store_of
from tilth.store.uri import Place, is_local, joined, local_path, scheme_of

Mode = Literal["File", "Pipe", "FastFile"]
Data = Literal["S3Prefix", "ManifestFile", "AugmentedManifestFile"]
Distribution = Literal["FullyReplicated", "ShardedByS3Key"]
Compression = Literal["None", "Gzip"]
Wrapper = Literal["None", "RecordIO"]
Balance = Literal["objects", "bytes"]

NAME = re.compile(r"[A-Za-z0-9.\-_]{1,64}")
MOST_CHANNELS, LONGEST_URI, LONGEST_TYPE = 20, 1024, 256
SEEDS = range(-(1 << 63), 1 << 63)
TEXT_TYPES = ("text/csv", "text/libsvm", "application/jsonlines")
AT_ONCE = 16  # parallel requests for the sizes of objects in a manifest


@dataclass(frozen=True)
class Channel:
    """Data of a training job, and how its program receives it.

    `source` is a local folder or file, or a prefix `s3://…`. With `data` it is a manifest that lists objects, or an augmented manifest:
    then `attributes` names the fields of its lines that are sent. `mode` says what the program finds in its data folder: files that exist
    before it starts (`File`), read-only files fetched when read (`FastFile`), or a FIFO `NAME_0`, `NAME_1` … for each epoch (`Pipe`).

    `distribution` gives each host all objects, or a share that `balance` divides by number or by bytes. `seed` shuffles the order in each
    epoch. Only for `Pipe`: `compression` decompresses objects, `wrapper` makes each one a record, and `ensure_newline`, the default for
    CSV, LibSVM and JSON Lines, ends the last line of an object before the next one begins.

    Errors: `RequestError` with everything that is wrong. Source: SageMaker API, `Channel`.

    >>> Channel("train", "s3://ground/run7/", mode="Pipe", content_type="text/csv").configuration()
    {'TrainingInputMode': 'Pipe', 'S3DistributionType': 'FullyReplicated', 'RecordWrapperType': 'None', 'ContentType': 'text/csv'}
    """

    name: str
    source: Place
    mode: Mode = "File"
    data: Data = "S3Prefix"
    content_type: str | None = None
    compression: Compression = "None"
    wrapper: Wrapper = "None"
    distribution: Distribution = "FullyReplicated"
    seed: int | None = None
    attributes: tuple[str, ...] = ()
    balance: Balance = "objects"
    ensure_newline: bool | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "source", os.fspath(self.source))
        given: Any = self.attributes
        object.__setattr__(self, "attributes", (given,) if isinstance(given, str) else tuple(given))
        RequestError.reject(Mistake(f"channel {self.name!r}: {m.message}", m.place, m.accepted, m.hint, m.code) for m in self._mistakes())

    def _mistakes(self) -> Iterator[Mistake]:
        if not NAME.fullmatch(self.name):
            yield Mistake("this is not a name", accepted="1 to 64 of A-Z a-z 0-9 . - _", code="bad-name")
        if not self.source or scheme_of(self.source) not in ("file", "s3"):
            yield Mistake(f"no data are read from {self.source!r}", accepted="a folder, a file, or s3://bucket/prefix", code="bad-place")
        if not is_local(self.source) and len(os.fspath(self.source)) > LONGEST_URI:
            yield Mistake("the place is too long", accepted=f"up to {LONGEST_URI:,} characters", code="bad-place")
        for word, kind in WORDS.items():
            yield from unknown([getattr(self, word)], get_args(kind), f"{word}: there is no {{}}", "unknown-value")
        if self.seed is not None and (isinstance(self.seed, bool) or not isinstance(self.seed, int) or self.seed not in SEEDS):
            yield Mistake(f"seed: {self.seed!r} is not an integer of 64 bits", code="bad-value")
        if len(self.content_type or "") > LONGEST_TYPE:
            yield Mistake("the content type is too long", accepted=f"up to {LONGEST_TYPE} characters", code="bad-value")
        yield from self._contradictions()

    def _contradictions(self) -> Iterator[Mistake]:
        augmented = self.data == "AugmentedManifestFile"
        if augmented and self.mode != "Pipe":
            yield Mistake(f"an augmented manifest is not read in mode {self.mode}", accepted="mode Pipe", code="bad-mode")
        if self.mode == "FastFile" and self.data == "ManifestFile":
            yield Mistake("a manifest is not read in mode FastFile", accepted="mode File or Pipe, or a prefix", code="bad-mode")
        for word in ("compression", "wrapper"):
            if self.mode != "Pipe" and getattr(self, word) != "None":
                hint = "files arrive as they are"
                yield Mistake(f"{word} is for mode Pipe, and the mode is {self.mode}", accepted="None", hint=hint, code="bad-mode")
        if augmented and not 0 < len(self.attributes) <= MOST_ATTRIBUTES:
            what = f"an augmented manifest needs the names of what is sent, and {len(self.attributes)} are given"
            yield Mistake(what, accepted=f"1 to {MOST_ATTRIBUTES} attributes", code="attributes")
        if self.attributes and not augmented:
            yield Mistake("attributes are those of an augmented manifest", hint="data='AugmentedManifestFile'", code="attributes")
        if self.ensure_newline and (self.mode != "Pipe" or self.wrapper != "None" or augmented):
            yield Mistake("ensure_newline is for objects that are joined in mode Pipe", accepted="wrapper None", code="bad-mode")
        if augmented and self.compression != "None":
            yield Mistake("the objects of an augmented manifest are sent as they are", accepted="compression None", code="bad-mode")
        if augmented and self.balance != "objects":
            yield Mistake("the lines of an augmented manifest have no sizes", accepted="balance='objects'", code="bad-mode")

    def configuration(self) -> dict[str, str]:
        """The entry of the channel in `inputdataconfig.json`."""
        said = {"TrainingInputMode": self.mode, "S3DistributionType": self.distribution, "RecordWrapperType": self.wrapper}
        return {**said, **({"ContentType": self.content_type} if self.content_type is not None else {})}

    @property
    def ends_lines(self) -> bool:
        """Whether the last line of an object is ended before the next object begins."""
        if self.ensure_newline is not None:
            return self.ensure_newline
        return self.wrapper == "None" and (self.content_type or "").partition(";")[0].strip().lower() in TEXT_TYPES

    def beside(self, place: str) -> str:
        """A place that a manifest names: relative to the folder of the manifest, unless it is absolute."""
        source = os.fspath(self.source)
        return joined((local_path(source) if is_local(source) else source).rpartition("/")[0] or ".", place)

    def found(self) -> Contents:
        """The content of the channel: its objects, ordered by key, or the lines of its augmented manifest.

        Errors: `SourceError` if it is empty, for each missing object of a manifest, and for an ambiguous prefix.
        """
        if self.data == "AugmentedManifestFile":
            return Contents(self, (), self._lines())
        objects = self._listed() if self.data == "ManifestFile" else self._under()
        if self.wrapper == "RecordIO" and self.compression == "None":
            SourceError.reject(
                Mistake(
                    f"channel {self.name!r}: {o.place} is too large for a record",
                    accepted=f"up to {MOST_BYTES:,} bytes",
                    code="record-too-large",
                )
                for o in objects
                if o.bytes > MOST_BYTES
            )
        return Contents(self, objects)

    def _under(self) -> tuple[Object, ...]:
        store, place = store_of(self.source), os.fspath(self.source)
        if is_local(place) and not is_folder(local_path(place)) and (file := store.find(place)):
            return (file,)
        objects = store.objects(place)
        if self.mode == "FastFile" and not is_local(place) and not place.endswith("/"):
            _reject_ambiguous(self, objects)
        if all(is_hidden(o.name) and o.place != place for o in objects):
            hint = "names that begin with `.` or `_` are not data" if objects else ""
            raise SourceError(f"channel {self.name!r}: there are no files of data in {place}", hint=hint, code="no-files")
        return tuple(objects)

    def _listed(self) -> tuple[Object, ...]:
        """The objects of a manifest, in its order. Each name is relative to the folder of the manifest's prefix."""
        prefix, names = entries(self._text("manifest"), os.fspath(self.source))
        written = [self.beside(prefix + name) for name in names]
        begun = prefix.rpartition("/")[2]  # the prefix is a string, and may end inside a name
        with ThreadPoolExecutor(AT_ONCE) as pool:
            objects = list(pool.map(lambda place: store_of(place).find(place), written))
        missing = [Mistake(f"channel {self.name!r}: there is no object at {p}", FilePlace(os.fspath(self.source)), code="no-file")
                   for p, o in zip(written, objects, strict=True) if o is None]  # fmt: skip
        SourceError.reject(missing)
        return tuple(Object(o.place, begun + name, o.bytes, o.version) for name, o in zip(names, objects, strict=True) if o)

    def _lines(self) -> tuple[Line, ...]:
        """The lines of an augmented manifest. All invalid lines are reported at once."""
        name, wrong, lines = os.fspath(self.source), list[Mistake](), list[Line]()
        for number, line in enumerate(self._text("augmented manifest").splitlines(), 1):
            if not line.strip():
                continue
            try:
                sample(line, FilePlace(name, number), self.attributes)
            except SourceError as error:
                wrong += error.mistakes
            lines.append(Line(number, line))
        SourceError.reject(wrong[:MOST_SHOWN])
        return tuple(lines)

    def _text(self, what: str) -> str:
        here = copies(self.source)
        return text_of(here.path, f"{what} of channel {self.name!r}", SourceError)


MOST_SHOWN = 20  # mistakes in the lines of a manifest
WORDS = {f.name: get_type_hints(Channel)[f.name] for f in fields(Channel) if f.name in
         ("mode", "data", "compression", "wrapper", "distribution", "balance")}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """A line of an augmented manifest, with its number, counted from 1."""

    number: int
    text: str


def _reject_ambiguous(channel: Channel, objects: Sequence[Object]) -> None:
    """Reject a prefix of FastFile that is not a folder, because it ends inside a name."""
    place, store = os.fspath(channel.source), store_of(channel.source)
    try:
        below = store.objects(f"{place}/")
    except SourceError:
        below = []
    if len(below) < len(objects) and not (len(objects) == 1 and store.find(place)):
        inside = {o.place for o in below}
        beside = [o.place for o in objects if o.place not in inside]
        what = f"channel {channel.name!r}: the prefix {place} ends inside a name: {listed(beside, 3)} begin with it"
        raise SourceError(what, accepted=f"{place}/" if below else "a prefix that ends in `/`", code="ambiguous-prefix")


@dataclass(frozen=True)
class Contents:
    """The content of a channel: objects, or the lines of an augmented manifest."""

    channel: Channel
    objects: tuple[Object, ...]
    lines: tuple[Line, ...] = ()

    @cached_property
    def items(self) -> tuple[Object, ...] | tuple[Line, ...]:
        """The units that are divided among hosts and ordered per epoch: lines, or objects whose names do not begin with `.` or `_`."""
        if self.lines or self.channel.data != "S3Prefix" or len(self.objects) == 1:
            return self.lines or self.objects
        return tuple(o for o in self.objects if not is_hidden(o.name))

    @property
    def bytes(self) -> int:
        """The bytes of all objects."""
        return sum(o.bytes for o in self.objects)

    def share(self, epoch: int = 0, hosts: int = 1, host: int = 0) -> list[Any]:
        """The items of a host in an epoch, in order.

        The result depends only on the objects, the seed and the epoch. All hosts use the permutation (epoch, 0) as the order. Item i of the
        permutation (epoch, 2) goes to host i mod hosts. Without a seed, both permutations are the order of the keys. With
        `balance="bytes"`, objects are assigned from the largest to the smallest, each to the host with the fewest bytes.
        """
        count = len(self.items)
        ours = self._dealt(epoch, hosts, host) if self.channel.distribution == "ShardedByS3Key" else range(count)
        chosen = set(ours)
        return [self.items[i] for i in self._order(epoch, SHARDS, count) if i in chosen]

    def _order(self, epoch: int, stream: int, count: int) -> list[int]:
        seed = self.channel.seed
        return list(range(count)) if seed is None else [int(i) for i in permutation(seed, (epoch, stream), count)]

    def _dealt(self, epoch: int, hosts: int, host: int) -> list[int]:
        order = self._order(epoch, HOSTS, len(self.items))
        if self.channel.balance == "objects":
            return order[host::hosts]
        bytes_of = [getattr(item, "bytes", 0) for item in self.items]
        held, given = [0] * hosts, [list[int]() for _ in range(hosts)]
        for i in sorted(order, key=lambda i: -bytes_of[i]):
            to = held.index(min(held))
            held[to] += bytes_of[i]
            given[to].append(i)
        return given[host]


def is_hidden(name: str) -> bool:
    """Whether a name, or a folder in it, begins with `.` or `_`: such files are about data, and are not data themselves.

    >>> is_hidden("_SUCCESS"), is_hidden("a/.crc/b"), is_hidden("part_0.csv")
    (True, True, False)
    """
    return any(part[:1] in HIDDEN for part in name.split("/") if part)


def reject_clashes(channels: Sequence[Channel]) -> None:
    """Reject channels that one job cannot have together. Errors: `RequestError` with everything that is wrong.

    >>> reject_clashes([Channel("a", "x.csv", "Pipe"), Channel("a_0", "y.csv")])
    Traceback (most recent call last):
        ...
    tilth.errors.RequestError: channel 'a_0' has the name of an epoch of channel 'a' [bad-name]
        choose another name
    """
    RequestError.reject(_clashes(channels))


def _clashes(channels: Sequence[Channel]) -> Iterator[Mistake]:
    if not 0 < len(channels) <= MOST_CHANNELS:
        yield Mistake(f"there are {len(channels)} channels", accepted=f"1 to {MOST_CHANNELS}", code="channels")
    for name, times in Counter(c.name for c in channels).items():
        if times > 1:
            yield Mistake(f"{times} channels have the name {name!r}", hint="choose another name", code="bad-name")
    for pipe in (c for c in channels if c.mode == "Pipe"):
        for other in (c for c in channels if c.name[: len(pipe.name) + 1] == f"{pipe.name}_" and c.name[len(pipe.name) + 1 :].isdecimal()):
            what = f"channel {other.name!r} has the name of an epoch of channel {pipe.name!r}"
            yield Mistake(what, hint="choose another name", code="bad-name")
