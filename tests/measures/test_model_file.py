"""Files of models, and what is not one."""

import pytest

from tilth.errors import RequestError
from tilth.measures import model_file
from tilth.measures.model_file import model_bytes, sklearn_model, unread_hint

pytest.importorskip("skops")


def test_the_bytes_of_a_file_are_bounded(tmp_path, monkeypatch):
    (tmp_path / "model.skops").write_bytes(b"12345")
    assert model_bytes(f"{tmp_path}/model.skops") == b"12345"
    monkeypatch.setattr(model_file, "LARGEST", 4)
    with pytest.raises(RequestError, match=r"model\.skops. is too large"):
        model_bytes(f"{tmp_path}/model.skops")
    with pytest.raises(RequestError, match=r"there is no model of bias '.*none\.skops'"):
        model_bytes(f"{tmp_path}/none.skops", "bias")


def test_other_bytes_hold_no_model():
    with pytest.raises(RequestError, match="the file is not a scikit-learn model saved by skops"):
        sklearn_model(b"12345", ())


def test_forms_that_run_code_are_refused_with_a_way():
    assert ["pickles" in unread_hint("m.pkl"), "ONNX" in unread_hint("m.pt"), unread_hint("m.txt")] == [True, True, ""]
