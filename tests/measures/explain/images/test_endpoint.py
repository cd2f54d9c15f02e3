"""Endpoints that answer for images, in the forms of SageMaker's algorithms."""

import io
import json

import numpy as np
import pytest

from tests.answering import answering
from tests.measures.explain.images.pictures import BLACK, QUARTERS, detector, mean_colours
from tilth.measures.endpoint.model import EndpointAnswer, EndpointModel
from tilth.measures.explain.images.endpoint import ImageEndpoint, of_images
from tilth.metrics.images.pixels import NPY, decoded

PAIR = np.stack([QUARTERS, BLACK])
FORMS = {
    "a list": (lambda scores: scores, None),
    "predictions": (lambda scores: {"predictions": [scores]}, None),
    "a path": (lambda scores: {"out": {"p": scores}}, "out.p"),
    "a line": (lambda scores: ",".join(map(str, scores)).encode(), None),
}


@pytest.mark.parametrize("form", FORMS)
def test_an_image_is_the_body_of_a_request(form):
    made, probability = FORMS[form]
    with answering(lambda pixels: made(mean_colours(pixels[None])[0].tolist()), read=lambda body: decoded(body, "sent")) as (url, asked):
        model = of_images(EndpointModel(url, probability=probability))
        assert ImageEndpoint(model).scores(PAIR) == pytest.approx(mean_colours(PAIR))
    assert [kind for _, kind, _ in asked] == ["image/png"] * 2


def test_several_images_are_a_request_as_npy():
    read = lambda body: np.load(io.BytesIO(body), allow_pickle=False)  # noqa: E731
    with answering(lambda images: mean_colours(images).tolist(), read=read) as (url, asked):
        found = ImageEndpoint(EndpointModel(url, content_type=NPY, accept_type="application/json")).scores(np.stack([QUARTERS] * 20))
    assert found == pytest.approx(np.repeat(mean_colours(QUARTERS[None]), 20, axis=0))
    assert len(asked) == 2


def test_detections_are_lists_of_six_numbers():
    with answering(lambda pixels: {"prediction": detector(pixels[None])[0]}, read=lambda body: decoded(body, "sent")) as (url, _):
        found = ImageEndpoint(of_images(EndpointModel(url))).detections(PAIR)
    assert found == detector(PAIR)


@pytest.mark.parametrize("answer", [{"predictions": "blue"}, [[1, 2], [3]], {"other": [1]}, b"<html>", [1, float("inf")], [None]])
def test_another_answer_is_named(answer):
    with answering(lambda _: answer if isinstance(answer, bytes) else json.dumps(answer).encode(), read=bytes) as (url, _):
        with pytest.raises(EndpointAnswer, match="the answer is"):
            ImageEndpoint(of_images(EndpointModel(url, retries=0))).scores(QUARTERS[None])
        with pytest.raises(EndpointAnswer, match="the answer is"):
            ImageEndpoint(of_images(EndpointModel(url, retries=0))).detections(QUARTERS[None])


def test_images_have_equally_many_scores():
    answers = iter([[1.0, 2.0], [1.0]])
    with answering(lambda _: next(answers), read=bytes) as (url, _), pytest.raises(EndpointAnswer, match="1 and 2 scores"):
        ImageEndpoint(of_images(EndpointModel(url, concurrency=1))).scores(PAIR)
