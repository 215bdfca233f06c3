/* What this library uses of CPython's stable ABI (3.11), declared here because a machine that
 * runs Python seldom has its headers: https://docs.python.org/3/c-api/stable.html */
#ifndef LOADGEN_PYTHON_H
#define LOADGEN_PYTHON_H

#include <stddef.h>
#include <stdint.h>

typedef intptr_t Py_ssize_t;
typedef struct PyObject PyObject;
typedef PyObject *(*FastFunction)(PyObject *module, PyObject *const *arguments, Py_ssize_t count);

typedef struct {
    const char *name;
    FastFunction function;
    int flags;
    const char *documentation;
} PyMethodDef;

typedef struct {
    struct {
        Py_ssize_t references;
        void *type;
        void *init;
        Py_ssize_t index;
        PyObject *copy;
    } base;
    const char *name;
    const char *documentation;
    Py_ssize_t size;
    const PyMethodDef *methods;
    void *slots, *traverse, *clear, *free;
} PyModuleDef;

enum { METH_FASTCALL = 0x80 };

extern PyObject *PyExc_MemoryError, *PyExc_OSError, *PyExc_TypeError, *PyExc_ValueError;

PyObject *PyModuleDef_Init(PyModuleDef *definition);
void Py_IncRef(PyObject *object);
void Py_DecRef(PyObject *object);
void PyErr_SetString(PyObject *type, const char *message);
PyObject *PyErr_SetFromErrno(PyObject *type);
PyObject *PyErr_Occurred(void);
void PyErr_Clear(void);
PyObject *PyErr_NoMemory(void);
PyObject *Py_BuildValue(const char *format, ...);
char *PyBytes_AsString(PyObject *object);
int PyBytes_AsStringAndSize(PyObject *object, char **at, Py_ssize_t *size);
PyObject *PyBytes_FromStringAndSize(const char *at, Py_ssize_t size);
long long PyLong_AsLongLong(PyObject *object);
PyObject *PyLong_FromLongLong(long long value);
Py_ssize_t PyList_Size(PyObject *list);
PyObject *PyList_GetItem(PyObject *list, Py_ssize_t index);
PyObject *PyList_New(Py_ssize_t size);
int PyList_SetItem(PyObject *list, Py_ssize_t index, PyObject *item);
int PyList_Append(PyObject *list, PyObject *item);
PyObject *PyTuple_New(Py_ssize_t size);
Py_ssize_t PyTuple_Size(PyObject *tuple);
PyObject *PyTuple_GetItem(PyObject *tuple, Py_ssize_t index);
int PyTuple_SetItem(PyObject *tuple, Py_ssize_t index, PyObject *item);
PyObject *PyUnicode_InternFromString(const char *text);
PyObject *PyObject_GetAttr(PyObject *object, PyObject *name);
PyObject *PyObject_GetItem(PyObject *object, PyObject *key);
int PyObject_IsTrue(PyObject *object);

#endif
