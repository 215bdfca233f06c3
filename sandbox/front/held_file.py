"""Where the server keeps the records that a fault holds back."""

FILE = "held-records.jsonl"
"""In the state directory; absent while none is held back."""
