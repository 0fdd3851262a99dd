"""Recipes of states, and the learners that name states first and make them only if needed."""
