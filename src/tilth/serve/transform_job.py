"""Converts a SageMaker transform job, as in `CreateTransformJob` and `DescribeTransformJob`, to options of `tilth batch`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from tilth.aws.configuration import Part, configuration
from tilth.errors import Mistake, RequestError, warn
from tilth.serve.batching import LARGEST
from tilth.serve.paths import Path
from tilth.serve.sources import Source
from tilth.validation import validated

MOST_CHARACTERS = 63  # in a filter
MOST_MIB = 100  # in all batches that are answered at the same time


def _filter(text: str) -> str:
    try:
        Path.parse(text)
    except RequestError as error:
        found = error.mistakes[0]
        at = found.place.column if found.place else 1
        raise ValueError(f"{found.accepted}; it is not understood from character {at} on") from None
    return text


Filter = Annotated[str, Field(max_length=MOST_CHARACTERS), AfterValidator(_filter)]
Variable = Annotated[str, Field(pattern="^[a-zA-Z_][a-zA-Z0-9_]{0,1023}$")]
Bucket = Annotated[str, Field(pattern=r"^s3://[^/]+(/.*)?$", max_length=1024)]


class Objects(Part):
    """Objects by prefix or manifest. An augmented manifest is only for training."""

    S3DataType: Literal["S3Prefix", "ManifestFile"]
    S3Uri: Bucket


class Data(Part):
    """The location of the objects."""

    S3DataSource: Objects


class Sent(Part):
    """`TransformInput`: the data, and how it is read."""

    DataSource: Data
    ContentType: Annotated[str, Field(max_length=256)] = ""
    CompressionType: Literal["None", "Gzip"] = "None"
    SplitType: Literal["None", "Line", "RecordIO", "TFRecord"] = "None"


class Written(Part):
    """`TransformOutput`: where and how answers are written."""

    S3OutputPath: Bucket
    Accept: Annotated[str, Field(max_length=256)] = ""
    AssembleWith: Literal["None", "Line"] = "None"
    KmsKeyId: str = ""


class Client(Part):
    """The time limit of a request, and the number of retries."""

    InvocationsTimeoutInSeconds: Annotated[int, Field(ge=1, le=3600)] | None = None
    InvocationsMaxRetries: Annotated[int, Field(ge=0, le=3)] | None = None


class Processed(Part):
    """The filters, and whether answers are joined with their records."""

    InputFilter: Filter = "$"
    OutputFilter: Filter = "$"
    JoinSource: Literal["None", "Input"] = "None"


class TransformJob(Part):
    """A transform job. The model is a separate file. Keys that only SageMaker can use are accepted and ignored."""

    TransformJobName: str
    ModelName: str
    TransformInput: Sent
    TransformOutput: Written
    BatchStrategy: Literal["SingleRecord", "MultiRecord"] | None = None
    MaxPayloadInMB: Annotated[int, Field(ge=0, le=MOST_MIB)] | None = None
    MaxConcurrentTransforms: Annotated[int, Field(ge=0)] | None = None
    ModelClientConfig: Client = Client()
    DataProcessing: Processed = Processed()
    Environment: Annotated[dict[Variable, str], Field(max_length=16, default_factory=dict)]
    TransformResources: Any = None
    BatchDataCaptureConfig: Any = None
    Tags: Any = None
    ExperimentConfig: Any = None
    # in `DescribeTransformJob`
    TransformJobArn: Any = None
    TransformJobStatus: Any = None
    FailureReason: Any = None
    CreationTime: Any = None
    TransformStartTime: Any = None
    TransformEndTime: Any = None
    LabelingJobArn: Any = None
    AutoMLJobArn: Any = None

    @model_validator(mode="after")
    def _fits(self) -> TransformJob:
        if too_much(self.MaxPayloadInMB, self.MaxConcurrentTransforms):
            raise ValueError(f"MaxPayloadInMB × MaxConcurrentTransforms of up to {MOST_MIB}")
        return self

    @classmethod
    def load(cls, file: str | FilePath) -> TransformJob:
        """The job in a file of JSON. Errors: `RequestError` with every mistake."""
        return validated(cls, configuration(file))

    @property
    def source(self) -> Source:
        """The objects that it reads."""
        given = self.TransformInput.DataSource.S3DataSource
        return Source(given.S3Uri, "prefix" if given.S3DataType == "S3Prefix" else "manifest")

    @property
    def options(self) -> Mapping[str, Any]:
        """The options of `tilth batch` by name; None if the job does not set them."""
        sent, written, done = self.TransformInput, self.TransformOutput, self.DataProcessing
        return {
            "content_type": sent.ContentType,
            "accept": written.Accept,
            "split": sent.SplitType.lower(),
            "assemble": written.AssembleWith.lower(),
            "compression": "gzip" if sent.CompressionType == "Gzip" else None,
            "strategy": {"SingleRecord": "single-record", "MultiRecord": "multi-record", None: None}[self.BatchStrategy],
            "max_payload": self.MaxPayloadInMB,
            "concurrency": self.MaxConcurrentTransforms or None,
            "timeout": self.ModelClientConfig.InvocationsTimeoutInSeconds,
            "retries": self.ModelClientConfig.InvocationsMaxRetries,
            "input_filter": done.InputFilter,
            "output_filter": done.OutputFilter,
            "join": done.JoinSource == "Input",
        }

    def tell(self) -> None:
        """Warn about keys that have another meaning here or no effect."""
        filters = (self.DataProcessing.InputFilter, self.DataProcessing.OutputFilter)
        if bounded := [text for text in filters if Path.parse(text).bounded]:
            warn(
                f"{' and '.join(bounded)}: the end of a range is left out here, as in Python; SageMaker's guide says both: "
                "compare the answers, or give --slice-end"
            )
        if self.TransformOutput.KmsKeyId:
            warn("TransformOutput.KmsKeyId is not used here: answers are not encrypted under that key")
        if self.BatchDataCaptureConfig:
            warn("BatchDataCaptureConfig is not used here: records are not captured")


def too_much(largest: float | None, concurrency: int | None) -> bool:
    """Whether SageMaker refuses batches of this size in MiB with this concurrency."""
    return (LARGEST if largest is None else largest) * (concurrency or 1) > MOST_MIB


def reject_beyond(options: Mapping[str, Any]) -> None:
    """Reject options of `tilth batch` that SageMaker would refuse. Errors: `RequestError` with every mistake."""
    mistakes = list[Mistake]()
    for name in ("input_filter", "output_filter"):
        text, word = options[name] or "$", f"--{name.replace('_', '-')}"
        if len(text) > MOST_CHARACTERS:
            mistakes.append(Mistake(f"{word} has {len(text)} characters", accepted=f"up to {MOST_CHARACTERS}", code="beyond-sagemaker"))
        if Path.parse(text).mixed:
            message = f"{word} {text} has a range among several positions"
            mistakes.append(Mistake(message, accepted="positions, or one range", code="beyond-sagemaker"))
    if too_much(options["max_payload"], options["concurrency"]):
        message = f"--max-payload × --concurrency is more than {MOST_MIB} MiB"
        mistakes.append(Mistake(message, accepted="a smaller --max-payload or --concurrency", code="beyond-sagemaker"))
    RequestError.reject(mistakes)


@contextmanager
def environment(options: Mapping[str, Any], others: Mapping[str, str]) -> Iterator[None]:
    """Set the environment variables that a container has during a transform job: from the options, and `others`."""
    given = {
        "SAGEMAKER_BATCH": "true",
        "SAGEMAKER_BATCH_STRATEGY": (options["strategy"] or "").upper().replace("-", "_"),
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": "" if options["max_payload"] is None else f"{options['max_payload']:g}",
        "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": str(options["concurrency"] or ""),
    }
    made = {**others, **{name: value for name, value in given.items() if value}}
    before = {name: os.environ.get(name) for name in made}
    os.environ.update(made)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
