"""Example data with planted flaws, and the flow that finds them."""
