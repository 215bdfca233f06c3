"""What a run came to: the report, and all that is drawn from it."""
