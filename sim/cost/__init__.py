"""Cost models: seconds, bytes, memory and joules of client work, and which devices can do it."""
