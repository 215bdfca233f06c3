/* Joins and signs requests: AWS Signature Version 4; loadgen/dynamodb/signing.py explains it. */
#ifndef LOADGEN_REQUEST_H
#define LOADGEN_REQUEST_H

#include "arguments.h"
#include "sha256.h"

enum { HEX_DIGEST = 2 * SHA256_DIGEST };

/* A request under construction: the positions of its parts in the bytes to send. */
typedef struct {
    PyObject *bytes;
    Sha256 canonical;
    uint8_t *signature, *body;
    size_t body_size;
} Request;

static const Sha256 *read_state(PyObject *object) {
    Span state;
    if (read_bytes(object, &state) < 0) return NULL;
    if (length(state) != sizeof(Sha256)) {
        PyErr_SetString(PyExc_ValueError, "a state is what `state` returns");
        return NULL;
    }
    return (const Sha256 *)state.at;
}

/* A list's or a tuple's item, borrowed. */
static inline PyObject *item_of(PyObject *sequence, int is_list, Py_ssize_t index) {
    return is_list ? PyList_GetItem(sequence, index) : PyTuple_GetItem(sequence, index);
}

/* The length of a list or a tuple, and which of them it is; -1 with an exception. */
static Py_ssize_t count_items(PyObject *sequence, int *is_list) {
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

/* The bytes of all pieces together; -1 with an exception. */
static int64_t body_bytes(PyObject *pieces, Py_ssize_t count, int is_list) {
    int64_t bytes = 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        Span piece;
        if (read_bytes(item_of(pieces, is_list, i), &piece) < 0) return -1;
        bytes += length(piece);
    }
    return bytes;
}

/* Joins the head, room for the signature, the length and the body; -1 with an exception. */
static int join_request(Request *request, PyObject *head_object, PyObject *pieces) {
    static const Span before = LITERAL("\r\nContent-Length: "), after = LITERAL("\r\n\r\n");
    Span head, piece;
    int is_list;
    Py_ssize_t count = count_items(pieces, &is_list);
    int64_t body = count < 0 || read_bytes(head_object, &head) < 0 ? -1 : body_bytes(pieces, count, is_list);
    if (body < 0) return -1;
    int digits = count_digits(body);
    request->bytes =
        PyBytes_FromStringAndSize(NULL, length(head) + HEX_DIGEST + length(before) + digits + length(after) + body);
    if (!request->bytes) return -1;
    uint8_t *to = put_bytes((uint8_t *)PyBytes_AsString(request->bytes), head);
    request->signature = to;
    to = put_bytes(to + HEX_DIGEST, before);
    to = put_bytes(put_digits(to, body, digits), after);
    request->body = to;
    request->body_size = (size_t)body;
    for (Py_ssize_t i = 0; i < count; i++) {
        read_bytes(item_of(pieces, is_list, i), &piece);
        to = put_bytes(to, piece);
    }
    return 0;
}

/* Signs one request, or two side by side. */
static void sign_requests(Request *requests, int count, const Sha256 *inner, const Sha256 *outer) {
    uint32_t hash[2][8];
    uint8_t text[2][HEX_DIGEST];
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
            size_t size = HEX_DIGEST;
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

/* Joins a call's pieces with the head of its target, and copies the head's hash state; -1 with an exception. */
static int prepare_request(Request *request, PyObject *call, PyObject *constants) {
    static PyObject *target_name, *pieces_name;
    if (!target_name) target_name = PyUnicode_InternFromString("target");
    if (!pieces_name) pieces_name = PyUnicode_InternFromString("pieces");
    PyObject *target = PyObject_GetAttr(call, target_name);
    PyObject *pieces = target ? PyObject_GetAttr(call, pieces_name) : NULL;
    PyObject *pair = pieces ? PyObject_GetItem(constants, target) : NULL;
    int failed = -1;
    if (pair) {
        PyObject *head = PyTuple_GetItem(pair, 0), *canonical = head ? PyTuple_GetItem(pair, 1) : NULL;
        const Sha256 *so_far = canonical ? read_state(canonical) : NULL;
        if (so_far) {
            /* Copied, because no reference keeps the pair alive. */
            memcpy(&request->canonical, so_far, sizeof *so_far);
            failed = join_request(request, head, pieces);
        }
    }
    Py_DecRef(pair);
    Py_DecRef(pieces);
    Py_DecRef(target);
    return failed;
}

static PyObject *requests(PyObject *module, PyObject *const *arguments, Py_ssize_t count) {
    (void)module;
    if (read_count(count, 4, "requests takes calls, their targets' constants, and two states") < 0) return NULL;
    const Sha256 *inner = read_state(arguments[2]), *outer = inner ? read_state(arguments[3]) : NULL;
    Py_ssize_t number = outer ? PyList_Size(arguments[0]) : -1;
    PyObject *made = number < 0 ? NULL : PyList_New(number);
    if (!made) return NULL;
    for (Py_ssize_t i = 0; i < number; i += 2) {
        Request pair[2];
        int many = number - i < 2 ? 1 : 2;
        for (int j = 0; j < many; j++) {
            PyObject *call = PyList_GetItem(arguments[0], i + j);
            /* Holds a reference: getting attributes may run Python code that changes the list. */
            Py_IncRef(call);
            int failed = call ? prepare_request(&pair[j], call, arguments[1]) : -1;
            Py_DecRef(call);
            if (failed) {
                Py_DecRef(made);
                return NULL;
            }
            PyList_SetItem(made, i + j, pair[j].bytes);
        }
        sign_requests(pair, many, inner, outer);
    }
    return made;
}

static PyObject *state(PyObject *module, PyObject *const *arguments, Py_ssize_t count) {
    (void)module;
    Span data;
    if (read_count(count, 1, "state takes bytes") < 0 || read_bytes(arguments[0], &data) < 0) return NULL;
    Sha256 made = {0};
    memcpy(made.hash, sha256_start, sizeof made.hash);
    sha256_add(&made, data.at, (size_t)length(data));
    return PyBytes_FromStringAndSize((const char *)&made, sizeof made);
}

static PyObject *instructions(PyObject *module, PyObject *const *arguments, Py_ssize_t count) {
    (void)module;
    if (read_count(count, 1, "instructions takes whether to use them") < 0) return NULL;
    int used = PyObject_IsTrue(arguments[0]);
    if (used < 0) return NULL;
    sha256_instructions = used && sha256_has_instructions();
    return PyLong_FromLongLong(sha256_instructions);
}

#endif
