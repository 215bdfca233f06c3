"""Lambda: runs functions from their zips, in processes of their own, with AWS's own runtime client.

A process of its own (`python -m sandbox.functions`) that answers Invoke on the
Unix socket run/functions.sock. What a function finds is what it would find on
AWS: its zip, the standard library and what the Python runtime brings along, so
that a dependency missing from the zip is missed here too.
"""
