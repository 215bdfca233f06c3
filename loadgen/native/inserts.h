/* New orders, rendered as the body of a BatchWriteItem call, with the same bytes as loadgen/workloads/orders.py. */
#ifndef LOADGEN_INSERTS_H
#define LOADGEN_INSERTS_H

#include "arguments.h"

enum { MAX_INSERTS = 25, TIME_BYTES = 24, MAX_HEX_DIGITS = 16, UNIT_BYTES = 1024, STAMP_BYTES = 256 };

/* The texts between an order's parts, in the order of the argument from loadgen/workloads/inserts.py. */
typedef struct {
    Span begin, open, ordered_at, updated_at, content, padding, padding_end, close, comma, end, blob;
} InsertTexts;

typedef struct {
    int64_t epoch_ms, phase_ns, fixed_size, padded_bytes, unpadded_bytes;
} InsertNumbers;

/* One order: its number, when it is placed, and its parts. */
typedef struct {
    uint64_t number;
    int64_t placed_ms;
    Span head, basket;
    int64_t padding;
} Insert;

static int read_texts(PyObject *tuple, Span *texts, Py_ssize_t count) {
    for (Py_ssize_t i = 0; i < count; i++)
        if (read_bytes(PyTuple_GetItem(tuple, i), &texts[i]) < 0) return -1;
    return 0;
}

/* Selects a tuple's item by `chance`, all equally likely; NULL with an exception. */
static PyObject *choose(PyObject *tuple, uint64_t chance) {
    Py_ssize_t size = tuple ? PyTuple_Size(tuple) : -1;
    if (size == 0) PyErr_SetString(PyExc_ValueError, "there is nothing to choose from");
    return size > 0 ? PyTuple_GetItem(tuple, (Py_ssize_t)(chance % (uint64_t)size)) : NULL;
}

/* Prefetches a text while other rows are read: the texts exceed the inner caches. */
static void prefetch(Span text) {
    for (int64_t i = 0; i < length(text); i += 64) __builtin_prefetch(text.at + i);
}

/* Reads a row's order and returns its size as an item; -1 with an exception. */
static int64_t read_order(PyObject *row, PyObject *phases, const InsertNumbers *numbers, Insert *insert) {
    int64_t parts[3], head_size, basket_size;
    if (read_integers(row, parts, 0, 3) < 0) return -1;
    if (parts[0] < 0 || parts[1] < 0 || parts[2] < 0) {
        PyErr_SetString(PyExc_ValueError, "a row has no negative numbers");
        return -1;
    }
    uint64_t bits = (uint64_t)parts[2];
    PyObject *heads = choose(phases, (uint64_t)(parts[0] / numbers->phase_ns));
    PyObject *head = choose(heads, bits);
    if (!head || read_bytes(PyTuple_GetItem(head, 0), &insert->head) < 0
        || read_integer(PyTuple_GetItem(head, 1), &head_size) < 0)
        return -1;
    PyObject *basket = choose(PyTuple_GetItem(head, 2), bits / (uint64_t)PyTuple_Size(heads));
    if (!basket || read_bytes(PyTuple_GetItem(basket, 0), &insert->basket) < 0
        || read_integer(PyTuple_GetItem(basket, 1), &basket_size) < 0)
        return -1;
    prefetch(insert->head);
    prefetch(insert->basket);
    insert->number = (uint64_t)parts[1];
    insert->placed_ms = numbers->epoch_ms + parts[0] / 1000000;
    int64_t size = numbers->fixed_size + head_size + basket_size;
    if (size < 0) {
        PyErr_SetString(PyExc_ValueError, "an order has no negative size");
        return -1;
    }
    insert->padding = numbers->unpadded_bytes - size;
    return insert->padding > 0 ? numbers->padded_bytes : size;
}

/* Eight hexadecimal digits, or more if the number needs them. */
static int count_hex_digits(uint64_t number) {
    int digits = 8;
    while (digits < MAX_HEX_DIGITS && number >> 4 * digits) digits++;
    return digits;
}

