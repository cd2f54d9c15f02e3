"""What Tilth costs, as ratios to the best that can be written by hand. `python -m bench.run --help` says how to measure."""
