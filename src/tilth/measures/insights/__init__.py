"""Insights: how well the features predict the label, flaws of the data, and lines of a flow that mend them."""
