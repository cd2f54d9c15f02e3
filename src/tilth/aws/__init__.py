"""Other products' files and words, over the verbs."""
