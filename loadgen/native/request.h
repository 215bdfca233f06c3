/* Requests, joined and signed: what loadgen/signing.py says of AWS Signature Version 4. */
#ifndef LOADGEN_REQUEST_H
#define LOADGEN_REQUEST_H

#include "python.h"
#include "sha256.h"

enum { REQUEST_HEX = 2 * SHA256_DIGEST, REQUEST_LENGTH = 48 };

/* A request on its way: where its parts are in the bytes that are to be sent. */
typedef struct {
    PyObject *bytes;
    Sha256 canonical;
    uint8_t *signature, *body;
    size_t body_size;
} Request;

static const char request_length[] = "\r\nContent-Length: ";
static const char request_end[] = "\r\n\r\n";

static const Sha256 *request_state(PyObject *object) {
    char *at;
    Py_ssize_t size;
    if (PyBytes_AsStringAndSize(object, &at, &size) < 0) return NULL;
    if (size != sizeof(Sha256)) {
        PyErr_SetString(PyExc_ValueError, "a state is what `state` gave");
        return NULL;
    }
    return (const Sha256 *)at;
}

/* A list's or a tuple's item, borrowed. */
static inline PyObject *request_item(PyObject *sequence, int is_list, Py_ssize_t index) {
    return is_list ? PyList_GetItem(sequence, index) : PyTuple_GetItem(sequence, index);
}

/* The length of a sequence of bytes, and where its items come from; -1 when it is none. */
static Py_ssize_t request_count(PyObject *sequence, int *is_list) {
    Py_ssize_t count = PyTuple_Size(sequence);
    *is_list = count < 0;
    if (*is_list) {
        PyErr_Clear();
        count = PyList_Size(sequence);
        if (count < 0) {
            PyErr_Clear();
            PyErr_SetString(PyExc_TypeError, "pieces are a list or a tuple");
        }
    }
    return count;
}

/* Put the head, room for the signature, the length and the body together; -1 with an exception. */
static int request_join(Request *request, PyObject *head, PyObject *pieces) {
    char *head_at, *at;
    Py_ssize_t head_size, size, body = 0;
    int is_list;
    Py_ssize_t count = request_count(pieces, &is_list);
    if (count < 0 || PyBytes_AsStringAndSize(head, &head_at, &head_size) < 0) return -1;
    for (Py_ssize_t i = 0; i < count; i++) {
        if (PyBytes_AsStringAndSize(request_item(pieces, is_list, i), &at, &size) < 0) return -1;
        body += size;
    }
    char digits[24];
    int first = sizeof digits;
    size_t rest = (size_t)body;
    do digits[--first] = (char)('0' + rest % 10); while (rest /= 10);
    size_t length = sizeof digits - (size_t)first;
    Py_ssize_t whole = head_size + REQUEST_HEX + (Py_ssize_t)(sizeof request_length - 1 + length + sizeof request_end - 1) + body;
    request->bytes = PyBytes_FromStringAndSize(NULL, whole);
    if (!request->bytes) return -1;
    char *to = PyBytes_AsString(request->bytes);
    memcpy(to, head_at, (size_t)head_size);
    to += head_size;
    request->signature = (uint8_t *)to;
    to += REQUEST_HEX;
    memcpy(to, request_length, sizeof request_length - 1);
    to += sizeof request_length - 1;
    memcpy(to, digits + first, length);
    to += length;
    memcpy(to, request_end, sizeof request_end - 1);
    to += sizeof request_end - 1;
    request->body = (uint8_t *)to;
    request->body_size = (size_t)body;
    for (Py_ssize_t i = 0; i < count; i++) {
        PyBytes_AsStringAndSize(request_item(pieces, is_list, i), &at, &size);
        memcpy(to, at, (size_t)size);
        to += size;
    }
    return 0;
}

