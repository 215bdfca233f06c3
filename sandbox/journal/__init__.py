"""The journal: what the server has acknowledged, in append-only files, and how it is read back.

The changes of requests that arrive together are one frame, written before their replies. A frame that is not whole is
as if it had never been.
"""
