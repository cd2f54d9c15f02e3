"""Fitted transformers of scikit-learn as steps, with the numbers that they have learned."""
