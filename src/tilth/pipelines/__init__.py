"""Fitted pipelines of other libraries as fitted flows: scikit-learn's and Spark ML's."""

from tilth.pipelines.converted import ConvertedPipeline

__all__ = ["ConvertedPipeline"]
