"""Counters of a run and latency histograms."""
