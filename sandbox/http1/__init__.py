"""HTTP/1.1 for the server, in its event loop: a call with an immediate reply needs no task and no other thread.

A general-purpose server passes each request between threads and tasks, which costs more than most calls here take.
Other requests are passed to the application by ASGI, and an HTTP/2 connection to granian (`http2`).
"""
