"""RecordIO: its framing, records that are split, and indexes."""

from __future__ import annotations

import io
import random
import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tilth.errors import RequestError, SourceError
from tilth.formats import recordio
from tilth.formats.recordio import MAGIC_BYTES, check_index, framed, index_text, offsets, read_index, records, write_records

M = MAGIC_BYTES
# payloads → the file; Apache MXNet 1.9.1 reads each back
WORKED = [
    ([b"hello"], "0a 23 d7 ce 05 00 00 00 68 65 6c 6c 6f 00 00 00"),
    ([b"", b"abcd"], "0a 23 d7 ce 00 00 00 00 0a 23 d7 ce 04 00 00 00 61 62 63 64"),
    ([b"abcd" + M + b"ef"], "0a 23 d7 ce 04 00 00 20 61 62 63 64 0a 23 d7 ce 02 00 00 60 65 66 00 00"),
    ([M + b"z"], "0a 23 d7 ce 00 00 00 20 0a 23 d7 ce 01 00 00 60 7a 00 00 00"),
    (
        [b"abcd" + M + M + b"tail"],
        "0a 23 d7 ce 04 00 00 20 61 62 63 64 0a 23 d7 ce 00 00 00 40 0a 23 d7 ce 04 00 00 60 74 61 69 6c",
    ),
    ([b"ab" + M + b"cd"], "0a 23 d7 ce 08 00 00 00 61 62 0a 23 d7 ce 63 64"),
    # the stream of an augmented manifest: an image and its label
    ([bytes.fromhex("ffd8ffd9"), b"1"], "0a 23 d7 ce 04 00 00 00 ff d8 ff d9 0a 23 d7 ce 01 00 00 00 31 00 00 00"),
]
adversarial = st.lists(st.sampled_from([b"\x0a", b"\x23\xd7", M, M[:3], b"abcd", b"", b"z"]), max_size=9).map(b"".join)


def written(*payloads, **options):
    file = io.BytesIO()
    write_records(payloads, file, **options)
    return file.getvalue()


@pytest.mark.parametrize(("payloads", "file"), WORKED)
def test_worked_examples_both_ways(payloads, file):
    assert written(*payloads).hex(" ") == file
    assert list(records(io.BytesIO(bytes.fromhex(file)))) == payloads


@given(st.lists(adversarial, max_size=5))
@example([M, b"a" + M, M * 3])
def test_what_is_written_is_read_and_no_other_record_begins_inside(payloads):
    content, begins = written(*payloads), write_records(payloads, io.BytesIO())
    assert list(records(io.BytesIO(content))) == payloads
    assert list(offsets(io.BytesIO(content))) == begins
    assert [next(records(io.BytesIO(content[at:]), at)) for at in begins] == payloads
    # what a reader that begins anywhere looks for: the magic number at a multiple of four, and a flag of 0 or 1
    found = [at for at in range(0, len(content), 4) if content[at : at + 4] == M and content[at + 7] >> 5 in (0, 1)]
    assert found == begins


def by_the_word(payload):
    """A record as dmlc-core writes it, word by word: an independent implementation, for what Apache MXNet cannot be asked here."""
    begin, parts = 0, []
    for i in range(0, len(payload) - len(payload) % 4, 4):
        if payload[i : i + 4] == M:
            parts.append(payload[begin:i])
            begin = i + 4
    parts.append(payload[begin:])
    flags = [0] if len(parts) == 1 else [1, *[2] * (len(parts) - 2), 3]
    heads = [M + struct.pack("<I", flag << 29 | len(part)) for flag, part in zip(flags, parts, strict=True)]
    return b"".join(head + part + bytes(-len(part) % 4) for head, part in zip(heads, parts, strict=True))


def test_three_thousand_payloads_are_written_as_dmlc_writes_them():
    chance = random.Random(3)
    pieces = [M, M[:1], M[1:], M[:3], b"\0", b"ab", b"abcd", b""]
    payloads = [b"".join(chance.choices(pieces, k=chance.randrange(12))) for _ in range(3_000)]
    content = written(*payloads)
    assert content == b"".join(map(by_the_word, payloads)) and sum(map(recordio.is_split, payloads)) > 700
    assert list(records(io.BytesIO(content))) == [bytes(v) for v in recordio.views(io.BytesIO(content))] == payloads


@given(adversarial)
def test_raw_records_are_read_whole(payload):
    assert list(records(io.BytesIO(written(payload, on_magic="raw")))) == [payload]


def test_the_magic_number_in_a_payload_can_be_refused():
    assert framed(b"ab" + M, "error") == framed(b"ab" + M)
    with pytest.raises(RequestError, match=r"holds the magic number .*\[magic\]"):
        framed(b"abcd" + M, "error")


