/* Decodes a batch's records from base64 into one buffer.
 *
 * A large batch is not in the processor's cache, and its records are objects in many places. Read one by one, each
 * would wait for the memory; so what is read next is asked for while something else is read. */
#ifndef TRANSFORM_CONTENTS_H
#define TRANSFORM_CONTENTS_H

#include "arguments.h"
#include "base64.h"

enum { CACHE_LINE = 64, OBJECTS_AHEAD = 8, TEXTS_AHEAD = 2 };

static const char contents_usage[] = "contents takes a list of records, a buffer and lengths";

/* A record's data: an object that the record owns, or NULL, and its text, empty where it has none. */
typedef struct {
    PyObject *object;
    Span text;
} Data;

static void expect_text(Span text) {
    for (const uint8_t *p = text.at; p < text.end; p += CACHE_LINE) __builtin_prefetch(p);
}

static Span text_of(PyObject *object) {
    Py_ssize_t size = 0;
    const char *at = object ? PyUnicode_AsUTF8AndSize(object, &size) : "";
    if (!at) {
        PyErr_Clear();
        return (Span){(const uint8_t *)"", (const uint8_t *)""};
    }
    return (Span){(const uint8_t *)at, (const uint8_t *)at + size};
}

/* Finds each record's data, and returns the bytes that `decode_each` needs for them. */
static int64_t find_each(PyObject *records, PyObject *name, Data *data, Py_ssize_t count) {
    for (Py_ssize_t i = 0; i < count; i++) {
        if (i + OBJECTS_AHEAD < count) __builtin_prefetch(PyList_GetItem(records, i + OBJECTS_AHEAD));
        data[i].object = PyDict_GetItemWithError(PyList_GetItem(records, i), name);
        if (!data[i].object) PyErr_Clear(); /* the record is no dict */
        __builtin_prefetch(data[i].object);
    }
    int64_t bytes = AT_ONCE;
    for (Py_ssize_t i = 0; i < count; i++) {
        data[i].text = text_of(data[i].object);
        bytes += decoded_room(length(data[i].text)) - AT_ONCE + 1;
    }
    return bytes;
}

/* Writes each record's bytes with a NUL behind, and 15 more behind the last. One that is not base64 has none. */
static void decode_each(const Data *data, Py_ssize_t count, uint8_t *to, int64_t *lengths) {
    for (Py_ssize_t i = 0; i < count; i++) {
        if (i + TEXTS_AHEAD < count) expect_text(data[i + TEXTS_AHEAD].text);
        uint8_t *end = decode_text(to, data[i].text);
        lengths[i] = end ? end - to : 0;
        to += lengths[i];
        *to++ = 0;
    }
    memset(to, 0, AT_ONCE - 1);
}

/* Returns the bytes needed, or -1 with an exception; where there are not as many, nothing is decoded. */
static int64_t decode_records(PyObject *records, Py_ssize_t count, const Py_buffer *room, const Py_buffer *lengths) {
    if (!is_array(lengths, count)) {
        PyErr_SetString(PyExc_ValueError, "the lengths have no room for each record's");
        return -1;
    }
    PyObject *name = PyUnicode_InternFromString("data");
    Data *data = PyMem_Malloc((size_t)count * sizeof *data);
    int64_t needed = -1;
    if (name && data) {
        needed = find_each(records, name, data, count);
        if (needed <= room->len) decode_each(data, count, room->buf, lengths->buf);
    } else
        PyErr_NoMemory();
    PyMem_Free(data);
    if (name) Py_DecRef(name);
    return needed;
}

static PyObject *contents(PyObject *module, PyObject *const *arguments, Py_ssize_t given) {
    (void)module;
    Py_buffer room, lengths;
    if (read_count(given, 3, contents_usage) < 0) return NULL;
    Py_ssize_t count = PyList_Size(arguments[0]);
    if (count < 0 || PyObject_GetBuffer(arguments[1], &room, PyBUF_WRITABLE) < 0) return NULL;
    int64_t needed = -1;
    if (PyObject_GetBuffer(arguments[2], &lengths, PyBUF_WRITABLE) == 0) {
        needed = decode_records(arguments[0], count, &room, &lengths);
        PyBuffer_Release(&lengths);
    }
    PyBuffer_Release(&room);
    return needed < 0 ? NULL : PyLong_FromLongLong(needed);
}

#endif
