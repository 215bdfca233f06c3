"""The cost of observation: the console's page over an hour, and the metrics."""
