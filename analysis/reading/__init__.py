"""Run directories as typed objects and polars frames."""
