"""What is counted during a run, and latency histograms."""
