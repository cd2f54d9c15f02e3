"""The cluster engine: Spark."""

from tilth.engine.spark.engine import Spark

__all__ = ["Spark"]
