"""The scenario: everything that determines the numbers of a run; its parts, YAML and errors."""
