"""The flow file, loaded with all mistakes at once, and the fitted artefact."""

from tilth.flow.files import load, parse, save
from tilth.flow.flow import Delivery, FitResult, Flow, Reading

__all__ = ["Delivery", "FitResult", "Flow", "Reading", "load", "parse", "save"]

Flow.load, Flow.parse, Flow.save = load, parse, save  # a flow itself knows nothing of files
