"""Binary bodies that are damaged: whatever the bytes are, they are rows or an error that says where, and never a value."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.house.tree import ROOT, python
from tilth.errors import RequestError
from tilth.formats.recordio_protobuf import Tensor, record
from tilth.serve.bodies import decoded
from tilth.serve.bodies.rows import NPY, PARQUET, RECORDIO, Columns
from tilth.serve.media import MediaType

COLUMNS = Columns(("no", "age", "income", "job"))
TABLE = pa.table({"no": [1, 2], "age": [30.5, None], "income": pa.array([1, 2], pa.timestamp("us")), "job": ["secret", "Ärztin"]})


def bytes_of(write: Callable[[Any], None]) -> bytes:
    made = io.BytesIO()
    write(made)
    return made.getvalue()


def npy(array: np.ndarray) -> bytes:
    return bytes_of(lambda file: np.save(file, array))


RECORD = record({"values": Tensor(np.array([1, 2, 3, 4], "<f4"))}, {"values": Tensor(np.ones(1, "<f4"))})
SPARSE = record({"values": Tensor(np.array([5.0], "<f4"), np.array([1], np.int64), (4,))})
FIELDS = np.array([("secret", 1.5)], dtype=[("job", "U6"), ("age", "f8")])
WHOLE = {
    RECORDIO: [RECORD * 2, SPARSE + RECORD],
    NPY: [npy(np.ones((3, 4))), npy(FIELDS), npy(np.array([["secret", "b", "c", "d"]]))],
    PARQUET: [bytes_of(lambda file: pq.write_table(TABLE, file, compression="none"))],
}


def holds(body: bytes, kind: str) -> None:
    try:
        assert decoded(body, MediaType(kind), COLUMNS)
    except RequestError as error:
        for mistake in error.mistakes:
            assert mistake.code in ("bad-recordio", "bad-npy", "bad-parquet", "wrong-width", "no-rows", "too-large")
            assert "secret" not in str(mistake)
            assert not re.search(r"0x[0-9a-f]{6}", str(mistake)), "an address in memory"


@st.composite
def damaged(draw: st.DrawFn) -> tuple[bytes, str]:
    """A body of which some bits are turned, bytes are missing, or the end is cut off."""
    kind = draw(st.sampled_from(list(WHOLE)))
    body = bytearray(draw(st.sampled_from(WHOLE[kind])))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(len(body) - 1, 0)))
        match draw(st.sampled_from(["turn", "set", "cut", "miss"])):
            case "turn" if body:
                body[at] ^= 1 << draw(st.integers(0, 7))
            case "set" if body:
                body[at] = draw(st.integers(0, 255))
            case "cut":
                del body[at:]
            case "miss":
                del body[at : at + draw(st.integers(1, 8))]
    return bytes(body), kind


@given(damaged())
@example((npy(np.zeros((2, 4))).replace(b"(2, 4), ", b"(2, 4,  "), NPY))  # a header that is no expression
@example((npy(np.array([["secret"]])).replace(b"s\0\0\0", b"s\0\0\xff"), NPY))  # no character of Unicode
@example((npy(np.zeros((4, 0))).replace(b"(4, 0)", b"(9999999, 0)"), NPY))  # many rows of nothing
@example((npy(np.zeros(3, [("job", "i1"), ("age", "f8", (0,))])).replace(b"(0,)", b"(999999, 0)"), NPY))  # many fields of nothing
@example((WHOLE[PARQUET][0].replace(b"secret", b"\xff" * 6), PARQUET))
def test_damaged_bodies(case: tuple[bytes, str]) -> None:
    holds(*case)


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        (RECORD + RECORD[:-4], RECORDIO, f"row 2.*at byte {len(RECORD)} is damaged"),
        (RECORD + SPARSE + b"\0" * 8, RECORDIO, f"row 3.*at byte {len(RECORD + SPARSE)} is damaged"),
        (npy(np.ones((3, 4)))[:-5], NPY, "begin at byte 128 and have 96 bytes by its shape; the body has 91"),
        (WHOLE[PARQUET][0][:-1], PARQUET, "is not Parquet, or is damaged"),
    ],
)
def test_an_error_says_where(client: Any, body: bytes, kind: str, says: str) -> None:
    answer = client("people.tilth")("POST", "/invocations", body, {"content-type": kind})
    assert answer.status == 400
    assert re.search(says, answer.json()["error"]["message"])


@pytest.mark.slow
def test_the_fuzzer_finds_nothing() -> None:
    """Some hundred inputs of atheris, which looks for inputs that reach new lines of the readers."""
    pytest.importorskip("atheris", reason="atheris is not made for this Python")
    done = python("-m", "tests.fuzz.bodies", f"-runs={settings().max_examples * 20}", "-timeout=30", "-max_len=4000", cwd=ROOT, seconds=120)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
