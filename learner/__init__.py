"""Real federated fine-tuning: models, tasks, training, stored results. No simulated time here."""
