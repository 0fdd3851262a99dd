"""Files on disk: stored states and scores, their byte budget, atomic writing, checksums."""
