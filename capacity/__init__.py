"""What a deployed pipeline takes: `python -m loadgen capacity`.

Load steps, each until it is clear whether every stage keeps up, and a search for the highest rate at which given
objectives hold. It stands on the load generator, the lake and the price list; nothing imports it.

    objective   what must hold                     search      which rate comes next
    flow        what a stage took and passed on    bottleneck  which stage gives out, and why
    pipeline    the deployed pipeline's positions  remedy      which setting raises it, and at what cost
    metrics     what CloudWatch says               report      the outcome, and its page
"""
