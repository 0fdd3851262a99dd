"""Local training, server aggregation and evaluation with torch, in one process or several."""
