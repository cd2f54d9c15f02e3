"""The only place that executes: expressions, statistics, the plan, DuckDB, Spark, the row function."""
