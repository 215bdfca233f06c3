"""What watching costs: the console's page over an hour, and the metrics."""
