"""The scenario and study files that are installed with the simulator.

`importlib.resources.files("scenarios") / "demo.yaml"` is one of them.
"""
