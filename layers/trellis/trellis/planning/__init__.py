"""What must change, in which order, and whether it may: pure functions over the model."""
