"""Export a trained state as a directory that `transformers` (and for LoRA `peft`) can load."""
