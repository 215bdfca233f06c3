/* New orders, rendered as the body of a BatchWriteItem call: what loadgen/orders.py makes of each on its own. */
#ifndef LOADGEN_INSERTS_H
#define LOADGEN_INSERTS_H

#include "python.h"
#include "sha256.h"

enum { INSERTS_MOST = 25, INSERTS_TIME = 24, INSERTS_DIGITS = 16, INSERTS_UNIT = 1024, INSERTS_STAMP = 256 };

typedef struct {
    const char *at;
    Py_ssize_t size;
} Text;

/* What stands between an order's own parts, in the order in which loadgen/inserts.py gives it. */
typedef struct {
    Text begin, open, ordered_at, updated_at, content, padding, padding_end, close, comma, end, blob;
} InsertTexts;

typedef struct {
    int64_t epoch_ms, phase_ns, fixed_size, padded_bytes, unpadded_bytes;
} InsertNumbers;

/* One order: its number, when it is placed, and its parts. */
typedef struct {
    uint64_t number;
    int64_t placed_ms;
    Text head, basket;
    int64_t padding;
} Insert;

static int inserts_text(PyObject *object, Text *text) {
    char *at;
    if (!object || PyBytes_AsStringAndSize(object, &at, &text->size) < 0) return -1;
    text->at = at;
    return 0;
}

static int inserts_texts(PyObject *tuple, Text *texts, Py_ssize_t count) {
    for (Py_ssize_t i = 0; i < count; i++)
        if (inserts_text(PyTuple_GetItem(tuple, i), texts + i) < 0) return -1;
    return 0;
}

static int inserts_number(PyObject *object, int64_t *number) {
    if (!object) return -1;
    *number = PyLong_AsLongLong(object);
    return *number == -1 && PyErr_Occurred() ? -1 : 0;
}

static int inserts_numbers(PyObject *tuple, int64_t *numbers, Py_ssize_t count) {
    for (Py_ssize_t i = 0; i < count; i++)
        if (inserts_number(PyTuple_GetItem(tuple, i), numbers + i) < 0) return -1;
    return 0;
}

/* The item of a tuple that is chosen by `chance`, one as likely as another; NULL with an exception. */
static PyObject *inserts_chosen(PyObject *tuple, uint64_t chance) {
    Py_ssize_t size = tuple ? PyTuple_Size(tuple) : -1;
    if (size == 0) PyErr_SetString(PyExc_ValueError, "there is nothing to choose from");
    return size > 0 ? PyTuple_GetItem(tuple, (Py_ssize_t)(chance % (uint64_t)size)) : NULL;
}

/* Have a text fetched from memory while the other rows are looked at: there are too many for the inner caches. */
static void inserts_fetch(Text text) {
    for (Py_ssize_t i = 0; i < text.size; i += 64) __builtin_prefetch(text.at + i);
}

/* A row's order, and its size as an item; -1 with an exception. */
static int64_t inserts_order(PyObject *row, PyObject *phases, const InsertNumbers *numbers, Insert *insert) {
    int64_t parts[3], head_size, basket_size;
    if (inserts_numbers(row, parts, 3) < 0) return -1;
    if (parts[0] < 0 || parts[1] < 0 || parts[2] < 0) {
        PyErr_SetString(PyExc_ValueError, "a row has no negative numbers");
        return -1;
    }
    uint64_t bits = (uint64_t)parts[2];
    PyObject *heads = inserts_chosen(phases, (uint64_t)(parts[0] / numbers->phase_ns));
    PyObject *head = inserts_chosen(heads, bits);
    if (!head || inserts_text(PyTuple_GetItem(head, 0), &insert->head) < 0
        || inserts_number(PyTuple_GetItem(head, 1), &head_size) < 0)
        return -1;
    PyObject *basket = inserts_chosen(PyTuple_GetItem(head, 2), bits / (uint64_t)PyTuple_Size(heads));
    if (!basket || inserts_text(PyTuple_GetItem(basket, 0), &insert->basket) < 0
        || inserts_number(PyTuple_GetItem(basket, 1), &basket_size) < 0)
        return -1;
    inserts_fetch(insert->head);
    inserts_fetch(insert->basket);
    insert->number = (uint64_t)parts[1];
    insert->placed_ms = numbers->epoch_ms + parts[0] / 1000000;
    int64_t size = numbers->fixed_size + head_size + basket_size;
    insert->padding = numbers->unpadded_bytes - size;
    return insert->padding > 0 ? numbers->padded_bytes : size;
}

static char *inserts_put(char *to, Text text) {
    memcpy(to, text.at, (size_t)text.size);
    return to + text.size;
}

static char *inserts_put_digits(char *to, int64_t number, int digits) {
    for (int i = digits; i--; number /= 10) to[i] = (char)('0' + number % 10);
    return to + digits;
}

/* Eight hexadecimal digits, or as many as it takes. */
static int inserts_digits(uint64_t number) {
    int digits = 8;
    while (digits < INSERTS_DIGITS && number >> 4 * digits) digits++;
    return digits;
}

static char *inserts_put_hex(char *to, uint64_t number) {
    int digits = inserts_digits(number);
    for (int i = digits; i--; number >>= 4) to[i] = "0123456789abcdef"[number & 15];
    return to + digits;
}

