"""Explanations of a model: Shapley values of its features, and its partial dependence on them."""
