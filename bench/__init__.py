"""Measures the cost of Tilth, as ratios to the best code written by hand. For usage see `python -m bench.run --help`."""
