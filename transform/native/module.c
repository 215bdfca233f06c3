/* The transform's fast path, as a Python module of the stable ABI; ../_native.pyi describes its functions. */
#include "arguments.h"
#include "contents.h"
#include "description.h"
#include "kept.h"
#include "rows.h"

enum { CONTENTS, LENGTHS, LINES, ENDS, RESULTS, MOMENTS, BUFFERS };

static const char rows_usage[] = "rows takes a table, contents, lengths, lines, ends, results and moments";

/* Whether the lengths are those of records with a NUL behind each, and 16 bytes behind the last. */
static int are_records(const Py_buffer *contents, const int64_t *lengths, Py_ssize_t count) {
    const uint8_t *at = contents->buf;
    int64_t room = contents->len;
    for (Py_ssize_t i = 0; i < count; i++) {
        if (lengths[i] < 0 || lengths[i] > room - AT_ONCE || at[lengths[i]]) return 0;
        at += lengths[i] + 1;
        room -= lengths[i] + 1;
    }
    return 1;
}

static int write_buffers(const Table *chosen, const Py_buffer *buffers) {
    Py_ssize_t count = buffers[LENGTHS].len / (Py_ssize_t)sizeof(int64_t);
    if (!is_array(&buffers[LENGTHS], count) || !is_array(&buffers[ENDS], count) || !is_array(&buffers[MOMENTS], count)
        || buffers[RESULTS].len < count || !are_records(&buffers[CONTENTS], buffers[LENGTHS].buf, count)) {
        PyErr_SetString(PyExc_ValueError, "the buffers do not have the sizes that the records' lengths require");
        return -1;
    }
    write_rows(chosen, buffers[CONTENTS].buf, buffers[LENGTHS].buf, count, buffers[LINES].buf, buffers[LINES].len,
        buffers[ENDS].buf, buffers[RESULTS].buf, buffers[MOMENTS].buf);
    return 0;
}

static PyObject *rows(PyObject *module, PyObject *const *arguments, Py_ssize_t count) {
    (void)module;
    if (read_count(count, 1 + BUFFERS, rows_usage) < 0) return NULL;
    const Table *chosen = PyCapsule_GetPointer(arguments[0], table_name);
    if (!chosen) return NULL;
    Py_buffer buffers[BUFFERS];
    int held = 0, failed = 0;
    for (; held < BUFFERS && !failed; held += !failed)
        failed = PyObject_GetBuffer(arguments[1 + held], &buffers[held], held < LINES ? PyBUF_SIMPLE : PyBUF_WRITABLE);
    if (!failed) failed = write_buffers(chosen, buffers);
    while (held) PyBuffer_Release(&buffers[--held]);
    return failed ? NULL : Py_BuildValue("");
}

static PyMethodDef methods[] = {METHOD(contents), METHOD(keep_memory), METHOD(table), METHOD(rows), {0}};

static PyModuleDef definition = MODULE(methods);

__attribute__((visibility("default"))) PyObject *PyInit__native(void);

PyObject *PyInit__native(void) {
    return PyModuleDef_Init(&definition);
}
