"""What is written on the command line becomes channels, hyperparameters and times, or an error that says what would be accepted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tilth.errors import RequestError, TilthError
from tilth.formats.shards import Contents, Manifest
from tilth.training.channel import Channel
from tilth.training.hyperparameters import strings
from tilth.training.written import channels_of, delivered_type, hyperparameters_of, seconds_of


def test_a_channel_has_every_option() -> None:
    options = "mode=pipe,content_type=text/csv;label_size=1,wrapper=recordio,compression=gzip"
    options += ",distribution=shardedbys3key,balance=bytes,shuffle=-7"
    found = channels_of(
        [f"train=out/a, b,{options},ensure_newline=False", "pairs=m.jsonl,data=augmentedmanifestfile,mode=Pipe,attributes=a-ref+b"]
    )
    assert found == (
        Channel(
            "train",
            "out/a, b",
            mode="Pipe",
            content_type="text/csv;label_size=1",
            wrapper="RecordIO",
            compression="Gzip",
            distribution="ShardedByS3Key",
            balance="bytes",
            seed=-7,
            ensure_newline=False,
        ),
        Channel("pairs", "m.jsonl", mode="Pipe", data="AugmentedManifestFile", attributes=("a-ref", "b")),
    )


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("out/train", "accepted: NAME=PLACE"),
        ("train=out,shufle=7", "did you mean 'shuffle'?"),
        ("train=out,shuffle=x", "accepted: an integer, the seed"),
        ("train=out,ensure_newline=1", "accepted: true or false"),
        ("train=out,mode=fastfil", "did you mean 'FastFile'?"),
        ("a b=out", "accepted: 1 to 64 of A-Z a-z 0-9"),
        ("train=", "accepted: a folder, a file, or s3://bucket/prefix"),
    ],
)
def test_what_is_not_a_channel_says_what_is(written: str, said: str) -> None:
    with pytest.raises(RequestError) as error:
        channels_of([written, "nothing"])
    assert said in str(error.value)
    assert "'nothing' is not a channel" in str(error.value)  # all mistakes at once


@pytest.mark.parametrize(
    ("manifest", "names", "found"),
    [
        (Manifest("sagemaker_csv", (), Contents((), media_type="text/csv;label_size=1")), ["a.csv"], "text/csv;label_size=1"),
        (Manifest("parquet", ()), ["a.parquet"], "application/x-parquet"),
        (Manifest("webdataset", ()), ["a.tar"], None),
        (None, ["_tilth.json", "_schema.json", "a.parquet", "b.parquet"], "application/x-parquet"),
        (None, ["_tilth.json", "a.jsonl.gz"], "application/jsonlines"),
        (None, ["_tilth.json", "a.csv", "b.parquet"], None),
        (None, ["a.parquet"], None),  # of anybody else
    ],
)
def test_what_tilth_delivered_has_its_type(manifest: Manifest | None, names: list[str], found: str | None, tmp_path: Path) -> None:
    for name in names:
        (tmp_path / name).write_text("")
    if manifest is not None:
        manifest.write(tmp_path)
    assert delivered_type(tmp_path) == found
    assert channels_of([f"train={tmp_path}"])[0].content_type == found
    assert channels_of([f"train={tmp_path},content_type=a/b"])[0].content_type == "a/b"


@pytest.mark.parametrize(
    "text", ['{"depth": 6, "kernel": "rbf", "layers": [64, 32], "code": "007"}', "depth: 6\nkernel: rbf\nlayers: [64, 32]\ncode: '007'\n"]
)
def test_hyperparameters_come_from_a_file_and_from_words(text: str, tmp_path: Path) -> None:
    file = tmp_path / "hyperparameters"
    file.write_text(text)
    found = strings(hyperparameters_of(["depth=7", "depth=8", "url=a=b", "none="], file))
    assert found == {"depth": "8", "kernel": "rbf", "layers": "[64, 32]", "code": "007", "url": "a=b", "none": ""}


def test_wrong_hyperparameters_are_named(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"'depth' is not a hyperparameter(.|\n)*'x' is not"):
        hyperparameters_of(["depth", "x"])
    file = tmp_path / "hyperparameters.yaml"
    for text in ("- a\n", "a: 1\na: 2\n", "a: ["):
        file.write_text(text)
        with pytest.raises(TilthError, match=r"hyperparameters\.yaml"):
            hyperparameters_of([], file)
    with pytest.raises(RequestError, match="'' is not the name of a hyperparameter"):
        strings({"": 1})
    with pytest.raises(RequestError, match="101 hyperparameters are given"):
        strings({str(i): i for i in range(101)})


def test_times_have_units() -> None:
    assert [seconds_of(t) for t in ("90", "90s", "30m", "2H", "1d", "0.5s")] == [90, 90, 1_800, 7_200, 86_400, 0.5]
    for wrong in ("", "0", "-1", "2 weeks", "1h30m"):
        with pytest.raises(RequestError, match="is not a time limit"):
            seconds_of(wrong)
