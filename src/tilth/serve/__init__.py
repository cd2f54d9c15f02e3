"""A door: preparation, model and output transform behind HTTP, for single rows and small batches.

A request is decoded by its content type, goes through the stages in this process, and is encoded as the client accepts it.
"""
