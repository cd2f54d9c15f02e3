"""What all ways have in common."""

import pickle

from tests.steps.keys import KEY
from tests.steps.made import fitted
from tests.steps.protect.checks import KEYED
from tilth.steps.protect.redact import Redact


def test_functions_can_be_sent_to_other_processes():
    found = {"key_id": fitted(Redact("x", key=KEY), {"x": ["a"]}).learned["x"]["key_id"]}
    for way in ("hash", "token", "format_preserving", "mask", "sha256"):
        step = Redact("x", with_=way, **({"key": KEY} if way in KEYED else {}))
        one = step.action.of_text("x", **found)
        assert pickle.loads(pickle.dumps(one))("4111111111111111") == one("4111111111111111")
