"""Objects in S3 and compatible stores: `s3://bucket/key`, `s3://bucket/prefix`, `s3://bucket/prefix/*.parquet`.

Credentials, region and endpoint come from a secret; otherwise from the environment (`AWS_ACCESS_KEY_ID`, `AWS_REGION`, `AWS_ENDPOINT_URL`
…), from the machine's role, or, if boto3 is installed, from a profile. They are never part of a place, a message or a report.

Atomic writes: a single object is written atomically. Several objects are written under a run id (`prefix/run-…/`); then the listing
`prefix/_tilth.json` is written, which names the run. Tilth reads a prefix through its listing, so it sees the old delivery or the new one,
never a mixture; other readers can take the run's name from the listing. Earlier runs stay for a day for current readers; the next delivery
after that removes them, with the remains of killed runs.
"""

from __future__ import annotations

import fnmatch
import itertools
import json
import os
import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

from tilth.encryption.dataset import FOLDER, KEYS
from tilth.errors import MachineError, RequestError, SourceError, extra
from tilth.secrets import Access, AuthenticationFailed, Secret, parts_of, renewing, resolve
from tilth.store.atomic import LISTING, reject_unlisted
from tilth.store.local import HIDDEN, changed
from tilth.store.memory import workspace
from tilth.store.places import MAGIC, Copies, Object, Store
from tilth.store.protection import in_force
from tilth.store.scratch import Scratch

if TYPE_CHECKING:
    from obstore import GetOptions, ObjectMeta
    from obstore.store import S3Store

