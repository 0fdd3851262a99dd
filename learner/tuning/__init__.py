"""The trained parameters of each tuning kind: names, shapes, initial values, effect, payload."""
