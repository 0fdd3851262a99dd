"""The command line's commands, one file a family.

A new command is a function in its family's file; a new family is a file with an `app`, named in
fedadapter.py. Heavy imports stand inside the functions, so that `--help` is quick.
"""
