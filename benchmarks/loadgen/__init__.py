"""The load generator compared with other clients: `python -m benchmarks.loadgen`.

    null server, one core  ◄── signed PutItem ──  one client after the other, another core

The server answers every request and stores nothing, so the clients are measured: by writes per second, and by processor
time per write, which other load disturbs less. It reports its processor time, and the table marks where it was the
limit. It checks no signature, so that clients which sign a different host (aiodynamo omits the port) are measured too.

`python -m benchmarks.loadgen.processes` compares one process of the load generator with several.
"""
