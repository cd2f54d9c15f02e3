"""The benchmarks, one file each. Each candidate is a function: its own body is set-up, and the function that it returns is timed."""
