"""Training programs written for SageMaker: their input channels, and running them on this machine."""
