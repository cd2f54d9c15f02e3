"""The step `balance`, with one file for each method."""
