"""The flow file, loaded with all mistakes at once, and the fitted artefact."""

from tilth.flow.flow import Delivery, Flow, Learned, Reading

__all__ = ["Delivery", "Flow", "Learned", "Reading"]
