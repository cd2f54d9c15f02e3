"""The flow file, loaded with all mistakes at once, and the fitted artefact."""

from tilth.flow import estimator
from tilth.flow.files import load, parse, save
from tilth.flow.flow import Delivery, FitResult, Flow, Reading

__all__ = ["Delivery", "FitResult", "Flow", "Reading", "load", "parse", "save"]

Flow.load, Flow.parse, Flow.save = load, parse, save  # a flow itself knows nothing of files
Flow.fit, Flow.transform, Flow.fit_transform = estimator.fit, estimator.transform, estimator.fit_transform  # nor of engines
Flow.get_feature_names_out = estimator.get_feature_names_out
