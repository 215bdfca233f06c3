/* The server's hot path, as a Python module of the stable ABI; ../_native.pyi describes its functions. */
#include "arguments.h"
#include "canonical.h"
#include "checksums.h"
#include "headers.h"
#include "item.h"
#include "scalars.h"

enum { MOST_PARTS = 2 };

static const char stored_usage[] = "stored takes an item and the names and types of its key attributes";

/* The parts of a key: a tuple of their names, one of their types. -1 with an exception set if they are wrong. */
static int read_key(PyObject *names, PyObject *kinds, KeyPart *parts) {
    Py_ssize_t count = PyTuple_Size(names);
    if (count < 0) return -1;
    if (count < 1 || count > MOST_PARTS || PyTuple_Size(kinds) != count) {
        if (!PyErr_Occurred()) PyErr_SetString(PyExc_ValueError, stored_usage);
        return -1;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        parts[i].content = (Span){NULL, NULL};
        if (read_bytes(PyTuple_GetItem(names, i), &parts[i].name) < 0) return -1;
        if (read_integer(PyTuple_GetItem(kinds, i), &parts[i].kind) < 0) return -1;
    }
    return (int)count;
}

/* The size, the image and the contents of the key attributes, as a tuple. */
static PyObject *shown(const Item *item, const uint8_t *image) {
    PyObject *found = PyTuple_New(2 + item->parts);
    if (!found) return NULL;
    for (int64_t i = 0; i < 2 + item->parts; i++) {
        Span span = i == 1 ? (Span){image, item->to} : i ? item->key[i - 2].content : (Span){NULL, NULL};
        PyObject *each =
            i ? PyBytes_FromStringAndSize((const char *)span.at, length(span)) : PyLong_FromLongLong(item->size);
        if (!each || PyTuple_SetItem(found, i, each) < 0) {
            Py_DecRef(found);
            return NULL;
        }
    }
    return found;
}

static PyObject *stored_item(const Py_buffer *given, KeyPart *key, int parts) {
    size_t room = (size_t)given->len + AT_ONCE;
    uint8_t *text = PyMem_Malloc(2 * room), *image = text + room;
    if (!text) return PyErr_NoMemory();
    memcpy(text, given->buf, (size_t)given->len);
    memset(text + given->len, 0, AT_ONCE);
    Item item = {.at = text, .to = image, .parts = parts, .key = key};
    PyObject *found = take_item(&item, text + given->len) ? shown(&item, image) : Py_BuildValue("");
    PyMem_Free(text);
    return found;
}

static PyObject *stored(PyObject *module, PyObject *const *arguments, Py_ssize_t count) {
    (void)module;
    KeyPart key[MOST_PARTS];
    Py_buffer given;
    if (read_count(count, 3, stored_usage) < 0) return NULL;
    int parts = read_key(arguments[1], arguments[2], key);
    if (parts < 0 || PyObject_GetBuffer(arguments[0], &given, PyBUF_SIMPLE) < 0) return NULL;
    PyObject *found = stored_item(&given, key, parts);
    PyBuffer_Release(&given);
    return found;
}

static const char headers_usage[] = "headers takes what was received, and where its header fields begin and end";

static PyObject *headers(PyObject *module, PyObject *const *arguments, Py_ssize_t count) {
    (void)module;
    Span received;
    int64_t begin, end;
    if (read_count(count, 3, headers_usage) < 0 || read_bytes(arguments[0], &received) < 0) return NULL;
    if (read_integer(arguments[1], &begin) < 0 || read_integer(arguments[2], &end) < 0) return NULL;
    if (begin < 0 || begin > end || end > length(received)) {
        PyErr_SetString(PyExc_ValueError, headers_usage);
        return NULL;
    }
    return read_fields(received.at + begin, received.at + end);
}

static const char checksum_usage[] = "checksum takes bytes, and 4 for CRC-32C or 8 for CRC-64/NVME";

static PyObject *checksum(PyObject *module, PyObject *const *arguments, Py_ssize_t count) {
    (void)module;
    int64_t width;
    Py_buffer given;
    uint8_t written[8];
    if (read_count(count, 2, checksum_usage) < 0 || read_integer(arguments[1], &width) < 0) return NULL;
    if (width != 4 && width != 8) {
        PyErr_SetString(PyExc_ValueError, checksum_usage);
        return NULL;
    }
    if (PyObject_GetBuffer(arguments[0], &given, PyBUF_SIMPLE) < 0) return NULL;
    write_checksum(given.buf, given.len, written, (int)width);
    PyBuffer_Release(&given);
    return PyBytes_FromStringAndSize((const char *)written, (Py_ssize_t)width);
}

static PyMethodDef methods[] = {
    METHOD(canonical), METHOD(checksum), METHOD(headers), METHOD(scalars), METHOD(stored), {0}};

static PyModuleDef definition = MODULE(methods);

__attribute__((visibility("default"))) PyObject *PyInit__native(void);

PyObject *PyInit__native(void) {
    return PyModuleDef_Init(&definition);
}
