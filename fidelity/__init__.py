"""A real federated run in network namespaces on this machine, beside its prediction."""
