"""The benchmarks, one file each; each candidate is a function: what it does before it returns is set-up, what it returns is timed."""
