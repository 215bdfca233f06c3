/* Reads the sockets of an epoll set, with the kernel's time stamps of arrival. */
#ifndef LOADGEN_RECEIVE_H
#define LOADGEN_RECEIVE_H

#include "arguments.h"
#include "linux.h"

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

/* Adds a socket's received bytes to `arrived`; -1 with an exception. */
static int receive_one(PyObject *arrived, int socket, const Template *template, int64_t now, int64_t ahead) {
    static char buffer[REPLY_BYTES];
    Control control = {0};
    Buffer room = {buffer, sizeof buffer};
    Message message = {.buffers = &room, .buffer_count = 1, .control = &control, .control_size = sizeof control};
    intptr_t size = recvmsg(socket, &message, MSG_DONTWAIT);
    int error = size < 0 ? *__errno_location() : 0;
    if (error == EAGAIN || error == EINTR) return 0;
    int64_t at = now;
    if (!error && message.control_size >= sizeof control && control.level == SOL_SOCKET
        && control.type == SCM_TIMESTAMPNS) {
        int64_t then = control.time.seconds * 1000000000 + control.time.ns - ahead;
        if (then < now) at = then;
    }
    PyObject *parts[] = {
        PyLong_FromLongLong(socket),
        error                                     ? PyLong_FromLongLong(error)
            : is_expected(template, buffer, size) ? Py_BuildValue("")
                                                  : PyBytes_FromStringAndSize(buffer, size),
        PyLong_FromLongLong(at),
    };
    PyObject *made = PyTuple_New(3);
    int failed = made && parts[0] && parts[1] && parts[2] ? 0 : -1;
    for (int i = 0; i < 3; i++) {
        if (made)
            PyTuple_SetItem(made, i, parts[i]);
        else
            Py_DecRef(parts[i]);
    }
    if (!failed) failed = PyList_Append(arrived, made);
    Py_DecRef(made);
    return failed;
}

static PyObject *receive(PyObject *module, PyObject *const *arguments, Py_ssize_t count) {
    static Event events[MAX_EVENTS];
    (void)module;
    int64_t poll;
    Template template;
    if (read_count(count, 2, "receive takes an epoll set's descriptor and a template") < 0
        || read_integer(arguments[0], &poll) < 0 || read_template(arguments[1], &template) < 0)
        return NULL;
    PyObject *arrived = PyList_New(0);
    if (!arrived) return NULL;
    int ready = epoll_wait((int)poll, events, MAX_EVENTS, 0);
    if (ready < 0 && *__errno_location() != EINTR) {
        Py_DecRef(arrived);
        return PyErr_SetFromErrno(PyExc_OSError);
    }
    int64_t now = read_clock(CLOCK_MONOTONIC), ahead = wall_clock_ahead();
    for (int i = 0; i < ready; i++) {
        if (receive_one(arrived, (int)events[i].data, &template, now, ahead) < 0) {
            Py_DecRef(arrived);
            return NULL;
        }
    }
    return arrived;
}

#endif
