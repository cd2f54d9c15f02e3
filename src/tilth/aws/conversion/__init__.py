"""Preparations of other products as flows: recipes of AWS Glue DataBrew."""

from tilth.aws.conversion.conversion import Conversion, convert

__all__ = ["Conversion", "convert"]
