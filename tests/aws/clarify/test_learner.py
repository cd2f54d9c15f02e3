"""`tilth.bias_variance` of a configuration."""

import numpy as np
import pyarrow as pa
import pytest

from tests.aws.clarify.measured import measure_config
from tests.aws.clarify.test_analysis import data
from tests.engines import duckdb_session
from tilth.aws.clarify.analysis import analysis_json
from tilth.aws.clarify.config import AnalysisConfig
from tilth.errors import RequestError

X = np.random.default_rng(3).normal(size=(300, 3))
LINE = pa.table({"row": range(300), "a": X[:, 0], "b": X[:, 1], "s": np.where(X[:, 2] > 0, "u", "v"), "y": X.sum(axis=1) > 0})
CONFIG = {
    "dataset_type": "text/csv",
    "label": "y",
    "label_values_or_threshold": [True],
    "facet": [{"name_or_index": "s", "value_or_threshold": ["u"]}],
    "joinsource_name_or_index": "row",
    "methods": {"pre_training_bias": {"methods": ["CI"]}},
    "tilth": {"bias_variance": {"replicates": 10, "vary": {"max_depth": [1, 4]}}},
}


@pytest.mark.slow
def test_it_is_a_block_of_the_result_file():
    pytest.importorskip("sklearn")
    report = measure_config(data(LINE), AnalysisConfig.of(CONFIG), duckdb_session())
    made = analysis_json(report)["bias_variance"]
    assert (made["loss"], made["replicates"], made["sampling"], made["varied"]) == ("0-1", 10, "half", "max_depth")
    assert made["bias"] + made["variance"] == pytest.approx(made["mean_loss"])
    assert made["kohavi_wolpert"]["bias"] + made["kohavi_wolpert"]["variance"] == pytest.approx(made["mean_loss"])
    assert sum(made["shares"].values()) == pytest.approx(1)
    assert made["shares"]["variance"] == pytest.approx(made["kohavi_wolpert"]["variance"] / made["mean_loss"])
    assert [point["at"] for point in made["learning_curve"]] == [24, 48, 84, 120, 168, 204, 240]
    assert [point["at"] for point in made["validation_curve"]] == [1, 4]
    assert {*made["by_facet"]} == {"s=u", "s=v"}
    assert sum(of["rows"] for of in made["by_facet"].values()) == made["test_rows"]
    assert made["finding"].split(":")[0] in ("unclear", "high variance (overfitting)")
    assert made["advice"]
    assert "bias_variance" not in analysis_json(report, strict=True)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"replicats": 10}, "tilth.bias_variance.replicats: this key is not known"),
        ({"replicates": "ten"}, "tilth.bias_variance.replicates"),
        ({"replicates": 1}, "bias_variance: replicates is 1"),
    ],
)
def test_its_mistakes_have_their_key_path(given, said):
    with pytest.raises(RequestError) as error:
        AnalysisConfig.of(CONFIG | {"tilth": {"bias_variance": given}})
    assert said in str(error.value)
    with pytest.raises(RequestError, match=r"label: this is needed by tilth\.bias_variance"):
        AnalysisConfig.of({k: v for k, v in CONFIG.items() if k != "label"})
