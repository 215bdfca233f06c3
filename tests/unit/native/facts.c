/* What components/native/python.h declares, as facts that must hold of it and of the real Python.h alike.
 *
 * Recorded from the header of CPython 3.11.7 on x86-64 Linux with the limited API of 3.11. test_header.py compiles this
 * file twice: with the declarations alone, on every machine, and with each Python.h that the machine has, in which the
 * declarations then repeat the header's prototypes, so that one that differs does not compile. */
#if defined(REAL_HEADER)
#define Py_LIMITED_API 0x030b0000
#include <Python.h>
#endif
#include "python.h"

#define IS(condition) _Static_assert(condition, #condition)
#define SIZE(type, bytes) IS(sizeof(type) == (bytes))
#define OFFSET(type, field, bytes) IS(offsetof(type, field) == (bytes))
#define FIELD(type, field, bytes, as) \
    OFFSET(type, field, bytes); \
    IS(__builtin_types_compatible_p(__typeof__(((type *)0)->field), as))
#define FUNCTION(name, ...) IS(__builtin_types_compatible_p(__typeof__(name), __VA_ARGS__))
#define DATA(name, as) IS(__builtin_types_compatible_p(__typeof__(name), as))
#define CONSTANT(name, value) IS((name) == (value))

SIZE(Py_ssize_t, 8);
IS((Py_ssize_t)-1 < 0);
IS(__builtin_types_compatible_p(PyCFunction, PyObject *(*)(PyObject *, PyObject *)));
IS(__builtin_types_compatible_p(PyCapsule_Destructor, void (*)(PyObject *)));

SIZE(PyMethodDef, 32);
FIELD(PyMethodDef, ml_name, 0, const char *);
FIELD(PyMethodDef, ml_meth, 8, PyCFunction);
FIELD(PyMethodDef, ml_flags, 16, int);
FIELD(PyMethodDef, ml_doc, 24, const char *);

SIZE(PyModuleDef_Base, 40);
OFFSET(PyModuleDef_Base, ob_base.ob_refcnt, 0);
OFFSET(PyModuleDef_Base, ob_base.ob_type, 8);
FIELD(PyModuleDef_Base, m_init, 16, PyObject *(*)(void));
FIELD(PyModuleDef_Base, m_index, 24, Py_ssize_t);
FIELD(PyModuleDef_Base, m_copy, 32, PyObject *);

SIZE(PyModuleDef, 104);
FIELD(PyModuleDef, m_base, 0, PyModuleDef_Base);
FIELD(PyModuleDef, m_name, 40, const char *);
FIELD(PyModuleDef, m_doc, 48, const char *);
FIELD(PyModuleDef, m_size, 56, Py_ssize_t);
FIELD(PyModuleDef, m_methods, 64, PyMethodDef *);
OFFSET(PyModuleDef, m_slots, 72);
OFFSET(PyModuleDef, m_traverse, 80);
OFFSET(PyModuleDef, m_clear, 88);
OFFSET(PyModuleDef, m_free, 96);

SIZE(Py_buffer, 80);
FIELD(Py_buffer, buf, 0, void *);
FIELD(Py_buffer, obj, 8, PyObject *);
FIELD(Py_buffer, len, 16, Py_ssize_t);
FIELD(Py_buffer, itemsize, 24, Py_ssize_t);
FIELD(Py_buffer, readonly, 32, int);
FIELD(Py_buffer, ndim, 36, int);
FIELD(Py_buffer, format, 40, char *);
FIELD(Py_buffer, shape, 48, Py_ssize_t *);
FIELD(Py_buffer, strides, 56, Py_ssize_t *);
FIELD(Py_buffer, suboffsets, 64, Py_ssize_t *);
FIELD(Py_buffer, internal, 72, void *);

CONSTANT(METH_FASTCALL, 0x80);
CONSTANT(PyBUF_SIMPLE, 0);
CONSTANT(PyBUF_WRITABLE, 1);

DATA(PyExc_OSError, PyObject *);
DATA(PyExc_TypeError, PyObject *);
DATA(PyExc_ValueError, PyObject *);

FUNCTION(PyModuleDef_Init, PyObject *(PyModuleDef *));
FUNCTION(Py_IncRef, void(PyObject *));
FUNCTION(Py_DecRef, void(PyObject *));
FUNCTION(PyErr_SetString, void(PyObject *, const char *));
FUNCTION(PyErr_SetFromErrno, PyObject *(PyObject *));
FUNCTION(PyErr_Occurred, PyObject *(void));
FUNCTION(PyErr_Clear, void(void));
FUNCTION(PyErr_NoMemory, PyObject *(void));
FUNCTION(Py_BuildValue, PyObject *(const char *, ...));
FUNCTION(PyBytes_AsString, char *(PyObject *));
FUNCTION(PyBytes_AsStringAndSize, int(PyObject *, char **, Py_ssize_t *));
FUNCTION(PyBytes_FromStringAndSize, PyObject *(const char *, Py_ssize_t));
FUNCTION(PyLong_AsLongLong, long long(PyObject *));
FUNCTION(PyLong_FromLongLong, PyObject *(long long));
FUNCTION(PyDict_GetItemWithError, PyObject *(PyObject *, PyObject *));
FUNCTION(PyList_Size, Py_ssize_t(PyObject *));
FUNCTION(PyList_GetItem, PyObject *(PyObject *, Py_ssize_t));
FUNCTION(PyList_New, PyObject *(Py_ssize_t));
FUNCTION(PyList_SetItem, int(PyObject *, Py_ssize_t, PyObject *));
FUNCTION(PyList_Append, int(PyObject *, PyObject *));
FUNCTION(PyTuple_New, PyObject *(Py_ssize_t));
FUNCTION(PyTuple_Size, Py_ssize_t(PyObject *));
FUNCTION(PyTuple_GetItem, PyObject *(PyObject *, Py_ssize_t));
FUNCTION(PyTuple_SetItem, int(PyObject *, Py_ssize_t, PyObject *));
FUNCTION(PyUnicode_AsUTF8AndSize, const char *(PyObject *, Py_ssize_t *));
FUNCTION(PyUnicode_FromStringAndSize, PyObject *(const char *, Py_ssize_t));
FUNCTION(PyUnicode_InternFromString, PyObject *(const char *));
FUNCTION(PyBool_FromLong, PyObject *(long));
FUNCTION(PyIter_Check, int(PyObject *));
FUNCTION(PyIter_Next, PyObject *(PyObject *));
FUNCTION(PyObject_CallObject, PyObject *(PyObject *, PyObject *));
FUNCTION(PyObject_GetAttr, PyObject *(PyObject *, PyObject *));
FUNCTION(PyObject_GetItem, PyObject *(PyObject *, PyObject *));
FUNCTION(PyObject_SetAttr, int(PyObject *, PyObject *, PyObject *));
FUNCTION(PyObject_IsTrue, int(PyObject *));
FUNCTION(PyObject_GetBuffer, int(PyObject *, Py_buffer *, int));
FUNCTION(PyBuffer_Release, void(Py_buffer *));
FUNCTION(PyCapsule_New, PyObject *(void *, const char *, PyCapsule_Destructor));
FUNCTION(PyCapsule_GetPointer, void *(PyObject *, const char *));
FUNCTION(PyMem_Malloc, void *(size_t));
FUNCTION(PyMem_Free, void(void *));
