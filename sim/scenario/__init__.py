"""What determines the numbers of a run: the scenario, its parts, its file, its errors."""
