"""The simulated hardware: clients, devices, links, the server's shared link, availability."""
