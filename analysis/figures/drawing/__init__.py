"""Drawing tools that all figures share: colours, axes, labels, panels, and the file writer."""
