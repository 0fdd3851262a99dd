"""Figures of a study: each file makes a frame of numbers and draws it with matplotlib."""
