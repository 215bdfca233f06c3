/* A table's columns, the attributes that they read, and the usual spelling of their values. */
#ifndef LAKE_COLUMNS_H
#define LAKE_COLUMNS_H

#include "arguments.h"
#include "scan.h"

/* The spellings of a column's text; lake/compiled.py has the same order. */
typedef enum { STRING, BOOLEAN, INTEGER, DECIMAL, DOUBLE, DATE, TIMESTAMP } Kind;

enum { KINDS = TIMESTAMP + 1, COLUMN_PARTS = 6, LONGEST_PATH = 8, TIMESTAMP_BYTES = 24, DATE_BYTES = 10 };

/* A column: the path of its attribute, the text around its value, and the most digits before and after a point. */
typedef struct {
    Span path[LONGEST_PATH];
    int64_t depth;
    Span opening, closing;
    int64_t kind, whole, fraction;
} Column;

/* The bytes are those of `description`, which lives as long. `values` has room for what is read of one item. */
typedef struct {
    PyObject *description;
    Span *keys, *values;
    Column *columns;
    int64_t key_count, column_count;
} Columns;

static const char columns_name[] = "lake._native.Columns";
static const char columns_usage[] =
    "columns takes tuples of columns of 6 parts, with paths of 1 to 8 names, and of keys";

static int refuse_columns(void) {
    PyErr_Clear();
    PyErr_SetString(PyExc_ValueError, columns_usage);
    return -1;
}

static int read_path(PyObject *names, Column *column) {
    column->depth = PyTuple_Size(names);
    if (column->depth < 1 || column->depth > LONGEST_PATH) return refuse_columns();
    for (int64_t i = 0; i < column->depth; i++)
        if (read_bytes(PyTuple_GetItem(names, i), &column->path[i]) < 0) return -1;
    return 0;
}

static int read_column(PyObject *parts, Column *column) {
    if (PyTuple_Size(parts) != COLUMN_PARTS) return refuse_columns();
    int64_t numbers[3];
    if (read_path(PyTuple_GetItem(parts, 0), column) < 0 || read_bytes(PyTuple_GetItem(parts, 1), &column->opening) < 0
        || read_bytes(PyTuple_GetItem(parts, 2), &column->closing) < 0 || read_integers(parts, numbers, 3, 3) < 0)
        return -1;
    column->kind = numbers[0];
    column->whole = numbers[1];
    column->fraction = numbers[2];
    return column->kind < 0 || column->kind >= KINDS ? refuse_columns() : 0;
}

static void free_columns(PyObject *capsule) {
    Columns *columns = PyCapsule_GetPointer(capsule, columns_name);
    Py_DecRef(columns->description);
    PyMem_Free(columns);
}

static int fill_columns(Columns *made, PyObject *columns, PyObject *keys) {
    for (int64_t i = 0; i < made->column_count; i++)
        if (read_column(PyTuple_GetItem(columns, i), &made->columns[i]) < 0) return -1;
    for (int64_t i = 0; i < made->key_count; i++)
        if (read_bytes(PyTuple_GetItem(keys, i), &made->keys[i]) < 0) return -1;
    return 0;
}

static PyObject *new_columns(PyObject *columns, PyObject *keys, size_t column_count, size_t key_count) {
    PyObject *description = PyTuple_New(2);
    Columns *made =
        PyMem_Malloc(sizeof(Columns) + column_count * (sizeof(Column) + sizeof(Span)) + 2 * key_count * sizeof(Span));
    if (!description || !made) {
        PyMem_Free(made);
        if (!description) return NULL;
        Py_DecRef(description);
        return PyErr_NoMemory();
    }
    Py_IncRef(columns);
    PyTuple_SetItem(description, 0, columns);
    Py_IncRef(keys);
    PyTuple_SetItem(description, 1, keys);
    *made =
        (Columns){.description = description, .column_count = (int64_t)column_count, .key_count = (int64_t)key_count};
    made->columns = (Column *)(made + 1);
    made->keys = (Span *)(made->columns + column_count);
    made->values = made->keys + key_count;
    PyObject *capsule = fill_columns(made, columns, keys) < 0 ? NULL : PyCapsule_New(made, columns_name, free_columns);
    if (!capsule) {
        Py_DecRef(description);
        PyMem_Free(made);
    }
    return capsule;
}

