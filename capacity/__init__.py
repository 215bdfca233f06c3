"""Measures the capacity of a deployed pipeline: `python -m loadgen capacity`.

It runs load steps, each until it is clear whether every stage keeps up, and searches for the highest rate at which
given objectives hold. It uses the load generator, the lake and the price list; no package imports it.

    objective   conditions on a step                     search      the next rate
    flow        the input and output of a stage    bottleneck  the limiting stage, and the reason
    pipeline    the deployed pipeline's positions  remedy      the setting that raises the capacity, and its cost
    metrics     CloudWatch's metrics               report      the outcome, and its page
"""
