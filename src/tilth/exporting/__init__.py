"""Exports: a subset of a database as files."""
