"""SageMaker Clarify: its configuration and its result file."""
