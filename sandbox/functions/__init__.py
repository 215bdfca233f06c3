"""Lambda: runs functions from their zips, in separate processes, with AWS's runtime client.

A separate process (`python -m sandbox.functions`) serves Invoke on the Unix socket run/functions.sock. A function has
the same environment as on AWS: its zip, the standard library and the packages of the Python runtime, so a dependency
that is missing from the zip is also missing here.
"""
