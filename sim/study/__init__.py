"""Studies: many runs of one base scenario, in local processes or on Ray; replays and forecasts."""
