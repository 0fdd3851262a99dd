"""What each tuning kind trains, and how it acts in the encoder."""
