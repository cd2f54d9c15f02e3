"""The flow file, loaded with all mistakes at once, and the fitted artefact."""