RUN = re.compile(r"run-[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}")
REFUSED = ("InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "no valid credentials")
HEAD = 64 << 10  # bytes that are copied if only the first bytes of an object are needed
KEPT = timedelta(days=1)  # how long objects of an earlier run are kept
Delivery: TypeAlias = tuple[str, str]
"""The prefix of a delivery, with a slash, and the name of its run; both empty without a delivery."""
_copies: WeakValueDictionary[Any, Copies] = WeakValueDictionary()


class S3(Store):
    """Objects in S3. A secret is an access key in AWS's form: `AccessKeyId`, `SecretAccessKey`, `SessionToken`, or `aws_…`."""

    takes_secret = True

    def copies(self, place: str) -> Copies:
        return renewing(self.access.reference, lambda _: self._copied(place)) if self.access else self._copied(place)

    def _copied(self, place: str) -> Copies:
        with errors_of(place, self.access):
            bucket = Bucket.of(place, self.access)
            delivery = bucket.delivery(_folder(bucket.key))
            found = bucket.named(bucket.key, delivery)
            if not found:
                raise SourceError(f"there is no object at {place}", hint="is it a prefix (end it with `/`) or a pattern?", code="no-files")
            if in_force():
                found = {**found, **bucket.data_set(delivery)}
            key = (
                place,
                self.access,
                os.environ.get("AWS_ENDPOINT_URL"),
                tuple((name, o["path"], o["e_tag"]) for name, o in found.items()),
            )
            copies = _copies.get(key)
            if copies is None:
                copies = _copies[key] = bucket.copied(place, found)
            return copies

    def everything(self, place: str, whole: bool = True) -> Copies:
        with errors_of(place, self.access):
            bucket = Bucket.of(place, self.access)
            if not (found := {o["path"]: o for o in bucket.objects(bucket.key)}):
                raise SourceError(f"there is no object under {place}", hint="check the bucket and the key", code="no-files")
            return bucket.copied(place, found, Scratch(), whole)

    def objects(self, place: str) -> list[Object]:
        """The objects with a prefix of the key. The prefix is a string: `s3://b/train` is also a prefix of `s3://b/train-old/x`.

        Names are keys without the prefix. If the prefix ends inside a name, as in this example, names begin with that name. If Tilth
        delivered to the prefix, only the objects of the last delivery are returned.
        """
        with errors_of(place):
            bucket = Bucket.of(place, self.access)
            prefix = place.partition("://")[2].partition("/")[2]
            found = {key: o for key, o in bucket.delivered(prefix.rpartition("/")[0]).items() if key.startswith(prefix)}
            if prefix and not prefix.endswith("/") and bucket.run(prefix):  # delivered to the prefix, named without its slash
                found = {key: o for key, o in found.items() if not key.startswith(f"{prefix}/")} | bucket.delivered(prefix)
            if not found:
                raise SourceError(
                    f"there is no object with a key that begins with {place}", hint="check the bucket and the key", code="no-files"
                )
            below = bool(prefix) and all(key.startswith(f"{prefix}/") for key in found)
            root = len(prefix) + 1 if below else prefix.rfind("/") + 1
            return [bucket.object(key[root:], found[key]) for key in sorted(found, key=str.encode)]

    def matching(self, pattern: str) -> list[Object]:
        with errors_of(pattern):
            bucket = Bucket.of(pattern, self.access)
            found = bucket.named(bucket.key)
            return [bucket.object(key.rpartition("/")[2], found[key]) for key in sorted(found, key=str.encode)]

    def find(self, place: str) -> Object | None:
        with errors_of(place):
            bucket = Bucket.of(place, self.access)
            with suppress(FileNotFoundError):
                return bucket.object(bucket.key.rpartition("/")[2], bucket.store.head(bucket.key))
            return None

    def part(self, what: Object, start: int = 0, end: int | None = None) -> bytes:
        with errors_of(what.place):
            from obstore.exceptions import PreconditionError

            bucket = Bucket.of(what.place, self.access)
            options: GetOptions = {"if_match": what.version} if what.version else {}
            if end is not None:
                options["range"] = (start, end)
            try:
                return bytes(bucket.store.get(bucket.key, options=options).bytes())
            except FileNotFoundError as error:
                raise SourceError(f"there is no object at {what.place}", code="no-files") from error
            except PreconditionError as error:
                raise changed(what) from error

    def remove(self, prefix: str) -> None:
        """Remove the objects with a prefix of the key, if any."""
        with errors_of(prefix):
            bucket = Bucket.of(prefix, self.access)
            found = [o["path"] for o in bucket.objects(bucket.key.rpartition("/")[0]) if o["path"].startswith(bucket.key)]
            if found:
                bucket.store.delete(found)

    def reject_foreign(self, place: str, folder: bool) -> None:
        with errors_of(place):
            bucket = Bucket.of(place, self.access)
            held = bucket.below(bucket.key)
            if not folder and held:
                raise RequestError(f"{place} is a prefix of other objects: it cannot be replaced by a file", code="is-folder")
            if folder:
                reject_unlisted(place, held, {name for name in held if name == LISTING or RUN.fullmatch(name)})

    @contextmanager
    def atomic(self, place: str, folder: bool) -> Iterator[Path]:
        self.reject_foreign(place, folder)
        scratch = Scratch()
        try:
            new = Path(scratch.name, Path(urlsplit(place).path).name or "out")
            if folder:
                new.mkdir()
            yield new
            with errors_of(place):
                bucket = Bucket.of(place, self.access)
                bucket.deliver(new) if folder else bucket.store.put(bucket.key, new)
        finally:
            scratch.close()


@dataclass(frozen=True)
class Bucket:
    """A bucket, and a key, prefix or pattern in it."""

    name: str
    key: str
    store: S3Store

    @classmethod
    def of(cls, place: str, access: Access | None = None) -> Bucket:
        """The bucket of a place. Errors: `RequestError` for a place without a bucket, `MissingExtra`."""
        _, _, rest = place.partition("://")
        name, _, key = rest.partition("/")
        if "@" in name or not name:
            raise RequestError("a place in S3 is s3://bucket/key", hint="credentials come from the environment", code="bad-place")
        return cls(name, key.strip("/"), _client(name, access))

    def objects(self, key: str) -> list[ObjectMeta]:
        """The object with a key, and the objects below it."""
        found = [o for page in self.store.list(key or None) for o in page if not o["path"].endswith("/")]
        with suppress(FileNotFoundError):
            found += [self.store.head(key)] if key else []
        return found

    def object(self, name: str, found: ObjectMeta) -> Object:
        return Object(f"s3://{self.name}/{found['path']}", name, found["size"], found["e_tag"], found["last_modified"].timestamp())

    def below(self, prefix: str) -> set[str]:
        """The names directly below a prefix."""
        return {o["path"].removeprefix(prefix).strip("/").split("/")[0] for o in self.objects(prefix)} - {""}

    def get(self, key: str) -> bytes | None:
        """The content of a small object; None if it does not exist."""
        try:
            return bytes(self.store.get(key).bytes())
        except FileNotFoundError:
            return None

    def named(self, key: str, delivery: Delivery | None = None) -> Mapping[str, ObjectMeta]:
        """Name → object for a key, a prefix or a pattern, without hidden objects. `delivery`: the delivery that contains it, if known."""
        magic, prefix = MAGIC.search(key), _folder(key)
        found = {
            name: o
            for name, o in self.delivered(prefix, delivery).items()
            if not any(part.startswith(tuple(HIDDEN)) for part in name.removeprefix(prefix).split("/"))
        }
        if magic:
            return {name: o for name, o in found.items() if fnmatch.fnmatchcase(name, key)}
        return {key: found[key]} if key in found else found

    def delivered(self, prefix: str, delivery: Delivery | None = None) -> dict[str, ObjectMeta]:
        """Name → object below a prefix, from the last delivery if the prefix is or is in a delivery. Deliveries below it are excluded."""
        explicit, (root, run) = _in_run(prefix), delivery or self.delivery(prefix)
        asked = f"{root}{run}/{prefix.removeprefix(root.rstrip('/')).strip('/')}".rstrip("/") if run else prefix
        found = {o["path"].removeprefix(f"{root}{run}/") if run else o["path"]: o for o in self.objects(asked)}
        return {root + name: o for name, o in found.items() if explicit or run or not any(map(RUN.fullmatch, name.split("/")))}

    def data_set(self, delivery: Delivery) -> dict[str, ObjectMeta]:
        """Name → object for the whole encrypted data set that contains the key, to compare its files with its list; otherwise empty."""
        root, run = delivery
        parts = _folder(self.key).split("/")
        for i in range(len(parts), -1, -1):
            above = "".join(f"{part}/" for part in parts[:i])
            stored = f"{root}{run}/{above.removeprefix(root)}" if run and above.startswith(root) else above
            if self.get(f"{stored}{FOLDER}/{KEYS}"):
                return self.delivered(above.rstrip("/"), delivery if above.startswith(root) else None)
        return {}

    def delivery(self, key: str) -> Delivery:
        """The delivery that contains a key; empty if there is none, or if the key itself names a run."""
        if _in_run(key):
            return "", ""
        parts = key.split("/") if key else []
        for i in range(len(parts), -1, -1):
            root = "".join(f"{part}/" for part in parts[:i])
            if listing := self.get(root + LISTING):
                run = _run(listing)
                if run:
                    return root, run
        return "", ""

    def copied(self, place: str, found: Mapping[str, ObjectMeta], scratch: Scratch | None = None, whole: bool = True) -> Copies:
        """Copies of objects in a scratch folder, with their names; if not `whole`, only the first bytes, filled up to the full size."""
        scratch = scratch or workspace()
        top = Path(scratch.name, self.name)
        for name, o in found.items():
            some: GetOptions = {"range": (0, HEAD)} if not whole and o["size"] > HEAD and not name.endswith(LISTING) else {}
            chunks = iter(self.store.get(o["path"], options=some).stream())
            head = bytes(next(chunks, b""))
            with scratch.create(f"{self.name}/{name}", head) as file:
                for chunk in itertools.chain([head], chunks):
                    file.write(chunk)
            if some:
                os.truncate(top / name, o["size"])
            os.utime(top / name, (o["last_modified"].timestamp(),) * 2)
        return Copies(str(top / self.key), place, (scratch.name, "s3:/"), scratch)

    def deliver(self, folder: Path) -> None:
        """Write the files of a folder under a run id, then the listing, then remove expired runs."""
        root = f"{self.key}/" if self.key else ""
        run = new_run()
        files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != LISTING)
        for path in files:
            self.store.put(f"{root}{run}/{path.relative_to(folder).as_posix()}", path)
        self.publish(run, [path.relative_to(folder).as_posix() for path in files])

    def publish(self, run: str, names: list[str]) -> None:
        """Make the objects of a run visible to readers, then remove expired runs."""
        root = f"{self.key}/" if self.key else ""
        self.store.put(root + LISTING, json.dumps({"run": run, "files": names}).encode())
        others = {name for name in self.below(self.key) if RUN.fullmatch(name)} - {run}
        expired = [o["path"] for o in self.objects(self.key) if o["last_modified"] < datetime.now(UTC) - KEPT]
        if ended := [path for path in expired if path.removeprefix(root).split("/")[0] in others]:
            self.store.delete(ended)

    def run(self, prefix: str) -> str:
        """The run that readers of a prefix see; empty if there is none."""
        return _run(self.get(f"{prefix}/{LISTING}".lstrip("/")) or b"")


