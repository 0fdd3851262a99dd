"""The commands of `fedadapter`, grouped by subject, one file for each group.

To add a command, write a function in the file of its group. To add a group, write a file with an
`app` and list it in app.py. Import heavy modules inside the functions: `--help` must stay fast.
"""
