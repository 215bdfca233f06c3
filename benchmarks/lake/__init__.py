"""Measures the cost of `lake verify` beside an earlier commit's on the same items: `python -m benchmarks.lake`.

A sandbox's table is filled with orders, and the change log is written directly from the table, so that no pipeline runs
during the measurement. Both builds then verify the same lake with the same packages. The figures are processor time of
the command and of the sandbox's processes for an item, because other programs change the elapsed time.
"""
