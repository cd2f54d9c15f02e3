"""The model card of Amazon SageMaker, filled from evidence, and the governance report for people."""
