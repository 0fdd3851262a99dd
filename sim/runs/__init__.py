"""Runs: run and resume a scenario with a seed; verify, diff and export finished runs."""
