"""Bias: grouped, compared metrics. All are computed from one cube of counts, facet × stratum × label × prediction.

request      facets, label, prediction, group variable
values       which values a configured value means, and their names
axis         a column as an axis of the cube: categories or intervals, decided from its counts
cube         one grouped scan, or one for each facet
contingency  the counts of two sides, with named axes
metrics      the table of metrics, one value each
content      facets that are computed of texts
counts       the table of counts, saved and analysed again
flip_test    predictions of the most similar rows of the other side, of a sample
performance  how good the predictions are
strata       columns that may explain a difference
evaluation   values, statuses, intervals, verdicts
findings     findings and warnings
"""

from tilth.measures.bias.cube import Weights
from tilth.measures.bias.findings import bias_and_groups, bias_findings
from tilth.measures.bias.metrics import BIAS_METRICS, BiasMetric
from tilth.measures.bias.request import BiasRequest, Facet

__all__ = ["BIAS_METRICS", "BiasMetric", "BiasRequest", "Facet", "Weights", "bias_and_groups", "bias_findings"]