/* Sign one request, or two side by side. */
static void request_sign(Request *requests, int count, const Sha256 *inner, const Sha256 *outer) {
    uint32_t hash[2][8];
    uint8_t text[2][REQUEST_HEX];
    Sha256End end[2];
    Sha256Run runs[2];
    for (int i = 0; i < count; i++) {
        memcpy(hash[i], sha256_start, sizeof hash[i]);
        runs[i] = (Sha256Run){hash[i], requests[i].body, requests[i].body_size / SHA256_BLOCK};
    }
    sha256_runs(runs, count);
    for (int i = 0; i < count; i++) {
        size_t whole = requests[i].body_size / SHA256_BLOCK * SHA256_BLOCK;
        Sha256 so_far = {.bytes = whole};
        sha256_end(&end[i], &so_far, requests[i].body + whole, requests[i].body_size - whole);
        runs[i] = (Sha256Run){hash[i], end[i].bytes, end[i].blocks};
    }
    sha256_runs(runs, count);
    for (int step = 0; step < 3; step++) {
        for (int i = 0; i < count; i++) {
            const Sha256 *state = step == 0 ? &requests[i].canonical : step == 1 ? inner : outer;
            size_t size = REQUEST_HEX;
            if (step < 2) {
                sha256_write_hex(hash[i], text[i]);
            } else {
                sha256_write(hash[i], text[i]);
                size = SHA256_DIGEST;
            }
            sha256_end(&end[i], state, text[i], size);
            memcpy(hash[i], state->hash, sizeof hash[i]);
            runs[i] = (Sha256Run){hash[i], end[i].bytes, end[i].blocks};
        }
        sha256_runs(runs, count);
    }
    for (int i = 0; i < count; i++) sha256_write_hex(hash[i], requests[i].signature);
}

/* The head and the state of a call's target, and its pieces, joined; -1 with an exception. */
static int request_prepare(Request *request, PyObject *call, PyObject *constants) {
    static PyObject *target_name, *pieces_name;
    if (!target_name) target_name = PyUnicode_InternFromString("target");
    if (!pieces_name) pieces_name = PyUnicode_InternFromString("pieces");
    PyObject *target = PyObject_GetAttr(call, target_name), *pieces = PyObject_GetAttr(call, pieces_name);
    PyObject *pair = target && pieces ? PyObject_GetItem(constants, target) : NULL;
    int failed = -1;
    if (pair) {
        PyObject *head = PyTuple_GetItem(pair, 0), *canonical = head ? PyTuple_GetItem(pair, 1) : NULL;
        const Sha256 *so_far = canonical ? request_state(canonical) : NULL;
        if (so_far) {
            /* Copied: nothing says that the pair outlives this. */
            memcpy(&request->canonical, so_far, sizeof *so_far);
            failed = request_join(request, head, pieces);
        }
    }
    Py_DecRef(pair);
    Py_DecRef(pieces);
    Py_DecRef(target);
    return failed;
}

static PyObject *requests(PyObject *module, PyObject *const *arguments, Py_ssize_t count) {
    (void)module;
    if (count != 4) {
        PyErr_SetString(PyExc_TypeError, "requests takes calls, their targets' constants, and two states");
        return NULL;
    }
    const Sha256 *inner = request_state(arguments[2]), *outer = inner ? request_state(arguments[3]) : NULL;
    Py_ssize_t number = outer ? PyList_Size(arguments[0]) : -1;
    PyObject *made = number < 0 ? NULL : PyList_New(number);
    if (!made) return NULL;
    for (Py_ssize_t i = 0; i < number; i += 2) {
        Request pair[2];
        int many = number - i < 2 ? 1 : 2;
        for (int j = 0; j < many; j++) {
            PyObject *call = PyList_GetItem(arguments[0], i + j);
            /* Held: to get its attributes may run Python, which may change the list. */
            Py_IncRef(call);
            int failed = call ? request_prepare(&pair[j], call, arguments[1]) : -1;
            Py_DecRef(call);
            if (failed) {
                Py_DecRef(made);
                return NULL;
            }
            PyList_SetItem(made, i + j, pair[j].bytes);
        }
        request_sign(pair, many, inner, outer);
    }
    return made;
}

static PyObject *state(PyObject *module, PyObject *const *arguments, Py_ssize_t count) {
    (void)module;
    char *at;
    Py_ssize_t size;
    if (count != 1) {
        PyErr_SetString(PyExc_TypeError, "state takes bytes");
        return NULL;
    }
    if (PyBytes_AsStringAndSize(arguments[0], &at, &size) < 0) return NULL;
    Sha256 made = {0};
    memcpy(made.hash, sha256_start, sizeof made.hash);
    sha256_add(&made, (const uint8_t *)at, (size_t)size);
    return PyBytes_FromStringAndSize((const char *)&made, sizeof made);
}

static PyObject *instructions(PyObject *module, PyObject *const *arguments, Py_ssize_t count) {
    (void)module;
    if (count != 1) {
        PyErr_SetString(PyExc_TypeError, "instructions takes whether they are to be used");
        return NULL;
    }
    int used = PyObject_IsTrue(arguments[0]);
    if (used < 0) return NULL;
    sha256_instructions = used && sha256_has_instructions();
    return PyLong_FromLongLong(sha256_instructions);
}

#endif
