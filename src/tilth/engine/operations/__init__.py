"""The one table of differences between engines: named operations, each with a rendering per engine."""
