"""What the tests of Clarify configurations share."""

from tilth.aws.clarify.analysis import analysed
from tilth.aws.clarify.config import AnalysisConfig


def measure_config(data, config, engine, counts=False):
    """The report of a configuration, or of the path of its file."""
    return analysed(data, config if isinstance(config, AnalysisConfig) else AnalysisConfig.load(config), engine, counts).report
