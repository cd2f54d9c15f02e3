"""Recipes of AWS Glue DataBrew become steps of a flow."""
