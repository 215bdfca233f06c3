"""The load generator beside other clients: `python -m benchmarks.loadgen`.

    null server, one core  ◄── signed PutItem ──  one client after the other, another core

The server answers whatever comes and keeps nothing, so the clients are what is
measured: by writes a second, and by processor time a write, which other work on
the machine disturbs less. It tells its own processor time, and where it was the
limit the table says so. It looks at no signature, so that clients which sign for
another host than they name (aiodynamo leaves out the port) are measured too.

`python -m benchmarks.loadgen.processes` measures one process of the load
generator beside several.
"""
