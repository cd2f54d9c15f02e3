"""The step `balance`, with one file for each way in which classes are balanced."""
