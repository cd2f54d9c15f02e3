"""What is not what was written is not read, and each way has a code of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import tilth
from tests.encrypted import MARK, TABLE, code_of, key, plaintext, rows
from tilth.encryption.keyfile import KeyFile, new_key_file
from tilth.errors import SourceError
from tilth.protection.audit import reject_changed
from tilth.store.places import atomic, copies
from tilth.store.protection import protected

__all__ = ["key", "plaintext"]


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two data sets under one key, and the key."""
    folder = tmp_path_factory.mktemp("once")
    new_key_file(folder / "keys" / "tilth.key")
    with protected(f"file:{folder / 'keys' / 'tilth.key'}"):
        for place in ("a", "b"):
            with atomic(folder / place, folder=True) as new:
                for part in ("train", "test"):
                    tilth.write(tilth.read(TABLE), new / part)
                    (new / f"{part}.txt").write_text(MARK)
    return folder


@pytest.fixture
def delivered(once: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(once, tmp_path / "copy"))


def move(one: Path, other: Path) -> None:
    kept = one.with_name(".kept")
    one.rename(kept)
    other.rename(one)
    kept.rename(other)


def cut(path: Path, by: int = 100) -> None:
    path.write_bytes(path.read_bytes()[:-by])


def flip(path: Path, at: int = -20) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


DAMAGE: dict[str, tuple[str, Callable[[Path], object]]] = {
    "truncated Parquet": ("truncated-file", lambda d: cut(next((d / "a/train").glob("*.parquet")))),
    "truncated sealed file": ("truncated-file", lambda d: cut(d / "a/train.txt.sealed", 5)),
    "changed sealed file": ("damaged-file", lambda d: flip(d / "a/train.txt.sealed")),
    "swapped sealed file": ("swapped-file", lambda d: move(d / "a/train.txt.sealed", d / "a/test.txt.sealed")),
    "swapped Parquet": ("swapped-file", lambda d: move(d / "a/train/train-000000.parquet", d / "a/test/test-000000.parquet")),
    "swapped folders": ("swapped-folder", lambda d: move(d / "a/train", d / "a/test")),
    "a renamed folder": ("swapped-folder", lambda d: (d / "a/train").rename(d / "a/tests")),
    "a copied folder": ("extra-file", lambda d: shutil.copytree(d / "a/train", d / "a/tests")),
    "folder of another data set": ("other-data-set", lambda d: move(d / "a/train", d / "b/train")),
    "sealed file of another data set": ("other-data-set", lambda d: move(d / "a/train.txt.sealed", d / "b/train.txt.sealed")),
    "keys of another data set": ("changed-manifest", lambda d: move(d / "a/_tilth/keys.json", d / "b/_tilth/keys.json")),
    "edited manifest": ("changed-manifest", lambda d: flip(d / "a/_tilth/manifest.json.sealed")),
    "extra file": ("extra-file", lambda d: shutil.copy(d / "a/train.txt.sealed", d / "a/train/more.txt.sealed")),
    "missing manifest": ("no-manifest", lambda d: (d / "a/_tilth/manifest.json.sealed").unlink()),
    "missing file": ("missing-file", lambda d: (d / "a/test.txt.sealed").unlink()),
    "no keys": ("no-data-key", lambda d: (d / "a/_tilth/keys.json").unlink()),
    "a part by itself": (
        "no-data-key",
        lambda d: (shutil.copytree(d / "a/train", d / "c"), shutil.rmtree(d / "a/train"), move(d / "c", d / "a")),
    ),
}


def key_in(folder: Path) -> str:
    return f"file:{folder / 'keys' / 'tilth.key'}"


@pytest.mark.parametrize("what", DAMAGE)
def test_what_is_not_what_was_written_is_not_read(what: str, delivered: Path) -> None:
    expected, change = DAMAGE[what]
    change(delivered)
    with protected(key_in(delivered)), pytest.raises(SourceError) as error:
        rows(tilth.read(next((delivered / "a").rglob("*.parquet"))))
        copies(delivered / "a")
    assert code_of(error) == {expected}


