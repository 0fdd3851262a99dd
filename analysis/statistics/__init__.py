"""Statistics over seeds: estimates with intervals, and bands over time."""
