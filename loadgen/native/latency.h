/* Counts the latencies of calls by µs, in lists as loadgen/metrics/histogram.py has them. */
#ifndef LOADGEN_LATENCY_H
#define LOADGEN_LATENCY_H

#include "objects.h"

enum { PLANNED_AT, SENT_AT, ANSWERED_AT, OP_NAME, VERSION, UNITS, SUBJECT, ATTRIBUTES };

/* An attribute of a call of loadgen/dynamodb/writes.py; NULL with an exception. */
static PyObject *attribute_of(PyObject *call, int attribute) {
    static const char *const texts[ATTRIBUTES] = {
        "planned_ns", "sent_ns", "answered_ns", "op", "version", "units", "subject"};
    static PyObject *names[ATTRIBUTES];
    if (!names[attribute]) names[attribute] = PyUnicode_InternFromString(texts[attribute]);
    return names[attribute] ? PyObject_GetAttr(call, names[attribute]) : NULL;
}

static int read_attribute(PyObject *call, int attribute, int64_t *number) {
    PyObject *object = attribute_of(call, attribute);
    int failed = read_integer(object, number);
    Py_DecRef(object);
    return failed;
}

/* The place of a latency in a list of counts; -1 if the list has none for it. */
static Py_ssize_t latency_place(PyObject *counts, int64_t from, int64_t to) {
    int64_t ns = to - from;
    return ns >= 0 && ns / 1000 < PyList_Size(counts) ? (Py_ssize_t)(ns / 1000) : -1;
}

static int count_latency(PyObject *counts, Py_ssize_t place) {
    int64_t number;
    if (read_integer(PyList_GetItem(counts, place), &number) < 0) return -1;
    PyObject *more = PyLong_FromLongLong(number + 1);
    return more ? PyList_SetItem(counts, place, more) : -1;
}

/* Counts how long after its time each call was sent; returns the calls for which there is no place. */
static PyObject *lags(PyObject *module, PyObject *const *arguments, Py_ssize_t count) {
    (void)module;
    if (read_count(count, 2, "lags takes calls and counts") < 0 || PyList_Size(arguments[1]) < 0) return NULL;
    Py_ssize_t number = PyList_Size(arguments[0]);
    PyObject *others = number < 0 ? NULL : PyList_New(0);
    int failed = !others;
    for (Py_ssize_t i = 0; i < number && !failed; i++) {
        int64_t planned, sent;
        PyObject *call = held(PyList_GetItem(arguments[0], i));
        failed = !call || read_attribute(call, PLANNED_AT, &planned) < 0 || read_attribute(call, SENT_AT, &sent) < 0;
        Py_ssize_t place = failed ? -1 : latency_place(arguments[1], planned, sent);
        if (!failed) failed = place < 0 ? PyList_Append(others, call) : count_latency(arguments[1], place);
        Py_DecRef(call);
    }
    if (!failed) return others;
    Py_DecRef(others);
    return NULL;
}

#endif
