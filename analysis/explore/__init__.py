"""A local page on finished runs: change a control, and see the run replayed without training."""
