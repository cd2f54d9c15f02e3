"""What the measure `bias_variance` finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from tilth.measures.bias_variance.curves import Point, PowerLaw
from tilth.report import Payload


@dataclass(frozen=True)
class BiasVariance(Payload):
    """The loss of a learner taken apart, of all rows or of a group; the finding's value is the share of variance in the loss.

    `loss` is `0-1`, `squared` or `log`. Of models of samples: `mean_loss` is that on rows that they have not seen: `bias` +
    `unbiased_variance` − `biased_variance` (Domingos; the last is 0 but for 0–1 loss); `systematic` + `random` (Kohavi and Wolpert, for
    other losses the same as bias and variance), of which shares are made, and `corrected`, the former without its excess for so few models.
    `intervals` has those of `loss`, `bias`, `variance` and `share`, over the `test_rows` that judge. Of five folds, with all their rows:
    `train_loss` on the rows learned from and `unseen_loss` on others; `naive_loss` is that of always the most frequent class, the shares of
    the classes, or the mean, `reference_loss` the one that would be good, and `noise` that of rows with equal features and other labels.
    `diagnosis` is the name of a finding, `evidence` its reasons and `advice` what to try, the best first. Of all rows only: the curves,
    and the `law` of the learning curve.
    """

    KIND: ClassVar[str] = "bias_variance"
    VALUE: ClassVar[str] = "share of variance"
    label: str = ""
    loss: str = ""
    learner: str = ""
    sampling: str = ""
    replicates: int = 0
    train_rows: int = 0
    test_rows: int = 0
    held_by: str = ""
    mean_loss: float = 0.0
    bias: float = 0.0
    unbiased_variance: float = 0.0
    biased_variance: float = 0.0
    systematic: float = 0.0
    random: float = 0.0
    corrected: float = 0.0
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    train_loss: float = 0.0
    unseen_loss: float = 0.0
    naive_loss: float = 0.0
    reference_loss: float = 0.0
    noise: float | None = None
    diagnosis: str = ""
    evidence: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    learning_curve: tuple[Point, ...] = ()
    law: PowerLaw | None = None
    varied: str = ""
    validation_curve: tuple[Point, ...] = ()

    @property
    def compared(self) -> Mapping[str, float | None]:
        return {"mean loss": self.mean_loss, "training loss": self.train_loss}
