"""`python -m fedadapter`: the command line."""

from commands.app import main

main()
