"""EventBridge of the local stack: matching, delivery and schedules, where moto only stores them."""
