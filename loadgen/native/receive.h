/* Reads the sockets of an epoll set, with the kernel's time stamps of arrival. */
#ifndef LOADGEN_RECEIVE_H
#define LOADGEN_RECEIVE_H

#include "linux.h"
#include "objects.h"

enum { MAX_EVENTS = 512, REPLY_BYTES = 1 << 16, MAX_CLOCK_READS = 8, CLOSE_ENOUGH_NS = 10000 };

/* The difference of the wall clock to the monotonic clock, in ns. They are read one after the other: an interruption
   of the process between two reads distorts the difference, so they are then read again. */
static int64_t wall_clock_ahead(void) {
    int64_t best = INT64_MAX, ahead = 0;
    for (int i = 0; i < MAX_CLOCK_READS && best > CLOSE_ENOUGH_NS; i++) {
        int64_t before = read_clock(CLOCK_MONOTONIC), wall = read_clock(CLOCK_REALTIME);
        int64_t after = read_clock(CLOCK_MONOTONIC);
        if (after - before >= best) continue;
        best = after - before;
        ahead = wall - before - best / 2;
    }
    return ahead;
}

/* A response whose bytes are all known, except those of its date and its request id. */
typedef struct {
    Span begin, between, end;
    int64_t between_at, bytes;
} Template;

/* Reads a template, of which None has no bytes; -1 with an exception. */
static int read_template(PyObject *object, Template *template) {
    Py_ssize_t parts = PyTuple_Size(object);
    template->bytes = -1;
    if (parts < 0) {
        PyErr_Clear();
        return 0;
    }
    if (read_bytes(PyTuple_GetItem(object, 0), &template->begin) < 0
        || read_bytes(PyTuple_GetItem(object, 1), &template->between) < 0
        || read_bytes(PyTuple_GetItem(object, 2), &template->end) < 0
        || read_integers(object, &template->between_at, 3, 2) < 0)
        return -1;
    int64_t end_at = template->bytes - length(template->end);
    if (length(template->begin) <= template->between_at && template->between_at + length(template->between) <= end_at)
        return 0;
    PyErr_SetString(PyExc_ValueError, "a template's parts follow each other");
    return -1;
}

/* Compares to the end in any case, so that the compiler takes many bytes at a time. */
static int is_part(const char *at, Span part) {
    uint8_t different = 0;
    for (int64_t i = 0; i < length(part); i++) different |= (uint8_t)at[i] ^ part.at[i];
    return !different;
}

static int is_expected(const Template *template, const char *at, int64_t bytes) {
    return bytes == template->bytes && is_part(at, template->begin)
        && is_part(at + template->between_at, template->between)
        && is_part(at + bytes - length(template->end), template->end);
}

/* What `receive` reads from and adds to; `calls` has those in flight by socket. */
typedef struct {
    Template template;
    PyObject *calls, *idle, *succeeded, *arrived;
    int64_t now, ahead;
} Receipt;

/* Ends the call in flight on a socket, if there is one; 1 if it has ended, -1 with an exception. */
static int end_call(const Receipt *receipt, int socket, int64_t at) {
    static PyObject *answered_at;
    if (!answered_at) answered_at = PyUnicode_InternFromString("answered_ns");
    PyObject *none = Py_BuildValue("");
    PyObject *call =
        answered_at && none && socket < PyList_Size(receipt->calls) ? PyList_GetItem(receipt->calls, socket) : NULL;
    if (!call || call == none) {
        Py_DecRef(none);
        return PyErr_Occurred() ? -1 : 0;
    }
    Py_IncRef(call);
    /* Takes the reference to None. */
    int failed = PyList_SetItem(receipt->calls, socket, none);
    PyObject *time = failed ? NULL : PyLong_FromLongLong(at);
    if (!time || PyObject_SetAttr(call, answered_at, time) < 0) failed = -1;
    Py_DecRef(time);
    if (!failed) failed = append(receipt->idle, PyLong_FromLongLong(socket));
    if (failed)
        Py_DecRef(call);
    else
        failed = append(receipt->succeeded, call);
    return failed ? -1 : 1;
}

/* Adds what was read from a socket to `arrived`: it is a success that no call waits for if `data` is NULL. */
static int add_arrived(const Receipt *receipt, int socket, const char *data, intptr_t size, int error, int64_t at) {
    PyObject *parts[] = {
        PyLong_FromLongLong(socket),
        error       ? PyLong_FromLongLong(error)
            : !data ? Py_BuildValue("")
                    : PyBytes_FromStringAndSize(data, size),
        PyLong_FromLongLong(at),
    };
    return append(receipt->arrived, pack(parts, 3));
}

/* Reads once from a socket; 1 if there may be more that epoll does not report again, -1 with an exception.
 *
 * Epoll reports each arrival once: what came before the report with the end of the stream is reported with it. */
static int receive_one(const Receipt *receipt, int socket, uint32_t reported) {
    static char buffer[REPLY_BYTES];
    Control control = {0};
    Buffer room = {buffer, sizeof buffer};
    Message message = {.buffers = &room, .buffer_count = 1, .control = &control, .control_size = sizeof control};
    intptr_t size = recvmsg(socket, &message, MSG_DONTWAIT);
    int error = size < 0 ? *__errno_location() : 0;
    if (error == EAGAIN || error == EINTR) return error == EINTR;
    int64_t at = receipt->now;
    if (!error && message.control_size >= sizeof control && control.level == SOL_SOCKET
        && control.type == SCM_TIMESTAMPNS) {
        int64_t then = control.time.seconds * 1000000000 + control.time.ns - receipt->ahead;
        if (then < at) at = then;
    }
    int more = size == sizeof buffer || (size > 0 && reported != EPOLL_IN);
    int expected = !error && is_expected(&receipt->template, buffer, size);
    int ended = expected ? end_call(receipt, socket, at) : 0;
    if (ended < 0) return -1;
    if (!ended && add_arrived(receipt, socket, expected ? NULL : buffer, size, error, at) < 0) return -1;
    return more;
}

static PyObject *receive(PyObject *module, PyObject *const *arguments, Py_ssize_t count) {
    static Event events[MAX_EVENTS];
    (void)module;
    int64_t poll;
    Receipt receipt;
    if (read_count(count, 5, "receive takes an epoll set's descriptor, a template and three lists") < 0
        || read_integer(arguments[0], &poll) < 0 || read_template(arguments[1], &receipt.template) < 0
        || PyList_Size(arguments[2]) < 0 || PyList_Size(arguments[3]) < 0 || PyList_Size(arguments[4]) < 0)
        return NULL;
    receipt.calls = arguments[2];
    receipt.idle = arguments[3];
    receipt.succeeded = arguments[4];
    receipt.arrived = PyList_New(0);
    if (!receipt.arrived) return NULL;
    int ready = epoll_wait((int)poll, events, MAX_EVENTS, 0);
    if (ready < 0 && *__errno_location() != EINTR) {
        Py_DecRef(receipt.arrived);
        return PyErr_SetFromErrno(PyExc_OSError);
    }
    receipt.now = read_clock(CLOCK_MONOTONIC);
    receipt.ahead = wall_clock_ahead();
    for (int i = 0; i < ready; i++) {
        int more = 1;
        while (more > 0) more = receive_one(&receipt, (int)events[i].data, events[i].events);
        if (more < 0) {
            Py_DecRef(receipt.arrived);
            return NULL;
        }
    }
    return receipt.arrived;
}

#endif