def _folder(key: str) -> str:
    """The key itself, or the folder above the first wildcard of a pattern."""
    magic = MAGIC.search(key)
    return key[: magic.start()].rpartition("/")[0] if magic else key


def _in_run(key: str) -> bool:
    """Whether a key names a run itself."""
    return any(map(RUN.fullmatch, key.split("/")))


def new_run() -> str:
    """A name for a run, which sorts after the names of earlier runs."""
    return f"run-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:8]}"


def _run(manifest: bytes) -> str:
    try:
        return str(json.loads(manifest)["run"])
    except (ValueError, TypeError, KeyError):
        return ""


def _client(bucket: str, access: Access | None = None) -> S3Store:
    """The client of a bucket for the current environment. It is cached with its connections, except a client with a secret."""
    environment = tuple(sorted((name, value) for name, value in os.environ.items() if name.startswith("AWS_")))
    make = _client_in.__wrapped__ if access else _client_in
    return make(bucket, environment, (held := in_force()) and held.key.aws_id, access)


@lru_cache(maxsize=16)
def _client_in(bucket: str, environment: tuple[tuple[str, str], ...], key: str | None, access: Access | None = None) -> S3Store:
    """`key` is a key of AWS KMS with which S3 also encrypts new objects, because some buckets refuse objects otherwise."""
    with extra("s3", "a place in S3"):
        from obstore.store import S3Store
    more: dict[str, Any] = {}
    if access:
        more = access_key(resolve(access.reference))
    elif provider := _profile():
        more["credential_provider"] = provider
    http = more.get("endpoint", os.environ.get("AWS_ENDPOINT_URL", "")).startswith("http://")
    if key:
        more |= {"server_side_encryption": "aws:kms", "sse_kms_key_id": key}
    more["retry_config"] = {"max_retries": 3, "retry_timeout": timedelta(seconds=30)}
    return S3Store(bucket, client_options={"allow_http": http}, **more)


