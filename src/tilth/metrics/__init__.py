"""What can be measured: the statistics a number needs, and what it makes of them."""
