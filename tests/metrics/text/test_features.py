"""Features of texts: published formulas, and what is there of an empty text."""

from __future__ import annotations

import pyarrow as pa
import pytest

from tilth.engine.expressions import col
from tilth.engine.python_operation import PythonFunction
from tilth.metrics.text.features import FEATURES, lexical_variety

HE = "He met his sister at www.example.org, @ana! 🙂"
LONG = " ".join(
    ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"] * 6
)  # 10 of 14 words differ: 0.714, so 60 words are 4 stretches of 14, and 4 that all differ


def of(feature: str, *texts: str | None) -> list:
    """The values of a feature that is computed in Python."""
    function = FEATURES[feature].of(col("x")).this
    assert isinstance(function, PythonFunction)
    return function.run(pa.array(texts, pa.string())).to_pylist()


@pytest.mark.parametrize(
    ("feature", "text", "value"),
    [
        ("length_chars", "e\u0301", 1),  # one code point in normal form C
        ("words_per_sentence", "One two. Three!", 1.5),
        ("chars_per_word", "It's 10", 1.5),
        ("readability", "She is a nurse.", 118.175),  # 206.835 - 1.015 * 4 / 1 - 84.6 * 4 / 4
        ("lexical_variety", "The cat saw the cat.", 0.6),
        ("lexical_variety", LONG, 15.0),
        ("script", "Привет, мир", "Cyrillic"),
        ("script", "abc где", "mixed"),
        ("script", "ᚠᚢᚦ", "other"),
        ("capitals_share", "WIN 10 now", 0.5),
        ("digit_share", "a1٣", 2 / 3),  # 3 in Arabic
        ("punct_share", "«a»", 2 / 3),
        ("emoji_share", HE, 1 / 45),
        ("first_person", "I told my mother", 0.5),
        ("second_person", "Your prize", 0.5),
        ("gender_lean", HE, 1 / 3),
        ("has_url", HE, 1),
        ("has_mention", HE, 1),
        ("has_mention", "a@b.org", 0),
        ("has_code", "Try this:\n```\nx\n```", 1),
        ("has_code", "for (;;) {\n  run();\n}", 1),
        ("has_code", "it fails\nfrom os import path", 1),
        ("has_code", "def f(x):\n    return x", 1),
        ("has_code", "a <b class='x'>word</b>", 1),
        ("has_code", "SELECT a FROM t", 1),
        ("has_code", "From May to June import duties rose; 1 < 2 and 3 > 2", 0),
        ("has_code", "Let me know from where; the class met: all of us. 1 < 2 > 0", 0),
        ("identity_female", "A sisterhood", 0),
        ("identity_orientation", "Same-sex couples", 1),
        ("identity_nonbinary", "non \t binary", 1),
    ],
)
def test_the_value_of_a_text(feature, text, value):
    assert of(feature, text, None) == [pytest.approx(value, abs=1e-4), None]


def test_an_empty_text_has_counts_of_zero_and_no_shares():
    empty = {name: of(name, "")[0] for name, f in FEATURES.items() if isinstance(f.of(col("x")).this, PythonFunction)}
    assert {name for name, value in empty.items() if value == 0} == {
        name for name in empty if name.startswith(("length_", "has_", "identity_"))
    }
    assert {value for value in empty.values() if value} == set()


def test_variety_is_the_same_from_either_end():
    texts = pa.array([LONG + " " + "x" * n for n in range(1, 4)])
    backwards = pa.array([" ".join(reversed(text.as_py().split())) for text in texts])
    assert lexical_variety(texts) == lexical_variety(backwards)
