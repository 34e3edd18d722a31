"""What the workers that are not ours load; kept apart, so that they hold nothing else in memory."""
