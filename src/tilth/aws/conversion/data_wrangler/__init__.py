"""Flows of SageMaker Data Wrangler become flows of Tilth."""