static uint8_t *put_hex(uint8_t *to, uint64_t number) {
    int digits = count_hex_digits(number);
    for (int i = digits; i--; number >>= 4) to[i] = (uint8_t)"0123456789abcdef"[number & 15];
    return to + digits;
}

/* ISO 8601 in UTC with milliseconds. */
static uint8_t *put_milliseconds(uint8_t *to, int64_t epoch_ms) {
    to = put_time(to, epoch_ms / 1000, 'T');
    *to++ = '.';
    to = put_digits(to, epoch_ms % 1000, 3);
    *to++ = 'Z';
    return to;
}

/* Writes the text that follows the number of all orders of a millisecond, into STAMP_BYTES bytes. */
static Span put_stamp(uint8_t *buffer, const InsertTexts *texts, int64_t epoch_ms) {
    uint8_t *to = put_milliseconds(put_bytes(buffer, texts->ordered_at), epoch_ms);
    to = put_milliseconds(put_bytes(to, texts->updated_at), epoch_ms);
    return (Span){buffer, put_bytes(to, texts->content)};
}

static uint8_t *put_order(uint8_t *to, const Insert *insert, const InsertTexts *texts, Span stamp) {
    to = put_bytes(put_hex(put_bytes(to, texts->open), insert->number), stamp);
    to = put_bytes(put_bytes(to, insert->head), insert->basket);
    if (insert->padding > 0) {
        to = put_bytes(put_bytes(to, texts->padding), (Span){texts->blob.at, texts->blob.at + insert->padding});
        to = put_bytes(to, texts->padding_end);
    }
    return put_bytes(to, texts->close);
}

static int64_t stamp_bytes(const InsertTexts *texts) {
    return length(texts->ordered_at) + length(texts->updated_at) + length(texts->content) + 2 * TIME_BYTES;
}

static int64_t order_bytes(const Insert *insert, const InsertTexts *texts) {
    int64_t bytes = length(texts->open) + count_hex_digits(insert->number) + stamp_bytes(texts) + length(insert->head)
        + length(insert->basket) + length(texts->close);
    return insert->padding > 0 ? bytes + length(texts->padding) + insert->padding + length(texts->padding_end) : bytes;
}

static PyObject *render_orders(const Insert *found, Py_ssize_t number, const InsertTexts *texts) {
    int64_t whole = length(texts->begin) + length(texts->end) + (number - 1) * length(texts->comma);
    for (Py_ssize_t i = 0; i < number; i++) whole += order_bytes(&found[i], texts);
    PyObject *body = PyBytes_FromStringAndSize(NULL, whole);
    if (!body) return NULL;
    uint8_t buffer[STAMP_BYTES], *to = put_bytes((uint8_t *)PyBytes_AsString(body), texts->begin);
    Span stamp = {0};
    for (Py_ssize_t i = 0; i < number; i++) {
        if (i) to = put_bytes(to, texts->comma);
        if (!i || found[i].placed_ms != found[i - 1].placed_ms) stamp = put_stamp(buffer, texts, found[i].placed_ms);
        to = put_order(to, &found[i], texts, stamp);
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
    if (number < 0 || read_texts(arguments[1], &texts.begin, sizeof texts / sizeof(Span)) < 0
        || read_integers(arguments[2], &numbers.epoch_ms, 0, sizeof numbers / sizeof(int64_t)) < 0)
        return NULL;
    if (number < 1 || number > MAX_INSERTS || numbers.phase_ns < 1 || numbers.epoch_ms < 0
        || numbers.unpadded_bytes > length(texts.blob) || stamp_bytes(&texts) > STAMP_BYTES) {
        PyErr_SetString(
            PyExc_ValueError, "inserts takes 1 to 25 rows, a phase, an epoch, enough padding and short texts");
        return NULL;
    }
    int64_t units = 0;
    for (Py_ssize_t i = 0; i < number; i++) {
        int64_t size = read_order(PyTuple_GetItem(arguments[0], i), arguments[3], &numbers, &found[i]);
        if (size < 0) return NULL;
        units += (size + UNIT_BYTES - 1) / UNIT_BYTES;
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
