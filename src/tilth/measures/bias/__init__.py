"""Bias before training: eight metrics of facets, from one table of counts.

request      what is asked: facets, label, group variable
kinds        whether a column's values are categories or numbers on a line; which rows a value means; names
axes         a configured column as an axis of the table of counts
counting     one grouped scan, or one for each facet
measures     the eight metrics
evaluation   values, statuses, intervals, verdicts
findings     words
"""

from tilth.measures.bias.counting import Contingency
from tilth.measures.bias.findings import Bands, bias_and_bands, bias_findings
from tilth.measures.bias.measures import BIAS_METRICS, Bias, BiasMeasure
from tilth.measures.bias.request import BiasRequest, Facet

__all__ = ["BIAS_METRICS", "Bands", "Bias", "BiasMeasure", "BiasRequest", "Contingency", "Facet", "bias_and_bands", "bias_findings"]