def test_changed_pages_of_parquet_are_found(delivered: Path) -> None:
    """The manifest identifies a file by its footer, so a page is compared only when it is read, or by `tilth protect verify`."""
    path = next((delivered / "a/train").glob("*.parquet"))
    flip(path, path.stat().st_size // 3)
    with protected(key_in(delivered)) as held:
        with pytest.raises(SourceError, match="an encrypted Parquet file was changed after") as error:
            rows(tilth.read(path))
        assert code_of(error) == {"damaged-file"}
        with pytest.raises(SourceError, match=r"a/train/.*\.parquet was changed after") as error:
            reject_changed(delivered, held.key)
    assert code_of(error) == {"damaged-file"}


NAMED = {"wrong-key", "wrong-context", "other-data-set", "swapped-file", "no-data-key"}  # if the byte is in a name


@pytest.mark.parametrize("name", ["alone.parquet", "alone.csv.sealed"])
def test_files_on_their_own_are_not_read_if_they_were_changed(name: str, delivered: Path) -> None:
    """A byte is changed at many places, and the end is cut off. What is read nevertheless is what was written: some names mean nothing."""
    path = delivered / "own" / name
    with protected(key_in(delivered)) as held:
        table = TABLE.slice(0, 40)
        tilth.write(tilth.read(table), delivered / "own" / name.removesuffix(".sealed"))
        reject_changed(delivered / "own", held.key)
        content, codes = path.read_bytes(), set[str]()
        for at in range(4, len(content), max(1, len(content) // 60)):  # from the fifth: the others say that it is encrypted
            flip(path, at)
            try:
                assert rows(tilth.read(path)).equals(table)
            except SourceError as error:
                codes |= {m.code for m in error.mistakes}
                with pytest.raises(SourceError):
                    reject_changed(delivered / "own", held.key)
            path.write_bytes(content)
        for size in (len(content) - 1, len(content) // 2, 20, 5):
            path.write_bytes(content[:size])
            with pytest.raises(SourceError) as error:
                rows(tilth.read(path))
            assert code_of(error) == {"truncated-file"}
    assert "damaged-file" in codes and codes <= {"truncated-file", "damaged-file", *NAMED}


def test_the_wrong_key_and_the_right_one(delivered: Path) -> None:
    new_key_file(delivered / "keys" / "other.key")
    with protected(f"file:{delivered / 'keys' / 'other.key'}"), pytest.raises(SourceError) as error:
        tilth.read(delivered / "a" / "train")
    assert code_of(error) == {"wrong-key"}
    with protected(key_in(delivered)):
        assert rows(tilth.read(delivered / "a" / "train")).num_rows == 2000
        assert Path(copies(delivered / "a" / "test.txt").path).name == "test.txt"


def test_data_of_a_retired_key_is_read(delivered: Path) -> None:
    key = key_in(delivered)
    held = KeyFile(key.removeprefix("file:"))
    old = held.active.id
    held.rotated()
    with protected(key):
        assert rows(tilth.read(delivered / "a" / "train")).num_rows == 2000
        tilth.write(tilth.read(TABLE), delivered / "new.parquet")
    held.destroyed(old)
    with protected(key):
        assert rows(tilth.read(delivered / "new.parquet")).num_rows == 2000
        with pytest.raises(SourceError) as error:
            tilth.read(delivered / "b" / "train")
        assert code_of(error) == {"wrong-key"} and str(delivered / "b") in str(error.value)
    new_key_file(delivered / "keys" / "other.key")
    with protected(f"file:{delivered / 'keys' / 'other.key'}"), pytest.raises(SourceError, match=r"new\.parquet: it was encrypted under"):
        rows(tilth.read(delivered / "new.parquet"))


def test_sealed_files_are_signed_on_request(key: str, tmp_path: Path) -> None:
    with protected(key, sign=True), atomic(tmp_path / "out", folder=True) as new:
        (new / "a.txt").write_text(MARK * 10_000)
    sealed = tmp_path / "out" / "a.txt.sealed"
    assert sealed.read_bytes()[:3] == b"\x02\x05\x78"  # AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384, by the format's list of suites
    with protected(key):
        assert Path(copies(sealed).path).read_text() == MARK * 10_000
        flip(sealed)  # in the signature
        with pytest.raises(SourceError) as error:
            copies(sealed)
    assert code_of(error) == {"damaged-file"}
