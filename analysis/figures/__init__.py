"""One figure a file: a study in, a matplotlib Figure out."""
