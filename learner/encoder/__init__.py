"""The pre-trained encoder: architecture, weights, tokens, activations of its frozen layers."""
