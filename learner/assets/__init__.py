"""Pre-trained models and data sets: download, verification, cache directory."""
