"""Features of texts.

features    the table of features: counts, shares, readability, script, mentioned groups of people
segments    words, sentences, syllables
lexicon     the terms that name groups of people
language    the language of a text
brought     features that need a list of words or a model of the user
corpus      features that depend on the other texts of a table
words       words, as counted by `vectorize`
vocabulary  the words of many texts, counted in one pass
vectors     numbers by which texts are compared
"""
