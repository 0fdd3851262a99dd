"""The SimPy processes: server, trials, rounds, clients; and what they record."""
