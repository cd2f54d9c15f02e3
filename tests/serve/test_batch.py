"""Files go through the pipeline in batches of whole records: the answers are those of requests, in order, all or none for a file."""

import csv
import gzip
import io
import json
import time
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.serve.conftest import TABLE
from tilth.cli.app import run
from tilth.errors import RequestError
from tilth.formats import recordio, tfrecord
from tilth.serve import batching
from tilth.serve.batching import Sending, transformed
from tilth.serve.bodies.rows import Columns
from tilth.serve.paths import Path as Filter
from tilth.serve.pipeline import Pipeline
from tilth.serve.predictions import ModelFailed
from tilth.serve.processing import Processing
from tilth.serve.sources import Source
from tilth.store.places import atomic, copies
from tilth.web.client import EndpointFailed

ROWS = TABLE.to_pylist()
HEADER = "no,email,age,job\n"
CSV = "".join(f"{row['no']},{row['email']},{row['age'] or ''},{row['job'] or ''}\n" for row in ROWS)
LINES = "".join(f"{json.dumps(row)}\n" for row in ROWS)
KIB = 1 / 1024


@pytest.fixture(scope="module")
def pipeline(served):
    """Preparation, model and softmax."""
    return Pipeline.of(str(served / "people.tilth"), str(served / "model.skops"), output=["softmax"])


class Counting(Pipeline):
    """Notes the bodies that are sent."""

    def __init__(self, made):
        super().__init__(made.stages)
        self.bodies = []

    def predicted(self, body, content_type):
        self.bodies.append(body)
        return super().predicted(body, content_type)


@pytest.mark.parametrize("split", ["line", "none"])
@pytest.mark.parametrize("assemble", ["line", "none"])
@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("concurrency", [1, 3])
@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_answers_are_those_of_requests(pipeline, tmp_path, split, assemble, single, concurrency, suffix):
    kind, text = {"csv": ("text/csv", CSV), "jsonl": ("application/jsonlines", LINES)}[suffix]
    (tmp_path / f"people.{suffix}").write_text(text)
    counting = Counting(pipeline)
    sending = Sending(split=split, assemble=assemble, single=single, concurrency=concurrency, largest=KIB if split == "line" else 6)
    (found,) = transformed(counting, [str(tmp_path / f"people.{suffix}")], str(tmp_path / "out"), sending)
    assert (tmp_path / "out" / f"people.{suffix}.out").read_bytes() == pipeline.answer(text.encode(), kind, kind).body
    sent = b"".join(sorted(counting.bodies, key=text.encode().index)).decode()
    assert sent == text
    if split == "none":
        assert (len(counting.bodies), found.records) == (1, 1)
        return
    assert found.records == len(ROWS)
    if single:
        assert len(counting.bodies) == len(ROWS)
    else:  # as many as fit: no body has room for the first record of the next
        bodies = sorted(counting.bodies, key=text.encode().index)
        nexts = [body.split(b"\n")[0] + b"\n" for body in bodies[1:]]
        assert all(len(body) <= 1024 < len(body) + len(after) for body, after in zip(bodies, nexts, strict=False))


def test_records_of_csv(pipeline, tmp_path):
    """A header is sent with each batch, a line end in quotes is no record's end, empty lines are none, and a byte is not a character."""
    text = "\ufeff" + HEADER + '1,a,30,"Ärztin"\r\n\n2,"two\nlines",,cook\n3,c,50,clerk'
    with gzip.open(tmp_path / "people.csv.gz", "wb") as file:
        file.write(text.encode())
    counting = Counting(pipeline)
    room = len(("\ufeff" + HEADER + '2,"two\nlines",,cook\n').encode())
    sending = Sending(largest=room / 2**20)
    (found,) = transformed(counting, [str(tmp_path / "people.csv.gz")], str(tmp_path / "out"), sending)
    assert (found.records, found.refusals) == (3, [])
    assert len(counting.bodies) == 3
    assert all(body.startswith(("\ufeff" + HEADER).encode()) for body in counting.bodies)
    assert (tmp_path / "out" / "people.csv.gz.out").read_bytes() == pipeline.answer(text.encode(), "text/csv", "text/csv").body


class Identity:
    """A stage that answers the row."""

    title, takes, gives = "identity", Columns(("first", "second")), ("first", "second")

    def __call__(self, rows):
        return list(rows)


CELLS = st.text(st.sampled_from('ab",\n\r ä'), max_size=6)


