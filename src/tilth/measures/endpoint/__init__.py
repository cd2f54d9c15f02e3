"""A model behind an HTTP endpoint: rows become requests, and answers labels and scores.

records  the rows of a table as bodies of requests
answers  what a model said of each row, from the body of an answer
kept     answers in a file, so that a run that was broken off goes on from there
model    the model: batches, several requests at once, errors that name rows
"""
