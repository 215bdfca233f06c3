/* The header fields of an HTTP/1.1 request (https://www.rfc-editor.org/rfc/rfc9112#section-5), as a list of pairs.
 *
 * Names get lower case, and values lose the white space around them. What is not usual is left to the slow path: a
 * line without a colon, a name with anything but printable ASCII, a control character in a value. */
#ifndef SANDBOX_HEADERS_H
#define SANDBOX_HEADERS_H

#include "arguments.h"

enum { MOST_NAME = 64 };

typedef struct {
    Span name, value;
    const uint8_t *next;
} Field;

/* The field that begins at `at`; 0 where it is not usual. Its name is written to `lower`, in lower case. */
static int read_field(const uint8_t *at, const uint8_t *end, uint8_t *lower, Field *field) {
    uint8_t *to = lower;
    for (; at < end && *at != ':'; at++) {
        if (*at <= ' ' || *at > '~' || to == lower + MOST_NAME) return 0;
        *to++ = (uint8_t)(*at + (*at >= 'A' && *at <= 'Z') * ('a' - 'A'));
    }
    if (at == end || to == lower) return 0;
    field->name = (Span){lower, to};
    for (at++; at < end && (*at == ' ' || *at == '\t');) at++;
    field->value.at = at;
    while (at < end && (*at >= ' ' || *at == '\t')) at++;
    field->value.end = at;
    if (at != end && (*at != '\r' || at + 1 == end || at[1] != '\n')) return 0;
    field->next = at == end ? end : at + 2;
    while (field->value.end > field->value.at && (field->value.end[-1] == ' ' || field->value.end[-1] == '\t'))
        field->value.end--;
    return 1;
}

static PyObject *bytes_of(Span span) {
    return PyBytes_FromStringAndSize((const char *)span.at, length(span));
}

/* -1 with an exception set where it fails. */
static int append_field(PyObject *fields, const Field *field) {
    PyObject *pair = PyTuple_New(2), *name = bytes_of(field->name), *value = bytes_of(field->value);
    /* The pair takes both over, also where it fails. */
    int failed = !pair || !name || !value;
    if (pair && name)
        failed |= PyTuple_SetItem(pair, 0, name) < 0;
    else if (name)
        Py_DecRef(name);
    if (pair && value)
        failed |= PyTuple_SetItem(pair, 1, value) < 0;
    else if (value)
        Py_DecRef(value);
    failed = failed || PyList_Append(fields, pair) < 0;
    if (pair) Py_DecRef(pair);
    return failed ? -1 : 0;
}

/* The fields of the lines from `at` to `end`; None where one is not usual. */
static PyObject *read_fields(const uint8_t *at, const uint8_t *end) {
    PyObject *fields = PyList_New(0);
    uint8_t lower[MOST_NAME];
    Field field;
    for (int failed = 0; fields && at < end; at = field.next) {
        int is_usual = read_field(at, end, lower, &field);
        if (is_usual) failed = append_field(fields, &field) < 0;
        if (is_usual && !failed) continue;
        Py_DecRef(fields);
        return failed ? NULL : Py_BuildValue("");
    }
    return fields;
}

#endif
