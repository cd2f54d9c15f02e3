"""Boosted trees of LightGBM and XGBoost, read from their own files, which hold numbers and no code."""

from __future__ import annotations

import json
import re
from abc import abstractmethod
from collections.abc import Iterable

import numpy as np

from tilth.data import Kind
from tilth.errors import RequestError, extra
from tilth.measures.model_file import unreadable
from tilth.steps.models import Model

UNNAMED = re.compile(r"Column_\d+")  # what LightGBM calls a column without a name


class Booster(Model):
    """Boosted trees whose sums are scores: one for two classes, one per class for more, or a number. All trees of the file are used."""

    def labels(self, x: np.ndarray) -> np.ndarray:
        if not self.classes:
            return self.predicted(x)
        found: np.ndarray = self.scores(x).argmax(axis=1)
        return found

    def scores(self, x: np.ndarray) -> np.ndarray:
        found = self.margins(x) if self.classes else self.predicted(x)
        if found.ndim > 1:
            return found
        return np.stack([np.zeros(len(found)), found], axis=1) if self.classes else found[:, None]

    def probabilities(self, x: np.ndarray) -> np.ndarray:
        if not self.has_probabilities:
            raise RequestError("the model gives no probabilities", accepted="with: label", code="no-probabilities")
        found = self.predicted(x)
        return found if found.ndim > 1 else np.stack([1.0 - found, found], axis=1)

    has_probabilities = False

    @abstractmethod
    def predicted(self, x: np.ndarray) -> np.ndarray:
        """The library's predictions: probabilities, or numbers."""

    @abstractmethod
    def margins(self, x: np.ndarray) -> np.ndarray:
        """The sums of the trees, before they are made probabilities."""


class LightGbm(Booster):
    """A model that LightGBM saved as text (`booster.save_model("NAME.lgb")`)."""

    def __init__(self, content: bytes) -> None:
        with extra("lightgbm", "a model of LightGBM"):
            import lightgbm
        try:
            text = content.decode()
            if not text.startswith("tree\n"):
                raise ValueError("it does not begin with the line `tree`")
            self.model = lightgbm.Booster(model_str=text)
        except (ValueError, lightgbm.basic.LightGBMError) as error:
            raise unreadable("model of LightGBM, saved as text", error) from error
        head = dict(re.findall(r"^(\w+)=(.*)$", text.partition("\nTree=")[0], re.MULTILINE))
        several, objective = int(head.get("num_class", "1")), head.get("objective", "").partition(" ")[0]
        names = tuple(self.model.feature_name())
        self.names = () if all(map(UNNAMED.fullmatch, names)) else names
        self.width = self.model.num_feature()
        self.classes = tuple(range(several)) if several > 1 else (0, 1) if objective == "binary" else ()
        self.has_probabilities = bool(self.classes)
        self.kind = Kind.INTEGER if self.classes else Kind.FLOAT

    def names_among(self, columns: Iterable[str]) -> tuple[str, ...]:
        """LightGBM writes a name with underlines for spaces."""
        given = tuple(columns)
        written = {column.replace(" ", "_"): column for column in given} | {column: column for column in given}
        return tuple(written.get(name, name) for name in self.names)

    def predicted(self, x: np.ndarray) -> np.ndarray:
        return np.asarray(self.model.predict(x, num_threads=1))

    def margins(self, x: np.ndarray) -> np.ndarray:
        return np.asarray(self.model.predict(x, raw_score=True, num_threads=1))


class XgBoost(Booster):
    """A model that XGBoost saved as binary JSON (`booster.save_model("NAME.ubj")`)."""

    single = True

    def __init__(self, content: bytes) -> None:
        with extra("xgboost", "a model of XGBoost"):
            import xgboost
        try:
            if not content.startswith(b"{"):  # with other content the library tries its older formats
                raise ValueError("it is not an object of binary JSON")
            self.model = xgboost.Booster({"nthread": 1})
            self.model.load_model(bytearray(content))
            learner = json.loads(self.model.save_config())["learner"]
        except (ValueError, xgboost.core.XGBoostError) as error:
            raise unreadable("model of XGBoost, saved as .ubj", error) from error
        several, objective = int(learner["learner_model_param"]["num_class"]), learner["objective"]["name"]
        self.names = tuple(self.model.feature_names or ())
        self.width = self.model.num_features()
        self.classes = tuple(range(several)) if several > 1 else (0, 1) if objective.startswith("binary:") else ()
        self.has_probabilities = objective in ("binary:logistic", "multi:softprob")
        self.kind = Kind.INTEGER if self.classes else Kind.FLOAT

    def predicted(self, x: np.ndarray) -> np.ndarray:
        return self._asked(x, "value")

    def margins(self, x: np.ndarray) -> np.ndarray:
        return self._asked(x, "margin")

    def _asked(self, x: np.ndarray, what: str) -> np.ndarray:
        return np.asarray(self.model.inplace_predict(x, predict_type=what, validate_features=False), dtype=np.float64)
