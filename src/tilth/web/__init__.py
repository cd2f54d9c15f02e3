"""Servers that are asked over HTTP, and paths into what they answer."""
