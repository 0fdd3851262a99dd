"""From a scenario and a seed to the objects that the engine runs."""
