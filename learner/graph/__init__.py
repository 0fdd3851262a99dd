"""Recipes, and the learners that name states by recipe and train only what is missing."""