@pytest.mark.slow
@given(st.lists(st.tuples(CELLS, CELLS), min_size=1), st.sampled_from(["\n", "\r\n"]), st.integers(1, 3))
def test_any_csv_in_batches_is_the_csv_as_a_whole(tmp_path_factory, rows, end, concurrency):
    folder, identity = tmp_path_factory.getbasetemp() / "any", Pipeline([Identity()])
    folder.mkdir(exist_ok=True)
    text = "".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) + end for row in rows).encode()
    (folder / "a.csv").write_bytes(text)
    sending = Sending(largest=64 / 2**20, concurrency=concurrency)
    (found,) = transformed(identity, [str(folder / "a.csv")], str(folder / "out"), sending)
    whole = identity.answer(text, "text/csv", "text/csv")
    assert (whole.status, found.records) == (200, len(rows))
    assert (folder / "out" / "a.csv.out").read_bytes() == whole.body
    assert list(csv.reader(io.StringIO(whole.body.decode(), newline=""))) == list(map(list, rows))


def test_one_refused_record(served, tmp_path, capsys):
    """Every wrong record is named by its line, the file has no answers, and the others have theirs."""
    data = tmp_path / "data"
    (data / "deep").mkdir(parents=True)
    (data / "good.csv").write_text(CSV)
    (data / "deep" / "bad.csv").write_text(HEADER + "1,a,30,cook\n2,b,old,cook\n3,c\n4,d,50,cook\n5,e,six,clerk\n")
    (data / "notes.txt").write_text("no data")
    out = tmp_path / "out"
    words = ["batch", str(served / "people.tilth"), str(served / "model.skops"), str(data), "-o", str(out), "--accept", "application/jsonl"]
    assert run(words) == 1
    assert {p.relative_to(out).as_posix() for p in out.rglob("*.out*")} == {"good.csv.out", "deep/bad.csv.out.errors.jsonl"}
    assert len((out / "good.csv.out").read_text().splitlines()) == len(ROWS)
    refusals = [json.loads(line) for line in (out / "deep" / "bad.csv.out.errors.jsonl").read_text().splitlines()]
    assert [(r["file"], r["line"], r.get("field"), r["code"]) for r in refusals] == [
        ("deep/bad.csv", 3, "age", "unreadable"),
        ("deep/bad.csv", 4, None, "wrong-width"),
        ("deep/bad.csv", 6, "age", "unreadable"),
    ]
    said = capsys.readouterr().err
    assert "deep/bad.csv, line 3, column 'age': column 'age' is integer" in said
    assert f"{len(ROWS)} records of 1 of 2 files answered" in said
    (data / "deep" / "bad.csv").write_text(HEADER + "1,a,30,cook\n")  # mended: nothing of the last run is left
    assert run(words) == 0
    assert {p.name for p in out.rglob("*.out*")} == {"good.csv.out", "bad.csv.out"}


@pytest.mark.parametrize("concurrency", [1, 2])
def test_a_record_above_the_limit(pipeline, tmp_path, concurrency):
    """No empty request before it; the records before it are told, too."""
    (tmp_path / "a.jsonl").write_text('{"age": "x", "job": "cook"}\n' + json.dumps({"age": 30, "job": "c" * 2000}) + "\n")
    counting = Counting(pipeline)
    sending = Sending(largest=KIB, concurrency=concurrency)
    (found,) = transformed(counting, [str(tmp_path / "a.jsonl")], str(tmp_path / "out"), sending)
    assert [(r["line"], r["code"]) for r in found.refusals] == [(1, "unreadable"), (2, "too-large")]
    assert counting.bodies == [b'{"age": "x", "job": "cook"}\n']
    (whole,) = transformed(counting, [str(tmp_path / "a.jsonl")], str(tmp_path / "out"), Sending(split="none", largest=KIB))
    assert [(r["line"], r["code"]) for r in whole.refusals] == [(1, "too-large")]


@pytest.mark.parametrize("concurrency", [1, 2])
def test_only_so_many_refusals(pipeline, tmp_path, monkeypatch, concurrency):
    monkeypatch.setattr(batching, "MOST_REFUSED", 3)
    (tmp_path / "a.csv").write_text("1,a,old,cook\n" * 100)
    counting = Counting(pipeline)
    sending = Sending(largest=KIB, concurrency=concurrency)
    (found,) = transformed(counting, [str(tmp_path / "a.csv")], str(tmp_path / "out"), sending)
    assert [r["line"] for r in found.refusals] == [1, 2, 3]
    assert len(counting.bodies) < 50


