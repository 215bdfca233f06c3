/* The part of CPython's stable ABI (3.11) that the compiled modules use, declared here because a machine with
 * Python often lacks its headers: https://docs.python.org/3/c-api/stable.html. Names, fields and prototypes are
 * those of Python.h; tests/unit/native compares them with it. */
#ifndef NATIVE_PYTHON_H
#define NATIVE_PYTHON_H

#include <stddef.h>
#include <stdint.h>

/* If the real header is included, it declares the types, and the prototypes below must agree with it. */
#ifndef Py_PYTHON_H

typedef intptr_t Py_ssize_t;
typedef struct _object PyObject;
typedef PyObject *(*PyCFunction)(PyObject *module, PyObject *argument);
typedef void (*PyCapsule_Destructor)(PyObject *capsule);

typedef struct {
    const char *ml_name;
    PyCFunction ml_meth;
    int ml_flags;
    const char *ml_doc;
} PyMethodDef;

typedef struct {
    struct {
        Py_ssize_t ob_refcnt;
        void *ob_type;
    } ob_base;
    PyObject *(*m_init)(void);
    Py_ssize_t m_index;
    PyObject *m_copy;
} PyModuleDef_Base;

typedef struct {
    PyModuleDef_Base m_base;
    const char *m_name;
    const char *m_doc;
    Py_ssize_t m_size;
    PyMethodDef *m_methods;
    void *m_slots, *m_traverse, *m_clear, *m_free;
} PyModuleDef;

typedef struct {
    void *buf;
    PyObject *obj;
    Py_ssize_t len, itemsize;
    int readonly, ndim;
    char *format;
    Py_ssize_t *shape, *strides, *suboffsets;
    void *internal;
} Py_buffer;

enum { METH_FASTCALL = 0x80, PyBUF_SIMPLE = 0, PyBUF_WRITABLE = 1 };

#endif

extern PyObject *PyExc_OSError, *PyExc_TypeError, *PyExc_ValueError;

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
PyObject *PyDict_GetItemWithError(PyObject *dict, PyObject *key);
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
const char *PyUnicode_AsUTF8AndSize(PyObject *text, Py_ssize_t *size);
PyObject *PyUnicode_FromStringAndSize(const char *at, Py_ssize_t size);
PyObject *PyUnicode_InternFromString(const char *text);
PyObject *PyBool_FromLong(long value);
int PyIter_Check(PyObject *object);
PyObject *PyIter_Next(PyObject *iterator);
PyObject *PyObject_CallObject(PyObject *callable, PyObject *arguments);
PyObject *PyObject_GetAttr(PyObject *object, PyObject *name);
PyObject *PyObject_GetItem(PyObject *object, PyObject *key);
int PyObject_SetAttr(PyObject *object, PyObject *name, PyObject *value);
int PyObject_IsTrue(PyObject *object);
int PyObject_GetBuffer(PyObject *object, Py_buffer *buffer, int flags);
void PyBuffer_Release(Py_buffer *buffer);
PyObject *PyCapsule_New(void *pointer, const char *name, PyCapsule_Destructor destroy);
void *PyCapsule_GetPointer(PyObject *capsule, const char *name);
void *PyMem_Malloc(size_t size);
void PyMem_Free(void *at);

#endif
