/* New orders, rendered as the body of a BatchWriteItem call, with the same bytes as loadgen/workloads/orders.py. */
#ifndef LOADGEN_INSERTS_H
#define LOADGEN_INSERTS_H

#include "order.h"

enum { MAX_INSERTS = 25 };

/* The texts between an order's parts, in the order of the argument from loadgen/workloads/orders.py. */
typedef struct {
    OrderTexts order;
    Span begin, open, close, comma, end;
} InsertTexts;

typedef struct {
    Sizes sizes;
    int64_t epoch_ms;
} InsertNumbers;

/* One order: its number, when it is placed, and its parts. */
typedef struct {
    uint64_t number;
    int64_t placed_ms;
    Content content;
} Insert;

/* Reads a row's order; -1 with an exception. */
static int read_order(PyObject *row, PyObject *phases, const InsertNumbers *numbers, Insert *insert) {
    int64_t parts[3];
    if (read_integers(row, parts, 0, 3) < 0) return -1;
    if (parts[0] < 0 || parts[1] < 0 || parts[2] < 0) {
        PyErr_SetString(PyExc_ValueError, "a row has no negative numbers");
        return -1;
    }
    insert->number = (uint64_t)parts[1];
    insert->placed_ms = numbers->epoch_ms + parts[0] / 1000000;
    return read_content(&insert->content, phases, &numbers->sizes, parts[0], (uint64_t)parts[2]);
}

static PyObject *render_orders(const Insert *found, Py_ssize_t number, const InsertTexts *texts) {
    int64_t whole = length(texts->begin) + length(texts->end) + (number - 1) * length(texts->comma);
    int64_t fixed = length(texts->open) + stamp_bytes(&texts->order) + length(texts->close);
    for (Py_ssize_t i = 0; i < number; i++)
        whole += fixed + count_hex_digits(found[i].number) + content_bytes(&found[i].content, &texts->order);
    PyObject *body = PyBytes_FromStringAndSize(NULL, whole);
    if (!body) return NULL;
    uint8_t buffer[STAMP_BYTES], *to = put_bytes((uint8_t *)PyBytes_AsString(body), texts->begin);
    Span stamp = {0};
    for (Py_ssize_t i = 0; i < number; i++) {
        if (i) to = put_bytes(to, texts->comma);
        if (!i || found[i].placed_ms != found[i - 1].placed_ms)
            stamp = put_stamp(buffer, &texts->order, found[i].placed_ms);
        to = put_hex(put_bytes(to, texts->open), found[i].number);
        to = put_bytes(put_content(to, &found[i].content, &texts->order, stamp), texts->close);
    }
    put_bytes(to, texts->end);
    return body;
}

static PyObject *inserts(PyObject *module, PyObject *const *arguments, Py_ssize_t count) {
    (void)module;
    InsertTexts texts;
    InsertNumbers numbers;
    Insert found[MAX_INSERTS];
    if (read_count(count, 4, "inserts takes rows, texts, numbers and phases") < 0) return NULL;
    Py_ssize_t number = PyTuple_Size(arguments[0]);
    if (number < 0 || read_texts(arguments[1], &texts.order.ordered_at, sizeof texts / sizeof(Span)) < 0
        || read_integers(arguments[2], &numbers.sizes.phase_ns, 0, sizeof numbers / sizeof(int64_t)) < 0)
        return NULL;
    if (number < 1 || number > MAX_INSERTS || numbers.sizes.phase_ns < 1 || numbers.epoch_ms < 0
        || numbers.sizes.unpadded > length(texts.order.blob) || stamp_bytes(&texts.order) > STAMP_BYTES) {
        PyErr_SetString(
            PyExc_ValueError, "inserts takes 1 to 25 rows, a phase, an epoch, enough padding and short texts");
        return NULL;
    }
    int64_t units = 0;
    for (Py_ssize_t i = 0; i < number; i++) {
        if (read_order(PyTuple_GetItem(arguments[0], i), arguments[3], &numbers, &found[i]) < 0) return NULL;
        units += write_units(found[i].content.size);
    }
    PyObject *body = render_orders(found, number, &texts), *made = body ? PyTuple_New(2) : NULL;
    if (!made) {
        Py_DecRef(body);
        return NULL;
    }
    PyTuple_SetItem(made, 0, body);
    PyTuple_SetItem(made, 1, PyLong_FromLongLong(units));
    return made;
}

#endif