def test_records_that_are_not_one_row_each(pipeline, tmp_path):
    """A quote in the middle of a value hides line ends: told, and never answers in the wrong line."""
    (tmp_path / "a.csv").write_text('1,5" pipe,30,cook\n2,b,40,cook\n3,6" pipe,50,cook\n4,d,60,cook\n')
    (found,) = transformed(pipeline, [str(tmp_path / "a.csv")], str(tmp_path / "out"), Sending())
    assert [(r["line"], r["code"], r["message"]) for r in found.refusals] == [(1, "record-count", "1 record gives 3 rows")]
    (tmp_path / "a.csv").write_text("age,age,job\n1,2,cook\n")
    (found,) = transformed(pipeline, [str(tmp_path / "a.csv")], str(tmp_path / "out"), Sending())
    assert [(r["line"], r["message"]) for r in found.refusals] == [(1, "the header names a column twice")]


def test_a_refusal_says_what_to_do(pipeline, tmp_path):
    """Also where a filter refuses the record, and where a model does."""
    (tmp_path / "a.jsonl").write_text('{"row": {"age": 30, "job": "cook", "n": NaN}}\n')
    filtered = Sending(processing=Processing(Filter.parse("$.row")))
    (found,) = transformed(pipeline, [str(tmp_path / "a.jsonl")], str(tmp_path / "out"), filtered)
    assert [(r["line"], r["code"], r["hint"]) for r in found.refusals] == [(1, "bad-json", "write null for a missing value")]
    failed = ModelFailed("it failed", code="model-failed", hint="try again", accepted="more memory")
    (told,) = batching._refusals(failed, "record", 7)
    assert told == {"record": 7, "code": "model-failed", "message": "it failed", "accepted": "more memory", "hint": "try again"}


def test_whole_files(pipeline, tmp_path):
    (tmp_path / "a.json").write_text(json.dumps({"instances": ROWS}))
    transformed(pipeline, [str(tmp_path / "a.json")], str(tmp_path / "out"), Sending())
    assert len(json.loads((tmp_path / "out" / "a.json.out").read_text())["predictions"]) == len(ROWS)
    transformed(pipeline, [str(tmp_path / "a.json")], str(tmp_path / "out"), Sending(accept="application/x-npy"))
    assert (tmp_path / "out" / "a.json.out").read_bytes().startswith(b"\x93NUMPY")


