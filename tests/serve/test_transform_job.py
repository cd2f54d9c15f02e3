"""A transform job of SageMaker as options of `tilth batch`: its words, its limits, what wins, and what stages see."""

import copy
import json
import os

import pytest

from tests.serve.test_batch import CSV
from tilth.cli.app import run
from tilth.errors import RequestError
from tilth.serve import batch_command
from tilth.serve.paths import Path
from tilth.serve.processing import Processing
from tilth.serve.sources import Source
from tilth.serve.transform_job import TransformJob
from tilth.web.client import Patience

JOB = {
    "TransformJobName": "loans-january",
    "ModelName": "loans",
    "MaxConcurrentTransforms": 4,
    "ModelClientConfig": {"InvocationsTimeoutInSeconds": 120, "InvocationsMaxRetries": 0},
    "MaxPayloadInMB": 5,
    "BatchStrategy": "SingleRecord",
    "Environment": {"REGION": "north"},
    "TransformInput": {
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/january"}},
        "ContentType": "text/csv",
        "CompressionType": "Gzip",
        "SplitType": "Line",
    },
    "TransformOutput": {"S3OutputPath": "s3://bucket/scores", "Accept": "text/csv", "AssembleWith": "Line", "KmsKeyId": "alias/loans"},
    "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    "DataProcessing": {"InputFilter": "$[1:4]", "OutputFilter": "$[0,-1]", "JoinSource": "Input"},
}
SEEN = ("SAGEMAKER_BATCH", "SAGEMAKER_BATCH_STRATEGY", "SAGEMAKER_MAX_PAYLOAD_IN_MB", "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS", "REGION")


@pytest.fixture
def asked(served, tmp_path, monkeypatch):
    """`asked(job, *words)`: what `tilth batch` makes of a job, and of further words: places, output, sending, patience, environment."""

    def ask(job, *words):
        found = []

        def spy(pipeline, places, out, sending, told, instance):
            patience = getattr(pipeline.stages[-1], "patience", None)
            found.append((places, out, sending, patience, {name: os.environ[name] for name in SEEN if name in os.environ}))
            return []

        monkeypatch.setattr(batch_command, "transformed", spy)
        (tmp_path / "job.json").write_text(json.dumps(job))
        words = [str(served / "people.tilth"), "http://127.0.0.1:1", *words]
        assert run(["batch", *words, "--job", str(tmp_path / "job.json")]) == 0
        return found[0]

    return ask


@pytest.mark.filterwarnings("always")
def test_a_job_says_everything_but_the_stages(asked, capsys):
    places, out, sending, patience, seen = asked(JOB)
    assert (places, out) == ([Source("s3://bucket/january", "prefix")], "s3://bucket/scores")
    assert (sending.content_type, sending.accept, sending.split, sending.assemble, sending.compression) == (
        *("text/csv", "text/csv"),
        *("line", "line", "gzip"),
    )
    assert (sending.single, sending.largest, sending.concurrency, patience) == (True, 5, 4, Patience(120, 0))
    assert sending.processing == Processing(Path.parse("$[1:4]"), Path.parse("$[0,-1]"), True)
    assert seen == dict(zip(SEEN, ("true", "SINGLE_RECORD", "5", "4", "north"), strict=True))
    assert not any(name in os.environ for name in SEEN)
    warnings = [line for line in capsys.readouterr().err.splitlines() if line.startswith("warning")]
    assert len(warnings) == 2
    assert warnings[0].startswith("warning: $[1:4]: the end of a range is left out here")
    assert "not encrypted" in warnings[1]


def test_words_win_and_what_the_job_leaves_out_is_as_in_sagemaker(asked, tmp_path):
    """SplitType and AssembleWith are None where they are absent, though the content type is CSV; and nothing asked is nothing seen."""
    (tmp_path / "a.csv").write_text(CSV)
    job = {k: JOB[k] for k in ("TransformJobName", "ModelName", "TransformResources")}
    job |= {
        "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "ManifestFile", "S3Uri": "s3://bucket/list"}}},
        "TransformOutput": {"S3OutputPath": "s3://bucket/scores"},
    }
    places, out, sending, patience, seen = asked(job)
    assert places == [Source("s3://bucket/list", "manifest")]
    assert (sending.split, sending.assemble, sending.compression, sending.processing) == ("none", "none", "", Processing())
    assert (sending.single, sending.largest, sending.concurrency, patience, seen) == (
        *(None, None, None),
        *(Patience(600, 3), {"SAGEMAKER_BATCH": "true"}),
    )
    words = ["--split", "line", "--max-payload", "0", "--no-join", "--retries", "1", "--slice-end", "inclusive"]
    places, out, sending, patience, seen = asked(JOB, str(tmp_path / "a.csv"), "-o", str(tmp_path / "out"), *words)
    assert (places, out) == ([Source(str(tmp_path / "a.csv"))], str(tmp_path / "out"))
    assert (sending.split, sending.largest, sending.processing.join, patience) == ("line", 0, False, Patience(120, 1))
    assert sending.processing.before == Path.parse("$[1:4]", inclusive=True)
    assert seen["SAGEMAKER_MAX_PAYLOAD_IN_MB"] == "0"


