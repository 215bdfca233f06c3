/* Sends requests, each on its socket, and sets the times at which they leave. */
#ifndef LOADGEN_SEND_H
#define LOADGEN_SEND_H

#include "arguments.h"
#include "linux.h"

static const char send_usage[] = "send takes calls, their sockets and their requests, in lists of one length";

/* Sends one request at a time that is set in its call; returns the bytes sent or a negative error number. */
static int64_t send_one(PyObject *call, PyObject *sent_at, int64_t socket, Span request) {
    PyObject *now = PyLong_FromLongLong(read_clock(CLOCK_MONOTONIC));
    int failed = now ? PyObject_SetAttr(call, sent_at, now) : -1;
    Py_DecRef(now);
    if (failed) return INT64_MIN;
    intptr_t sent = sendto((int)socket, request.at, (size_t)length(request), MSG_DONTWAIT | MSG_NOSIGNAL, NULL, 0);
    return sent < 0 ? -(int64_t)*__errno_location() : sent;
}

/* Adds what was sent of a request that was not sent whole; -1 with an exception. */
static int add_unsent(PyObject *unsent, Py_ssize_t index, int64_t sent) {
    PyObject *pair = Py_BuildValue("LL", (long long)index, (long long)sent);
    int failed = pair ? PyList_Append(unsent, pair) : -1;
    Py_DecRef(pair);
    return failed;
}

static PyObject *send(PyObject *module, PyObject *const *arguments, Py_ssize_t count) {
    (void)module;
    if (read_count(count, 3, send_usage) < 0) return NULL;
    Py_ssize_t number = PyList_Size(arguments[0]);
    if (number < 0 || number != PyList_Size(arguments[1]) || number != PyList_Size(arguments[2])) {
        if (!PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, send_usage);
        return NULL;
    }
    PyObject *sent_at = PyUnicode_InternFromString("sent_ns"), *unsent = sent_at ? PyList_New(0) : NULL;
    int failed = unsent ? 0 : -1;
    for (Py_ssize_t i = 0; i < number && !failed; i++) {
        PyObject *call = PyList_GetItem(arguments[0], i), *request = PyList_GetItem(arguments[2], i);
        int64_t socket;
        Span bytes;
        failed = call ? read_integer(PyList_GetItem(arguments[1], i), &socket) : -1;
        if (!failed) failed = read_bytes(request, &bytes);
        if (failed) break;
        /* Held: setting an attribute may run Python code that changes the lists. */
        Py_IncRef(call);
        Py_IncRef(request);
        int64_t sent = send_one(call, sent_at, socket, bytes);
        if (sent == INT64_MIN)
            failed = -1;
        else if (sent != length(bytes))
            failed = add_unsent(unsent, i, sent);
        Py_DecRef(call);
        Py_DecRef(request);
    }
    Py_DecRef(sent_at);
    if (!failed) return unsent;
    Py_DecRef(unsent);
    return NULL;
}

#endif
