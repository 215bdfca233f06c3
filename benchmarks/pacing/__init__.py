"""The lag of writes: the time from a write's planned time to its sending.

    python -m benchmarks.pacing [--seconds N] [--only loadgen] [--json PATH]     (make bench-pacing)

The load generator's own path, from the plan to the fast writer's socket and back, against a null server on the other
core; beside it the usual ways to keep a rate, with nothing to send: sleeping for the gap, a tick of 1 ms, spinning. The
floor sends one prepared and signed request with the load generator's timer and event loop: the machine's minimum for
this number of wake-ups and packets. The processor share is the process's share of its core; beside it is the number of
preemptions by other work.
"""
