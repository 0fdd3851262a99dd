"""Many runs: studies, sweeps, replays, worker processes and clusters."""
