"""Pre-trained models and data sets by name: download, verification, cache directory."""