def test_a_record_that_is_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(recordio, "MOST_BYTES", 8)
    assert len(framed(b"12345678")) == 16
    with pytest.raises(RequestError, match=r"a record of 9 bytes is too large for RecordIO"):
        framed(b"123456789")


@given(st.lists(adversarial, min_size=1, max_size=4), st.data())
def test_a_truncated_file_is_refused_unless_it_ends_between_records(payloads, data):
    content = written(*payloads)
    ends = [0, *write_records(payloads, io.BytesIO())[1:], len(content)]
    cut = data.draw(st.integers(0, len(content)))
    for read in (records, offsets):
        if cut in ends:
            assert len(list(read(io.BytesIO(content[:cut])))) == ends.index(cut)
        else:
            with pytest.raises(SourceError, match=r"the record at byte [\d,]+ cannot be read: .* \[bad-record\]"):
                list(read(io.BytesIO(content[:cut])))


@pytest.mark.parametrize(
    ("file", "says"),
    [
        ("00" * 12, "byte 0 cannot be read: the magic number is missing: found 00 00 00 00, expected 0a 23 d7 ce"),
        ("0a23d7ce00000000 0a23d7cf00000000", "byte 8 cannot be read: the magic number is missing"),
        ("0a23d7ce00000080", "byte 0 cannot be read: the flag 4 cannot follow a complete record"),
        ("0a23d7ce00000060", "byte 0 cannot be read: the flag 3 cannot follow a complete record"),
        ("0a23d7ce00000020 0a23d7ce00000000", "byte 8 cannot be read: the flag 0 cannot follow the first part of one"),
        ("0a23d7ce00000000 0a23d7ce00000020", "byte 8 cannot be read: the record is split, and its last part is missing"),
        ("0a23d7ce00000000 0a23", "byte 8 cannot be read: the file ends inside a header"),
        ("0a23d7ce05000000 68656c6c6f", "byte 0 cannot be read: the record is of 5 bytes, and the file ends before"),
    ],
)
def test_damage_is_named_with_its_offset(file, says):
    with pytest.raises(SourceError, match=says):
        list(records(io.BytesIO(bytes.fromhex(file))))


@given(adversarial, st.integers(0, 63))
def test_a_flipped_bit_of_a_header_is_refused_or_changes_no_other_record(payload, bit):
    content = bytearray(written(payload, b"second"))
    content[bit // 8] ^= 1 << bit % 8
    try:
        found = list(records(io.BytesIO(content)))
    except SourceError as error:
        assert "the record at byte " in str(error)
    else:
        assert found[-1] == b"second"


def test_any_padding_is_read():
    assert list(records(io.BytesIO(bytes.fromhex("0a23d7ce 01000000 7a ffffff")))) == [b"z"]


def test_an_index_of_any_keys():
    payloads = [b"hello", b"abcd" + M + b"ef", b""]
    content, begins = written(*payloads), write_records(payloads, io.BytesIO())
    text = index_text(dict(zip([5, 1000, 22], begins, strict=True)))
    assert (text, len(content)) == ("5\t0\n1000\t16\n22\t40\n", 48)
    assert {k: next(records(io.BytesIO(content[at:]))) for k, at in read_index(text).items()} == {5: b"hello", 1000: payloads[1], 22: b""}
    check_index(read_index(text), io.BytesIO(content))


@pytest.mark.parametrize("text", ["5", "5\t0\t1", "a\t0", "-1\t0", "5\t0\n5\t16", "٣\t0"])
def test_a_damaged_index_is_refused_with_its_line(text):
    with pytest.raises(SourceError, match=r"a\.idx:[12]: .*\[bad-index\]"):
        read_index(text, "a.idx")


def test_an_index_of_another_file_is_refused():
    content = written(b"hello", b"abcd")
    with pytest.raises(SourceError, match=r"key 7: no record begins at byte 8"):
        check_index({7: 8}, io.BytesIO(content))
    with pytest.raises(SourceError, match="1 of 2 records are not in it"):
        check_index({7: 16}, io.BytesIO(content))


@given(st.lists(adversarial, max_size=5), st.data(), st.integers(1, 30))
def test_views_are_the_records_whole_damaged_or_cut(payloads, data, at_once):
    content = bytearray(written(*payloads))
    if content and data.draw(st.booleans()):
        content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content))) :]

    def outcome(read):
        found = []
        try:
            found.extend(bytes(payload) for payload in read(io.BytesIO(content)))
        except SourceError as error:
            found.append(str(error))
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recordio, "READ", at_once)
        assert outcome(recordio.views) == outcome(records)
