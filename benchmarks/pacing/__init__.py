"""The lag of writes: the time from a write's planned time to its sending.

    python -m benchmarks.pacing [--seconds N] [--only loadgen] [--json PATH]     (make bench-pacing)

The load generator's own path, from the plan to the fast writer's socket and
back, against a null server on the other core; beside it the usual ways to keep
a rate, with nothing to send: sleeping for the gap, a tick of 1 ms, spinning.
The floor sends one request, made and signed before, on the load generator's own
alarm and event loop: what the machine takes for as many wake-ups and packets.
The processor share is that of the process, as a share of its core; how often
other work took that core away is shown beside it.
"""
