"""Builds a simulation, ready to run, from a scenario and a seed."""
