"""A model behind an HTTP endpoint: turns rows into requests, and answers into labels and scores.

records  the rows of a table as bodies of requests
answers  labels and scores of rows, from the body of an answer
kept     answers in a file, so that an interrupted run can continue
model    the model: batches, several requests at once, errors that name rows
"""
