"""The payload of the measure `bias_variance`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from tilth.measures.bias_variance.curves import Point, PowerLaw
from tilth.report import Payload


@dataclass(frozen=True)
class BiasVariance(Payload):
    """The decomposed loss of a learner, for all rows or a group; the finding's value is the share of variance in the loss.

    `loss` is `0-1`, `squared` or `log`. From models of samples: `mean_loss` on unseen rows is `bias` + `unbiased_variance` −
    `biased_variance` (Domingos; the last is 0 except for 0–1 loss), and also `systematic` + `random` (Kohavi and Wolpert; for other losses
    equal to bias and variance), which give the shares; `corrected` is `systematic` without its excess from the limited number of models.
    `intervals` has those of `loss`, `bias`, `variance` and `share` over the `test_rows` judging rows. From five whole folds: `train_loss`
    on the training rows and `unseen_loss` on others; `naive_loss` is the loss of always predicting the most frequent class, the shares of
    the classes, or the mean, `reference_loss` the loss that would be good, and `noise` the loss from rows with equal features and different
    labels. `diagnosis` is the name of the diagnosis, `evidence` its reasons and `advice` what to try, the best first. Only for all rows:
    the curves, and the `law` of the learning curve.
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