def test_all_mistakes_of_a_job_at_once(tmp_path):
    job = copy.deepcopy(JOB)
    job |= {"MaxPayloadInMB": 101, "BatchStrategy": "Multi", "Environment": {str(i): "" for i in range(17)}, "Priority": 1}
    job["TransformInput"]["DataSource"]["S3DataSource"] = {"S3DataType": "AugmentedManifestFile", "S3Uri": "https://bucket"}
    job["TransformInput"]["SplitTypes"] = job["TransformInput"].pop("SplitType")
    job["ModelClientConfig"] = {"InvocationsTimeoutInSeconds": 0, "InvocationsMaxRetries": 4}
    job["DataProcessing"] = {"InputFilter": "$..a", "OutputFilter": "$" + ".a" * 32, "JoinSource": "Output"}
    del job["TransformOutput"]["S3OutputPath"]
    (tmp_path / "job.json").write_text(json.dumps(job))
    with pytest.raises(RequestError) as error:
        TransformJob.load(tmp_path / "job.json")
    named = {mistake.message.split(":")[0] for mistake in error.value.mistakes}
    assert named >= {
        "TransformInput.DataSource.S3DataSource.S3DataType",
        "TransformInput.DataSource.S3DataSource.S3Uri",
        "TransformInput.SplitTypes",
        "TransformOutput.S3OutputPath",
        "BatchStrategy",
        "MaxPayloadInMB",
        "ModelClientConfig.InvocationsTimeoutInSeconds",
        "ModelClientConfig.InvocationsMaxRetries",
        "DataProcessing.InputFilter",
        "DataProcessing.OutputFilter",
        "DataProcessing.JoinSource",
        "Priority",
    }
    assert "did you mean 'SplitType'" in str(error.value)
    assert "[1:4], [*]; it is not understood from character 2 on" in str(error.value)
    (tmp_path / "job.json").write_text(json.dumps({**JOB, "MaxPayloadInMB": 30}))
    with pytest.raises(RequestError, match="MaxPayloadInMB × MaxConcurrentTransforms of up to 100"):
        TransformJob.load(tmp_path / "job.json")


def test_a_description_of_a_job_is_read(tmp_path):
    described = {**JOB, "TransformJobArn": "arn:aws:…", "TransformJobStatus": "Completed", "CreationTime": "2026-11-01T00:00:00Z"}
    (tmp_path / "job.json").write_text(json.dumps(described))
    assert TransformJob.load(tmp_path / "job.json").options["max_payload"] == 5


def test_strict_refuses_what_sagemaker_would(served, tmp_path, capsys):
    (tmp_path / "a.csv").write_text("1,30,cook\n")
    words = ["batch", str(served / "people.tilth"), str(tmp_path / "a.csv"), "-o", str(tmp_path / "out"), "--concurrency", "17"]
    filters = ["--input-filter", "$[0,1:]", "--output-filter", "$[" + "0," * 31 + "0]"]
    assert run([*words, *filters, "--strict"]) == 2
    said = capsys.readouterr().err
    for wrong in (
        "--input-filter $[0,1:] has a range among several",
        "--output-filter has 66 characters",
        "--max-payload × --concurrency is more than 100 MiB",
    ):
        assert wrong in said
    assert run([*words[:-1], "1", "--strict", "--input-filter", "$[0,0,1,2]"]) == 0


def test_words_that_are_missing(served, tmp_path, capsys):
    assert run(["batch", str(served / "people.tilth"), str(tmp_path)]) == 2
    assert run(["batch", str(served / "people.tilth"), str(tmp_path), "-o", str(tmp_path), "--instance", "3/2"]) == 2
    said = capsys.readouterr().err
    assert "there is no place for the answers" in said
    assert "'3/2' is not one of several runs" in said
