"""Workloads: sales orders, batches of inserts, traces and user classes."""
