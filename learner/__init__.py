"""Real training, named first and done last; knows no clock. Imports nothing heavy."""