/* ISO 8601 in UTC with milliseconds: https://howardhinnant.github.io/date_algorithms.html#civil_from_days */
static void inserts_put_time(char *to, int64_t epoch_ms) {
    int64_t seconds = epoch_ms / 1000, days = seconds / 86400, of_day = seconds % 86400;
    int64_t shifted = days + 719468, era = shifted / 146097, of_era = shifted % 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100), month = (5 * of_year + 2) / 153;
    int64_t day = of_year - (153 * month + 2) / 5 + 1;
    month = month < 10 ? month + 3 : month - 9;
    year += era * 400 + (month <= 2);
    to = inserts_put_digits(to, year, 4);
    *to++ = '-';
    to = inserts_put_digits(to, month, 2);
    *to++ = '-';
    to = inserts_put_digits(to, day, 2);
    *to++ = 'T';
    to = inserts_put_digits(to, of_day / 3600, 2);
    *to++ = ':';
    to = inserts_put_digits(to, of_day / 60 % 60, 2);
    *to++ = ':';
    to = inserts_put_digits(to, of_day % 60, 2);
    *to++ = '.';
    to = inserts_put_digits(to, epoch_ms % 1000, 3);
    *to = 'Z';
}

/* What all orders of a millisecond have after their number, in a buffer of INSERTS_STAMP bytes. */
static Text inserts_stamp(char *buffer, const InsertTexts *texts, int64_t epoch_ms) {
    char now[INSERTS_TIME], *to = buffer;
    inserts_put_time(now, epoch_ms);
    to = inserts_put(inserts_put(to, texts->ordered_at), (Text){now, INSERTS_TIME});
    to = inserts_put(inserts_put(to, texts->updated_at), (Text){now, INSERTS_TIME});
    to = inserts_put(to, texts->content);
    return (Text){buffer, to - buffer};
}

static char *inserts_put_order(char *to, const Insert *insert, const InsertTexts *texts, Text stamp) {
    to = inserts_put(inserts_put_hex(inserts_put(to, texts->open), insert->number), stamp);
    to = inserts_put(inserts_put(to, insert->head), insert->basket);
    if (insert->padding > 0) {
        to = inserts_put(inserts_put(to, texts->padding), (Text){texts->blob.at, (Py_ssize_t)insert->padding});
        to = inserts_put(to, texts->padding_end);
    }
    return inserts_put(to, texts->close);
}

static Py_ssize_t inserts_stamp_size(const InsertTexts *texts) {
    return texts->ordered_at.size + texts->updated_at.size + texts->content.size + 2 * INSERTS_TIME;
}

static Py_ssize_t inserts_size(const Insert *insert, const InsertTexts *texts) {
    Py_ssize_t size = texts->open.size + inserts_digits(insert->number) + inserts_stamp_size(texts)
        + insert->head.size + insert->basket.size + texts->close.size;
    return insert->padding > 0 ? size + texts->padding.size + insert->padding + texts->padding_end.size : size;
}

static PyObject *inserts_render(const Insert *found, Py_ssize_t number, const InsertTexts *texts) {
    Py_ssize_t whole = texts->begin.size + texts->end.size + (number - 1) * texts->comma.size;
    for (Py_ssize_t i = 0; i < number; i++) whole += inserts_size(&found[i], texts);
    PyObject *body = PyBytes_FromStringAndSize(NULL, whole);
    if (!body) return NULL;
    char buffer[INSERTS_STAMP], *to = inserts_put(PyBytes_AsString(body), texts->begin);
    Text stamp = {0};
    for (Py_ssize_t i = 0; i < number; i++) {
        if (i) to = inserts_put(to, texts->comma);
        if (!i || found[i].placed_ms != found[i - 1].placed_ms) stamp = inserts_stamp(buffer, texts, found[i].placed_ms);
        to = inserts_put_order(to, &found[i], texts, stamp);
    }
    inserts_put(to, texts->end);
    return body;
}

static PyObject *inserts(PyObject *module, PyObject *const *arguments, Py_ssize_t count) {
    (void)module;
    InsertTexts texts;
    InsertNumbers numbers;
    Insert found[INSERTS_MOST];
    if (count != 4) {
        PyErr_SetString(PyExc_TypeError, "inserts takes rows, texts, numbers and phases");
        return NULL;
    }
    Py_ssize_t number = PyTuple_Size(arguments[0]);
    if (number < 0 || inserts_texts(arguments[1], &texts.begin, sizeof texts / sizeof(Text)) < 0
        || inserts_numbers(arguments[2], &numbers.epoch_ms, sizeof numbers / sizeof(int64_t)) < 0)
        return NULL;
    if (number < 1 || number > INSERTS_MOST || numbers.phase_ns < 1 || numbers.epoch_ms < 0
        || numbers.unpadded_bytes > texts.blob.size || inserts_stamp_size(&texts) > INSERTS_STAMP) {
        PyErr_SetString(PyExc_ValueError, "1 to 25 rows, a phase, an epoch, enough to pad with and short texts are wanted");
        return NULL;
    }
    int64_t units = 0;
    for (Py_ssize_t i = 0; i < number; i++) {
        int64_t size = inserts_order(PyTuple_GetItem(arguments[0], i), arguments[3], &numbers, &found[i]);
        if (size < 0) return NULL;
        units += (size + INSERTS_UNIT - 1) / INSERTS_UNIT;
    }
    PyObject *body = inserts_render(found, number, &texts), *made = body ? PyTuple_New(2) : NULL;
    if (!made) {
        Py_DecRef(body);
        return NULL;
    }
    PyTuple_SetItem(made, 0, body);
    PyTuple_SetItem(made, 1, PyLong_FromLongLong(units));
    return made;
}

#endif
