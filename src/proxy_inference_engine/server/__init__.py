"""HTTP in front of the engine. Not in this version yet."""