static PyObject *columns(PyObject *module, PyObject *const *arguments, Py_ssize_t count) {
    (void)module;
    if (read_count(count, 2, columns_usage) < 0) return NULL;
    Py_ssize_t column_count = PyTuple_Size(arguments[0]), key_count = PyTuple_Size(arguments[1]);
    if (column_count < 1 || key_count < 1) {
        refuse_columns();
        return NULL;
    }
    return new_columns(arguments[0], arguments[1], (size_t)column_count, (size_t)key_count);
}

/* Whether all of a text is a usual integer: no zero before another digit, no plus, at most so many digits. */
static int is_integer(const uint8_t *p, const uint8_t *end, int64_t most) {
    if (end - p == 1 && *p == '0') return 1;
    p += *p == '-';
    return *p != '0' && end - p >= 1 && end - p <= most && skip_digits(p) == end;
}

/* Whether all of a text is a usual decimal: no digit too much before or after the point, no zero at its end, no -0. */
static int is_decimal(const uint8_t *p, const uint8_t *end, int64_t whole, int64_t fraction) {
    int is_negative = *p == '-';
    p += is_negative;
    const uint8_t *point = skip_digits(p);
    if (point == p || (*p == '0' ? point - p != 1 : point - p > whole)) return 0;
    if (point == end) return !(is_negative && *p == '0');
    return *point == '.' && end - point > 1 && end - point - 1 <= fraction && end[-1] != '0'
        && skip_digits(point + 1) == end;
}

/* As digits: the number of two of them, or -1. */
INLINE int two_digits(const uint8_t *p) {
    return is_digit(p[0]) && is_digit(p[1]) ? (p[0] - '0') * 10 + p[1] - '0' : -1;
}

/* Whether 10 bytes are a date; 29 February is left to the slow path. */
static int is_date(const uint8_t *p) {
    int century = two_digits(p), year = two_digits(p + 2), month = two_digits(p + 5), day = two_digits(p + 8);
    if (century < 0 || year < 0 || !(century | year) || p[4] != '-' || p[7] != '-' || month < 1 || month > 12
        || day < 1)
        return 0;
    int is_short = month == 4 || month == 6 || month == 9 || month == 11;
    return day <= (month == 2 ? 28 : is_short ? 30 : 31);
}

/* Whether 24 bytes are a UTC time with milliseconds. */
static int is_timestamp(const uint8_t *p) {
    int hour = two_digits(p + 11), minute = two_digits(p + 14), second = two_digits(p + 17);
    return is_date(p) && p[10] == 'T' && hour >= 0 && hour <= 23 && p[13] == ':' && minute >= 0 && minute <= 59
        && p[16] == ':' && second >= 0 && second <= 59 && p[19] == '.' && two_digits(p + 20) >= 0 && is_digit(p[22])
        && p[23] == 'Z';
}

/* Whether a value in canonical form, such as {"N":"12.5"}, has its column's usual spelling. */
static int is_usual(const Column *column, Span value) {
    int64_t around = length(column->opening) + length(column->closing);
    if (length(value) < around || !is_same(value.at, column->opening.at, length(column->opening))) return 0;
    Span text = {value.at + length(column->opening), value.end - length(column->closing)};
    if (!is_same(text.end, column->closing.at, length(column->closing))) return 0;
    switch (column->kind) {
    case STRING:
        return skip_characters(text.at) == text.end;
    case BOOLEAN:
        return IS(text, "true") || IS(text, "false");
    case INTEGER:
        return is_integer(text.at, text.end, column->whole);
    case DECIMAL:
        return is_decimal(text.at, text.end, column->whole, column->fraction);
    case DATE:
        return length(text) == DATE_BYTES && is_date(text.at);
    case TIMESTAMP:
        return length(text) == TIMESTAMP_BYTES && is_timestamp(text.at);
    default:
        return 0;
    }
}

#endif
