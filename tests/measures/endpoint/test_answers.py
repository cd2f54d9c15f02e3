"""Labels and scores in the bodies of answers, as endpoints of SageMaker give them and as `tilth serve` does."""

import pytest

from tilth.measures.endpoint.answers import AnswerFormat, Said, Unreadable, best
from tilth.measures.endpoint.records import CSV, JSON, LINES

CASES = [
    # accept type, label, probability, body, what is said
    (CSV, None, None, "0.25\n1\n", [Said(0.25, (0.25,)), Said(1, (1.0,))]),
    (CSV, None, None, "0.25,0.5\n", [Said(0.25, (0.25,)), Said(0.5, (0.5,))]),
    (CSV, None, None, "0.2,0.8\r\n0.7,0.3\r\n", [Said(None, (0.2, 0.8)), Said(None, (0.7, 0.3))]),
    (CSV, 0, 1, "yes,0.8\nno,0.3", [Said("yes", (0.8,)), Said("no", (0.3,))]),
    (CSV, 0, 1, "\"['cat', 'dog']\",\"[0.1, 0.9]\"\n" * 2, [Said(("cat", "dog"), (0.1, 0.9))] * 2),
    (CSV, 0, None, "true\nfalse", [Said(True, ()), Said(False, ())]),
    (CSV, None, 1, "x,0.5\n" * 2, [Said(None, (0.5,))] * 2),
    (LINES, None, "score", '{"score": 0.5}\n{"score": 0.25}', [Said(None, (0.5,)), Said(None, (0.25,))]),
    (LINES, "out.label", "out.scores", '{"out": {"label": 1, "scores": [0.5, 0.5]}}\n' * 2, [Said(1, (0.5, 0.5))] * 2),
    (LINES, None, None, '{"score": 0.5}\n' * 2, [Said(0.5, (0.5,))] * 2),
    (JSON, None, "predictions[*].score", '{"predictions": [{"score": 1}, {"score": 0}]}', [Said(None, (1.0,)), Said(None, (0.0,))]),
    (JSON, "labels", "scores", '{"labels": ["a", "b"], "scores": [[1, 0], [0, 1]]}', [Said("a", (1.0, 0.0)), Said("b", (0.0, 1.0))]),
    (JSON, None, None, '{"predictions": [{"prediction": 5}, {"prediction": 6}]}', [Said(5, (5.0,)), Said(6, (6.0,))]),
    (JSON, None, None, '[{"prediction_no": 0.4, "prediction_yes": 0.6}]' * 1, [Said(None, (0.4, 0.6), ("no", "yes"))]),
    (JSON, "label", None, '{"label": "b"}', [Said("b", ())]),
]


@pytest.mark.parametrize(("accept", "label", "probability", "body", "said"), CASES)
def test_what_is_said_of_each_record(accept, label, probability, body, said):
    assert AnswerFormat(accept, label, probability).read(body.encode(), len(said)) == said


def test_of_equal_scores_the_first_label_counts():
    assert (best(("no", "yes"), (0.5, 0.5)), best(("no", "yes"), (0.4, 0.6))) == ("no", "yes")


@pytest.mark.parametrize(
    ("accept", "label", "probability", "body", "message", "at"),
    [
        (CSV, None, None, "0.5\nNaN\n", "the score is nan", 1),
        (CSV, 0, 4, "yes,0.8\nno,0.3", "the score is None", 0),
        (CSV, None, None, "0.5,0.5,0.5", "1 answer for 2 records", None),
        (LINES, None, "score", '{"score": 0.5}\n{"scor": 0.5}', "the score is None", 1),
        (LINES, None, None, '{"score": 0.5}\n{', "is not JSON", 1),
        (JSON, "x[*].y", None, '{"x": [{"y": {}}, {"y": 1}]}', "the label is {}", 0),
        (JSON, None, None, '{"predictions": [true, {"a": 1, "b": "c"}]}', "the score is 'c'", 1),
        (JSON, None, None, '{"predictions": [[], 1]}', "the score is []", 0),
    ],
)
def test_what_is_nonsense(accept, label, probability, body, message, at):
    with pytest.raises(Unreadable) as error:
        AnswerFormat(accept, label, probability).read(body.encode(), 2)
    assert message in str(error.value)
    assert error.value.at == at
