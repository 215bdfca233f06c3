"""The journal: what the server has acknowledged, in append-only files, and how it is read back.

A request's changes are one frame, written before its reply. A frame that is not whole is as if it had never been.
"""
