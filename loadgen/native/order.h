/* The parts of an order's text, the same as in loadgen/workloads/orders.py. */
#ifndef LOADGEN_ORDER_H
#define LOADGEN_ORDER_H

#include "arguments.h"

enum { TIME_BYTES = 24, MAX_HEX_DIGITS = 16, UNIT_BYTES = 1024, STAMP_BYTES = 256 };

/* What an order's random bits select, and the bytes of padding that it gets. */
typedef struct {
    PyObject *head;
    Span text, basket;
    int64_t size, padding;
} Content;

/* How an order's size follows from its parts. */
typedef struct {
    int64_t phase_ns, fixed, padded, unpadded;
} Sizes;

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

/* Selects what an order contains; -1 with an exception. A head is a text, a size, its baskets, a channel and the size
 * of a note; a basket is a text and a size. */
static int read_content(Content *content, PyObject *phases, const Sizes *sizes, int64_t offset, uint64_t bits) {
    int64_t head_size, basket_size;
    PyObject *heads = choose(phases, (uint64_t)(offset / sizes->phase_ns)), *head = choose(heads, bits);
    if (!head || read_bytes(PyTuple_GetItem(head, 0), &content->text) < 0
        || read_integer(PyTuple_GetItem(head, 1), &head_size) < 0)
        return -1;
    PyObject *basket = choose(PyTuple_GetItem(head, 2), bits / (uint64_t)PyTuple_Size(heads));
    if (!basket || read_bytes(PyTuple_GetItem(basket, 0), &content->basket) < 0
        || read_integer(PyTuple_GetItem(basket, 1), &basket_size) < 0)
        return -1;
    prefetch(content->text);
    prefetch(content->basket);
    content->head = head;
    content->size = sizes->fixed + head_size + basket_size;
    if (content->size < 0) {
        PyErr_SetString(PyExc_ValueError, "an order has no negative size");
        return -1;
    }
    content->padding = sizes->unpadded - content->size;
    if (content->padding > 0) content->size = sizes->padded;
    return 0;
}

static int64_t write_units(int64_t size) {
    return (size + UNIT_BYTES - 1) / UNIT_BYTES;
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

/* The texts of an order between its number and its head, and of its padding. */
typedef struct {
    Span ordered_at, updated_at, content, padding, padding_end, blob;
} OrderTexts;

static int64_t stamp_bytes(const OrderTexts *texts) {
    return length(texts->ordered_at) + length(texts->updated_at) + length(texts->content) + 2 * TIME_BYTES;
}

/* Writes the text that follows the number of all orders of a millisecond, into STAMP_BYTES bytes. */
static Span put_stamp(uint8_t *buffer, const OrderTexts *texts, int64_t epoch_ms) {
    uint8_t *now = put_bytes(buffer, texts->ordered_at);
    uint8_t *to = put_bytes(put_milliseconds(now, epoch_ms), texts->updated_at);
    to = put_bytes(to, (Span){now, now + TIME_BYTES});
    return (Span){buffer, put_bytes(to, texts->content)};
}

static int64_t content_bytes(const Content *content, const OrderTexts *texts) {
    int64_t bytes = length(content->text) + length(content->basket);
    return content->padding > 0 ? bytes + length(texts->padding) + content->padding + length(texts->padding_end)
                                : bytes;
}

/* Writes an order's text from the stamp to the padding. */
static uint8_t *put_content(uint8_t *to, const Content *content, const OrderTexts *texts, Span stamp) {
    to = put_bytes(put_bytes(put_bytes(to, stamp), content->text), content->basket);
    if (content->padding <= 0) return to;
    to = put_bytes(put_bytes(to, texts->padding), (Span){texts->blob.at, texts->blob.at + content->padding});
    return put_bytes(to, texts->padding_end);
}

#endif
