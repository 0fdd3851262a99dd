"""A trained state as files that plain `transformers` and `peft` load."""
