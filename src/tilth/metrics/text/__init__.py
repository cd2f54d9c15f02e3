"""What can be measured of a text.

features   the table of features: counts, shares, readability, script, groups of people that it names
segments   words, sentences, syllables
lexicon    the terms that name groups of people
content    columns such as `body@length_words`, computed where they are asked for
"""
