"""Rulesets of AWS Glue DataBrew, as DQDL: `tilth check DATA ruleset.json`."""

from tilth.aws.rulesets.ruleset import DataBrewRuleset

__all__ = ["DataBrewRuleset"]
