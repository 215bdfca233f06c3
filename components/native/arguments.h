/* Converts Python's arguments to C. Each reader returns -1 with an exception set. */
#ifndef NATIVE_ARGUMENTS_H
#define NATIVE_ARGUMENTS_H

#include "python.h"
#include "text.h"

/* A function of the module, under its own name. */
#define METHOD(function) {#function, (PyCFunction)(void (*)(void))(function), METH_FASTCALL, NULL}

/* The digest of the sources, which components/compiler.py defines. */
#ifndef SOURCES
#define SOURCES ""
#endif

/* A module of these functions. Its __doc__ tells who loads it of which sources it is compiled. */
#define MODULE(functions) \
    {.m_base = {.ob_base = {.ob_refcnt = 1}}, .m_name = "_native", .m_doc = SOURCES, .m_methods = (functions)}

static inline int read_count(Py_ssize_t count, Py_ssize_t expected, const char *usage) {
    if (count == expected) return 0;
    PyErr_SetString(PyExc_TypeError, usage);
    return -1;
}

/* The span is valid as long as the object; NULL is passed on where an earlier step failed. */
static inline int read_bytes(PyObject *object, Span *span) {
    char *at;
    Py_ssize_t size;
    if (!object || PyBytes_AsStringAndSize(object, &at, &size) < 0) return -1;
    *span = (Span){(const uint8_t *)at, (const uint8_t *)at + size};
    return 0;
}

static inline int read_integer(PyObject *object, int64_t *number) {
    if (!object) return -1;
    *number = PyLong_AsLongLong(object);
    return *number == -1 && PyErr_Occurred() ? -1 : 0;
}

static inline int read_integers(PyObject *tuple, int64_t *numbers, Py_ssize_t first, Py_ssize_t count) {
    for (Py_ssize_t i = 0; i < count; i++)
        if (read_integer(PyTuple_GetItem(tuple, first + i), &numbers[i]) < 0) return -1;
    return 0;
}

/* Whether a buffer is an array of at least this many 64-bit integers. */
static inline int is_array(const Py_buffer *buffer, Py_ssize_t count) {
    return buffer->len >= count * (Py_ssize_t)sizeof(int64_t) && (uintptr_t)buffer->buf % sizeof(int64_t) == 0;
}

#endif
