"""What is left behind: findings, facts of the run, and the renderers that show them."""
