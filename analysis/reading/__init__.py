"""Reads run directories and their logs as objects and polars frames."""
