"""The measure `bias_variance`: whether a learner underfits or overfits a table."""
