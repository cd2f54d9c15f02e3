"""scikit-learn: a flow as one of its transformers."""

from tilth.sklearn.transformer import FlowTransformer

__all__ = ["FlowTransformer"]
