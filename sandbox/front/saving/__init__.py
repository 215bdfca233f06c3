"""What of the server is on file, so that a server that was killed goes on where it was.

Items, records, objects and messages are in the journal (`sandbox.journal`), one by one. Everything else that moto keeps
is saved by service, whenever a call may have changed it.
"""
