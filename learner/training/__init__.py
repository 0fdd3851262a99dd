"""Local training, server aggregation and evaluation with torch."""