def access_key(secret: Secret) -> dict[str, Any]:
    """The arguments of a client for an access key. Errors: `RequestError` for a secret that is not an access key."""
    found = {re.sub("^aws|[^a-z]", "", key.lower()): value for key, value in parts_of(secret).items()}
    key, text = found.get("accesskeyid"), found.get("secretaccesskey")
    if not isinstance(key, Secret) or not isinstance(text, Secret):
        accepted = "a JSON object with access_key_id and secret_access_key, and where it has them session_token, region and endpoint"
        raise RequestError(f"the secret {secret.reference} is not an access key of S3", accepted=accepted, code="no-password")
    token = found.get("sessiontoken")
    given = {
        "access_key_id": key.reveal(),
        "secret_access_key": text.reveal(),
        "token": token.reveal() if isinstance(token, Secret) else None,
        "expires_at": None,
    }
    return {"credential_provider": lambda: given, **{name: found[name] for name in ("region", "endpoint") if name in found}}


def _profile() -> Any:
    """Reads the user's profile if the environment has no key and boto3 is installed."""
    if "AWS_ACCESS_KEY_ID" in os.environ:
        return None
    try:
        from obstore.auth.boto3 import Boto3CredentialProvider

        return Boto3CredentialProvider()
    except (ImportError, ValueError):  # no boto3, or it finds no credentials
        return None


@contextmanager
def errors_of(place: str, access: Access | None = None) -> Iterator[None]:
    """Turn errors of the server into Tilth's, without its response, which may contain keys."""
    with extra("s3", "a place in S3"):
        from obstore.exceptions import BaseError

    try:
        yield
    except (BaseError, FileNotFoundError) as error:
        kind = type(error).__name__.removesuffix("Error")
        code = re.search(r"<Code>(\w+)</Code>", str(error))
        words = code[1] if code else {"PermissionDenied": "no permission", "Unauthenticated": "no valid credentials"}.get(kind, "")
        hint = "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION, AWS_ENDPOINT_URL, and the name of the bucket"
        what = f"{place} cannot be reached: {words or 'no valid response'}"
        if access and words in REFUSED:
            raise AuthenticationFailed(what, hint=f"check {access.reference}", code="refused") from None
        wrong = SourceError if words in ("NoSuchBucket", "InvalidBucketName") else MachineError
        raise wrong(what, hint=hint, code="s3") from None
