"""Shapley values of the superpixels of images."""
