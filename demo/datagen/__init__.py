"""The seeded generator of the demo model's conversations. It knows nothing of torch, MLX or the engine."""
