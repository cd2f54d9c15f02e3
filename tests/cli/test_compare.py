"""tilth compare: exit codes and what is printed."""

import json


def result(value):
    metric = {"name": "DPL", "description": "", "value": value}
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
