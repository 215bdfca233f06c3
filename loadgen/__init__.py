"""An open-loop load generator for DynamoDB: `python -m loadgen --rps 500`.

cli          the command line            report       what a run came to, and all that is drawn from it
schedule     when each write is due      distributed  processes and machines that share a run
workloads    what is written             engine       sends each write when it is due
dynamodb     writers, requests, replies  metrics      counters and latency histograms
native       the parts in C              job          what a segment is given, and what it came to
"""
