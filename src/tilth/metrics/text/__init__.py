"""What can be measured of a text.

features    the table of features: counts, shares, readability, script, groups of people that it names
segments    words, sentences, syllables
lexicon     the terms that name groups of people
language    what language a text is in
brought     features by a list of words or a model of the user's
words       words as `vectorize` counts them
vocabulary  the words of many texts, counted in one pass
"""
