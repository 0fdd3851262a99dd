"""Benchmarks of the learner: `python -m benchmarks.learner`."""
