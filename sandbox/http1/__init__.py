"""HTTP/1.1 for the server, in its event loop: a call that is answered at once costs no task and no other thread.

A general server hands each request over between threads and tasks, which costs more than most calls here take. What is
not answered at once goes to the application by ASGI, and a connection that speaks HTTP/2 to granian (`http2`).
"""
