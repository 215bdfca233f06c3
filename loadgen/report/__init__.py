"""The report of a run, and every view of it."""
