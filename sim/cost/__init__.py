"""What work costs (seconds, bytes, memory, joules), and which devices can do it. Pure."""