def test_a_stage_that_fails_leaves_the_old_answers(pipeline, tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_text(CSV)
    place = [str(tmp_path / "a.csv")]
    transformed(pipeline, place, str(tmp_path / "out"), Sending())
    before = (tmp_path / "out" / "a.csv.out").read_bytes()

    def absent(body, content_type):
        raise EndpointFailed("http://127.0.0.1:9 does not answer", code="endpoint-absent")

    monkeypatch.setattr(pipeline, "predicted", absent, raising=False)
    with pytest.raises(EndpointFailed, match=r"a\.csv:1: http"):
        transformed(pipeline, place, str(tmp_path / "out"), Sending(concurrency=2))
    assert (tmp_path / "out" / "a.csv.out").read_bytes() == before


REFUSED = [
    ({"accept": "application/x-recordio-protobuf", "assemble": "line"}, "would corrupt"),
    ({"split": "recordio"}, "cannot be read several at a time"),
    ({"content_type": "application/json", "split": "line"}, "no record in each line"),
    ({"accept": "application/x-npy"}, "cannot be joined"),
    ({"accept": "application/x-npy", "split": "none", "assemble": "line"}, "would corrupt"),
    ({"content_type": "text/csv; charset=utf-16"}, "are not split by line"),
    ({"content_type": "text/plain"}, "the content type is 'text/plain'"),
    ({"accept": "image/png"}, "answers cannot be"),
]


@pytest.mark.parametrize(("options", "words"), REFUSED)
def test_what_cannot_be_sent(pipeline, tmp_path, options, words):
    (tmp_path / "a.csv").write_text(CSV)
    with pytest.raises(RequestError, match=words):
        transformed(pipeline, [str(tmp_path / "a.csv")], str(tmp_path / "out"), Sending(**options))
    assert not (tmp_path / "out").exists()


def test_wrong_requests(served, pipeline, tmp_path, capsys):
    (tmp_path / "a").mkdir()
    for place in (tmp_path / "a.csv", tmp_path / "a" / "a.csv"):
        place.write_text(CSV)
    with pytest.raises(RequestError, match=r"would both be written as a\.csv\.out"):
        transformed(pipeline, [str(tmp_path / "a.csv"), str(tmp_path / "a")], str(tmp_path / "out"), Sending())
    assert run(["batch", str(tmp_path / "a.csv"), "-o", str(tmp_path / "out")]) == 2
    assert run(["batch", str(served / "people.tilth"), "-o", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert "no fitted flow or model is named" in said
    assert "no data are named" in said


@pytest.mark.slow
def test_a_damaged_file_is_refused_alone(pipeline, tmp_path):
    """Cut off or not packed at all, in lines and in frames: the record is named from which on it cannot be read, and other files go on."""
    data, out = tmp_path / "data", tmp_path / "out"
    data.mkdir()
    packed = gzip.compress(CSV.encode() * 500, mtime=0)
    framed = recordio.framed(b"age") * 2
    contents = {"a.csv": CSV.encode(), "cut.csv.gz": packed[:-20], "no.csv.gz": CSV.encode(), "b.pbr": framed + b"\0" + framed}
    for name, content in contents.items():
        (data / name).write_bytes(content)
    found = {one.file: one.refusals for one in transformed(pipeline, [str(data)], str(out), Sending(accept="text/csv"))}
    assert [name for name, refusals in found.items() if not refusals] == ["a.csv"]
    assert found["cut.csv.gz"][-1]["code"] == found["no.csv.gz"][-1]["code"] == "not-readable"
    assert found["cut.csv.gz"][-1]["line"] > 1000
    assert [(r["record"], r["code"]) for r in found["b.pbr"]] == [(1, "bad-recordio"), (2, "bad-recordio"), (3, "not-readable")]
    assert "at byte 24 cannot be read" in found["b.pbr"][-1]["message"]


def test_a_bad_record_in_frames(tmp_path):
    """It is named by its number, in batches of one record and of several."""
    batch = pa.record_batch({"first": [[1], [2], [3]], "second": [["a"], ["b"], ["c"]]})
    good = list(tfrecord.payloads_of(batch))
    (tmp_path / "a.tfrecord").write_bytes(b"".join(map(tfrecord.framed, [good[0], b"\xff\xff", good[1], tfrecord_of(other=1), good[2]])))
    for single in (False, True):
        (found,) = transformed(Pipeline([Identity()]), [str(tmp_path / "a.tfrecord")], str(tmp_path / "out"), Sending(single=single))
        assert [(r["record"], r["code"]) for r in found.refusals] == [(2, "bad-tfexample"), (4, "bad-tfexample")]


def tfrecord_of(**values):
    return next(tfrecord.payloads_of(pa.record_batch({name: [value] for name, value in values.items()})))


@pytest.mark.slow
def test_records_of_any_size(pipeline, tmp_path):
    """A limit of 0 takes a record that no batch has room for, alone, and others in batches as ever; whole files, too."""
    file = str(tmp_path / "a.jsonl")
    Path(file).write_text("".join(json.dumps({"age": 30, "job": job}) + "\n" for job in ("cook", "x" * 7 * 2**20, "cook")))
    (refused,) = transformed(pipeline, [file], str(tmp_path / "out"), Sending())
    assert [(r["line"], r["code"]) for r in refused.refusals] == [(2, "too-large")]
    for split, requests in (("line", 3), ("none", 1)):
        counting = Counting(pipeline)
        (found,) = transformed(counting, [file], str(tmp_path / "out"), Sending(largest=0, split=split))
        assert (found.refusals, len(counting.bodies)) == ([], requests)
        assert len((tmp_path / "out" / "a.jsonl.out").read_text().splitlines()) == 3


def test_an_open_quote_takes_no_time(pipeline, tmp_path):
    """Of a record that goes on for 100,000 lines each is looked at once."""
    (tmp_path / "a.csv").write_text('1,a,30,"cook\n' + "2,b,40,cook\n" * 100_000)
    (found,) = transformed(pipeline, [str(tmp_path / "a.csv")], str(tmp_path / "out"), Sending(largest=1))
    assert [(r["line"], r["code"]) for r in found.refusals] == [(1, "too-large")]


class Slow(Identity):
    """A stage that answers later ones earlier."""

    def __call__(self, rows):
        time.sleep(0.002 * (1 + int(rows[0]["first"]) % 8 != 1))
        return list(rows)


def test_the_order_of_eight_at_the_same_time(tmp_path):
    text = "".join(f"{i},x\n" for i in range(64))
    (tmp_path / "a.csv").write_text(text)
    transformed(Pipeline([Slow()]), [str(tmp_path / "a.csv")], str(tmp_path / "out"), Sending(single=True, concurrency=8))
    assert (tmp_path / "out" / "a.csv.out").read_text() == text


def test_names_of_answers(tmp_path, monkeypatch):
    """Paths below the folder, below what of a pattern is a name, or below the folder of a manifest's prefix."""
    monkeypatch.chdir(tmp_path)
    for name in ("in/a.csv", "in/x/b.csv", "in/y/b.csv", "in/list/part-1.csv", "in/list/part-2.csv"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text("1,2\n")
    Path("in/some.manifest").write_text('[{"prefix": "list/part"}, "-1.csv", "-2.csv", "-2.csv"]')

    def answered(*places, **options):
        found = transformed(Pipeline([Identity()]), list(places), "out", Sending(), **options)
        assert {p.relative_to("out").as_posix() for p in Path("out").rglob("*.out")} == {f"{one.file}.out" for one in found}
        return [one.file for one in found]

    assert answered("in/a.csv", "in/x", "in/*/part-1.csv") == ["a.csv", "b.csv", "list/part-1.csv"]
    assert answered("in/*/b.csv") == ["x/b.csv", "y/b.csv"]
    with pytest.warns(UserWarning, match="more than once"):
        assert answered("in/some.manifest") == ["part-1.csv", "part-2.csv"]
    dealt = [answered("in", instance=(k, 3)) for k in (1, 2, 3)]
    assert dealt == [["a.csv", "x/b.csv"], ["list/part-1.csv", "y/b.csv"], ["list/part-2.csv"]]


def test_compression_that_the_name_does_not_tell(pipeline, tmp_path):
    (tmp_path / "a.csv").write_bytes(gzip.compress(CSV.encode()))
    transformed(pipeline, [str(tmp_path / "a.csv")], str(tmp_path / "out"), Sending(compression="gzip"))
    assert (tmp_path / "out" / "a.csv.out").read_bytes() == pipeline.answer(CSV.encode(), "text/csv", "text/csv").body
    (tmp_path / "b.csv.gz").write_text(CSV)
    (found,) = transformed(pipeline, [str(tmp_path / "b.csv.gz")], str(tmp_path / "out"), Sending(compression="none"))
    assert (found.refusals, found.records) == ([], len(ROWS))


@pytest.mark.slow
def test_objects_in_s3(served, pipeline, s3):
    """An object, a prefix with one below it, and a pattern; answers under the same keys. Stages may be objects, too."""
    for stage in ("people.tilth", "model.skops"):
        with atomic(f"{s3}/{stage}") as new:
            new.write_bytes((served / stage).read_bytes())
    assert Pipeline.of(f"{s3}/people.tilth", f"{s3}/model.skops", output=["softmax"]).digest == pipeline.digest
    for name in ("in/a.csv", "in/deep/b.csv"):
        with atomic(f"{s3}/{name}") as new:
            new.write_text(CSV)
    expected = pipeline.answer(CSV.encode(), "text/csv", "text/csv").body
    for place, names in (("in/a.csv", ["a.csv"]), ("in", ["a.csv", "deep/b.csv"]), ("in/*.csv", ["a.csv"])):
        found = transformed(pipeline, [f"{s3}/{place}"], f"{s3}/out", Sending())
        assert [one.file for one in found] == names
        held = copies(f"{s3}/out")
        assert {p.relative_to(held.path).as_posix(): p.read_bytes() for p in Path(held.path).rglob("*.out")} == {
            f"{name}.out": expected for name in names
        }
    found = transformed(pipeline, [Source(f"{s3}/in/d", "prefix"), Source(f"{s3}/in/a", "prefix")], f"{s3}/out", Sending())
    assert [one.file for one in found] == ["a.csv", "deep/b.csv"]
    with atomic(f"{s3}/some.manifest") as new:
        new.write_text(json.dumps([{"prefix": f"{s3}/in/"}, "deep/b.csv"]))
    assert [one.file for one in transformed(pipeline, [f"{s3}/some.manifest"], f"{s3}/out", Sending())] == ["deep/b.csv"]
