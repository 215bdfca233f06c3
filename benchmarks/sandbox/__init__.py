"""The sandbox's speed and memory: this checkout beside an earlier commit, and its tables beside DynamoDB Local.

Both checkouts run as their users run them, by `python -m sandbox up`, one after the other, each in a separate directory
and on a separate port, with the same load from the same client over loopback. Machines are shared, so processor time is
more telling than a rate, and a ratio within one run more than a single figure.
"""
