"""Insights: what the features say of the label, what is wrong with the data, and the line of a flow that mends it."""
