"""The persistence of the server's state, so that a killed server continues where it was.

Items, records, objects and messages are in the journal (`sandbox.journal`), one by one. moto's other state is saved by
service, whenever a call may have changed it.
"""
