"""One run: its directory, its log, and what is done with a finished one."""
