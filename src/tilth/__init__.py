"""Tilth makes data ready for machine learning, proves that it is, and carries the same preparation in front of the model."""

__version__ = "0.1.0"
