"""Preparations of other products as flows: recipes of AWS Glue DataBrew, and flows of SageMaker Data Wrangler."""

from tilth.aws.conversion.conversion import Conversion, convert

__all__ = ["Conversion", "convert"]
