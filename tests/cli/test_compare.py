"""tilth compare: exit codes and what is printed."""

import json


def result(value, low=None, high=None):
    metric = {"name": "DPL", "description": "", "value": value, "ci_low": low, "ci_high": high}
    facets = {"sex": [{"value_or_threshold": "F", "metrics": [metric]}]}
    return json.dumps({"version": "1.0", "pre_training_bias_metrics": {"label": "y", "label_value_or_threshold": "1", "facets": facets}})


def test_files_that_agree_and_files_that_do_not(tilth, tmp_path):
    for name, value in (("a.json", 0.2), ("b.json", 0.3)):
        (tmp_path / name).write_text(result(value))
    same = tilth("compare", "a.json", "a.json")
    assert (same.code, same.out) == (0, "")
    assert "1 number agrees, 0 differ" in same.err
    other = tilth("compare", "a.json", "b.json", "-o", "c.html")
    assert other.code == 1
    assert "no reason can be seen in the files" in " ".join(other.out.split())
    assert (tmp_path / "c.html").is_file()
    assert tilth("compare", "a.json", "c.json").code == 2


def test_only_drift_from_a_baseline_matters(tilth, tmp_path):
    """0.35 to 0.45 is farther from 0 than 0.2; 0.15 to 0.45 may not be."""
    for name, of in (("base.json", (0.2,)), ("chance.json", (0.3, 0.15, 0.45)), ("far.json", (0.4, 0.35, 0.45))):
        (tmp_path / name).write_text(result(*of))
    chance = tilth("compare", "base.json", "chance.json", "--drift")
    assert (chance.code, chance.out, chance.err) == (0, "", "0 numbers agree, 1 differs, 0 have drifted\n")
    far = tilth("compare", "base.json", "far.json", "--drift", "--json")
    assert (far.code, json.loads(far.out)["findings"][0]["details"]["drift"]) == (1, "bias")
    assert far.err.endswith("1 has drifted\n")
