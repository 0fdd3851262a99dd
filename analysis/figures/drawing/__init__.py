"""How every figure looks: colours, axes, labels, panels, and how files are written."""
