"""The canary: a flow runs on a copy of its first rows with markers in them. No file may contain a marker, during the runs or after them.

Each run is a separate process: one runs to its end, and is paused several times to search for markers; one is killed when it begins to
write its result; and, on DuckDB, one runs with many rows in little memory.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tilth import verbs
from tilth.data import Roles
from tilth.encryption.magic import SEALED, head_of
from tilth.engine.chosen import session_of
from tilth.engine.python_operation import allow_python, python_allowed
from tilth.errors import RequestError, TilthError
from tilth.flow import Flow
from tilth.flow.reading import flow_table
from tilth.formats.writing import to_arrow
from tilth.protection.markers import Hit, Markers, forms_of, hits, in_memory
from tilth.report.blocks import counted
from tilth.report.files import has_pdf
from tilth.store.places import copies
from tilth.store.protection import in_force, protected
from tilth.store.scratch import Scratch
from tilth.store.unsealed import parquet_keys

ROWS = 1_000  # of the data, with markers in them
MANY_BYTES = 64 << 20  # the rows are repeated up to this size, which does not fit into …
MEMORY = "48MiB"  # … this memory limit of DuckDB
LOOKS = (0.5, 1, 2, 4, 8, 16)  # seconds between two searches during a run
SPILLED = ("*duckdb_temp*", "blockmgr-*/**/*")  # names of the spill files of DuckDB and Spark
ENDED, KILLED = "ended", "killed as its result began to be written"
STARTS = "import sys; from tilth.protection.canary import run_planted; run_planted(*sys.argv[1:])"


@dataclass(frozen=True)
class Canary:
    """The number of cells with a marker, the number of encrypted result files with one, and the files with an unencrypted marker.

    `runs` says how each run ended; `spilled` is the largest number of bytes seen in spill files.
    """

    markers: int
    carried: int
    hits: tuple[Hit, ...]
    runs: Mapping[str, str] = field(default_factory=dict)
    spilled: int = 0

    @property
    def passed(self) -> bool:
        """Whether the markers reached the result and were nowhere unencrypted."""
        return not self.hits and self.carried > 0

    def words(self) -> Iterator[str]:
        """The result in lines of text."""
        yield from (f"{run}: {ended}" for run, ended in self.runs.items())
        where = counted(self.carried, "encrypted file")
        yield f"{counted(self.markers, 'cell')} had a marker, and {where} of the result {'has' if self.carried == 1 else 'have'} one"
        yield f"{self.spilled:,} bytes of spilled data were searched"
        if not self.carried:
            yield "no marker is in the result, so the runs prove nothing"
        found = len({hit.path for hit in self.hits})
        yield f"unencrypted markers: {f'in {found:,} of the files' if found else 'none'}"


def canary(path: str | Path, folders: Iterable[Path] = (), engine: str = "duckdb") -> Canary:
    """Run a flow file under the key in force with markers in its data, and search for them.

    The search covers all files and output of the runs, and files that changed during the runs in `folders`, in the folder of the flow and
    in the folder for temporary files. Columns with a role other than `id`, `facet`, `text` and `private`, and columns of types that cannot
    hold a marker, are not changed.

    Errors: `RequestError` if there is no key or no column for a marker, and for a flow that does not run on such rows.
    """
    protection, outside, since = in_force(), Path(tempfile.gettempdir()).parent, time.time()
    if protection is None:
        raise RequestError("encryption needs a key", hint="give --key, or `protect: {key: …}` in the flow", code="needs-key")
    flow, markers = Flow.load(path), Markers.new()
    with session_of(None, None, "canary") as session:
        data = flow_table(flow, None, session)
        table, cells = markers.planted(to_arrow(session.first(data, data.names, ROWS), session), _kept(flow.reading.roles))
    if not cells:
        message = f"{path} reads no text and no number in which a marker could be planted"
        raise RequestError(message, accepted="a column of strings, 64-bit integers or doubles without a role", code="no-markers")
    scratch = Scratch()
    runs = Path(scratch.name, "runs")
    few = _written(table, Path(scratch.name, "few.parquet"))
    asked = [str(path), protection.key.reference, ",".join(protection.plaintext), engine, "python" if python_allowed() else ""]
    made = [Run(runs / "whole", [*asked, few], markers), Run(runs / "killed", [*asked, few], markers)]
    ends = {"to its end": made[0].to_its_end()}
    if ends["to its end"] != ENDED:
        raise RequestError(f"{path} does not run on its first rows with markers in them: {ends['to its end']}", code="no-canary")
    carried = sum(_carries(p, markers) for p in made[0].out.rglob("*") if p.is_file())
    ends["crash"] = made[1].until_it_writes()
    if engine == "duckdb":
        many = _written(pa.concat_tables([table] * (1 + MANY_BYTES // (table.nbytes + 1))), Path(scratch.name, "many.parquet"))
        made.append(Run(runs / "little", [*asked, many, MEMORY], markers))
        ends["little memory"] = made[2].to_its_end()
    found = [hit for run in made for hit in run.hits]
    found += hits([Path(flow.folder), outside, *folders], markers, since)  # `outside` contains the folders of the runs
    inside = {Hit(h.path.removeprefix(f"{scratch.name}/"), h.form) for h in found}
    scratch.close()
    return Canary(cells, carried, tuple(sorted(inside, key=astuple)), ends, max(run.spilled for run in made))


def _kept(roles: Roles) -> set[str]:
    """The columns without markers, because their values have a meaning for the flow."""
    return {c for role, columns in roles.named().items() if role not in ("id", "facet", "text", "private") for c in columns}


def _written(table: pa.Table, place: Path) -> str:
    verbs.write(table, place)
    return str(place)


def _carries(path: Path, markers: Markers) -> bool:
    """Whether the decrypted content of a file contains a marker."""
    if path.suffix == ".parquet":
        read = pq.read_table(path, decryption_properties=parquet_keys((str(path),)).reading(), partitioning=None)
        return any(forms_of(stream, markers) for stream in in_memory(read))
    if not head_of(path).startswith(SEALED):
        return False
    held = copies(str(path))
    with Path(held.path).open("rb") as file:
        return bool(forms_of(file, markers))


class Run:
    """A run of the flow in a separate process, in a folder with its temporary files, its result, its history and its output.

    `hits` are the files with markers found during the run, `spilled` the largest number of bytes seen in spill files.
    """

    def __init__(self, folder: Path, asked: Sequence[str], markers: Markers) -> None:
        self.folder, self.out, self._markers = folder, folder / "result" / "out", markers
        self.hits, self.spilled = list[Hit](), 0
        self._temporary = folder / "tmp"
        for new in (self._temporary, self.out.parent):
            new.mkdir(parents=True)
        self._asked = [*asked[:6], str(self.out), str(folder / "result" / "history.db"), *asked[6:]]

    def to_its_end(self) -> str:
        """Run it, and pause it several times to search for markers; return how it ended."""
        with self._running() as process:
            for seconds in LOOKS:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(seconds)
                if process.returncode is not None:
                    break
                self._signal(process, signal.SIGSTOP)
                self._look()
                self._signal(process, signal.SIGCONT)
            return self._ended(process)

    def until_it_writes(self) -> str:
        """Kill it as soon as it begins to write its result, under a hidden name; return how it ended."""
        with self._running() as process:
            while process.poll() is None:
                if self._writes():
                    self._signal(process, signal.SIGKILL)
                    process.wait()
                    self._look()
                    return KILLED
                time.sleep(0.005)
            return self._ended(process)

    def _writes(self) -> bool:
        with suppress(FileNotFoundError):  # it may be renamed or removed at any time
            return any(p.is_file() and p.stat().st_size for p in self.out.parent.rglob(".tilth-*/out/*/*"))
        return False

    def _look(self) -> None:
        self.hits += hits([self.folder], self._markers)
        spilled = [p for pattern in SPILLED for p in self._temporary.rglob(pattern) if p.is_file()]
        self.spilled = max(self.spilled, sum(p.stat().st_size for p in spilled))

    @contextmanager
    def _running(self) -> Iterator[subprocess.Popen[bytes]]:
        """Start the process; it is killed if the block ends before it, for instance by Ctrl-C."""
        environment = os.environ | {"TMPDIR": str(self._temporary), "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
        with (self.folder / "said").open("wb") as said:
            words = [sys.executable, "-c", STARTS, *self._asked]
            process = subprocess.Popen(words, stdout=said, stderr=said, env=environment, start_new_session=True)  # noqa: S603 -- its own
        try:
            yield process
        finally:
            if process.poll() is None:
                self._signal(process, signal.SIGKILL)
                process.wait()

    @staticmethod
    def _signal(process: subprocess.Popen[bytes], number: int) -> None:
        """Send a signal to the process and to the programs that it started, such as Java."""
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)

    def _ended(self, process: subprocess.Popen[bytes]) -> str:
        code = process.wait()
        said = (self.folder / "said").read_text("utf-8", "replace").strip()
        if "[memory]" in said:
            return "ran out of memory"
        return ENDED if code == 0 else said or f"exit code {code}"


def run_planted(
    path: str, key: str, plaintext: str, engine: str, python: str, data: str, out: str, history: str, memory: str | None = None
) -> None:
    """Run a flow on other data: the entry point of the process of a canary. Without a key it leaves markers, which tests the search."""
    from tilth.engine.duckdb import DuckDB

    reports = ["html", "ipynb", "md", *(["pdf"] if has_pdf() else [])]
    try:
        held = protected(key, [kind for kind in plaintext.split(",") if kind]) if key else nullcontext()
        with allow_python() if python else nullcontext(), held:
            made: Any = DuckDB(memory_limit=memory, threads=2) if engine == "duckdb" else engine
            flow = Flow.load(path)
            verbs.run(flow, out, data, engine=made, history=history if flow.check else None, reports=reports)
    except TilthError as error:
        sys.exit(str(error))
