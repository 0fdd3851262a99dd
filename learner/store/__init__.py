"""Files on disk: stored states and scores, their byte budget, and atomic writing."""
