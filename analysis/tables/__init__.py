"""Tables: one row per run, per arm, or per target accuracy and arm; and their text formats."""
