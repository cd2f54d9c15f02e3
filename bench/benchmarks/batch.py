"""Batch transform: a file with rows of the demo, answered record by record, compared with the same flow applied by the engine."""

from __future__ import annotations

from pathlib import Path

from bench.benchmark import Benchmark, Candidate, Target, Work, out, ratio

ROWS = 1_000_000


def prepared(folder: Path) -> tuple[str, str]:
    """The fitted flow of the demo, and a file of rows."""
    from bench.benchmarks.serve import fitted
    from tilth.demo.loans import write_loans

    flow, file = fitted(folder), folder.parent / "served" / "batch" / "loans.csv"
    if not file.exists():
        file.parent.mkdir(exist_ok=True)
        write_loans(file, ROWS, 2)
    return str(flow), str(file)


def applied(folder: Path) -> Work:
    import tilth

    flow, file = prepared(folder)

    def work() -> int:
        place = tilth.write(tilth.apply(tilth.Flow.load(flow), file), out(folder, "batch", "applied.csv"))
        return Path(place).read_bytes().count(b"\n") - 1  # without the header

    return work


def batch(folder: Path) -> Work:
    from tilth.serve.batching import Sending, transformed
    from tilth.serve.pipeline import Pipeline

    flow, file = prepared(folder)

    def work() -> int:
        place = out(folder, "batch", "answers")
        transformed(Pipeline.of(flow), [file], str(place), Sending())
        return (place / "loans.csv.out").read_bytes().count(b"\n")

    return work


BENCHMARK = Benchmark(
    name="batch",
    title="Batch transform",
    about=f"`tilth batch` and `tilth apply` with the flow of `tilth demo` on a CSV file of {ROWS:,} rows, 25 columns in. Both write CSV: "
    "the answers are the 47 features; `apply` also writes the other columns.",
    candidates=(Candidate("batch", batch, title="tilth batch"), Candidate("applied", applied, title="tilth apply")),
    targets=(
        Target(
            "processor time of tilth batch to tilth apply",
            ratio("batch", "applied", of="cpu"),
            2,
        ),
    ),
    differences=lambda results: [] if len(set(results.values())) == 1 else [f"{results} rows"],
)
