"""The journal: acknowledged changes in append-only files, and their recovery.

The changes of requests that arrive together are one frame, written before their replies. An incomplete frame has no
effect.
"""
