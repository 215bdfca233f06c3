/* Builds Python's lists and tuples. Each function takes over the references that it is given. */
#ifndef LOADGEN_OBJECTS_H
#define LOADGEN_OBJECTS_H

#include "arguments.h"

/* A reference to give away. */
static inline PyObject *held(PyObject *object) {
    Py_IncRef(object);
    return object;
}

/* Appends an object; -1 with an exception, which is an earlier step's if the object is NULL. */
static inline int append(PyObject *list, PyObject *object) {
    int failed = object ? PyList_Append(list, object) : -1;
    Py_DecRef(object);
    return failed;
}

/* A tuple of objects; NULL with an exception, which is an earlier step's if one of them is NULL. */
static inline PyObject *pack(PyObject *const *objects, Py_ssize_t count) {
    PyObject *made = PyTuple_New(count);
    int failed = !made;
    for (Py_ssize_t i = 0; i < count; i++) {
        failed |= !objects[i];
        if (made)
            PyTuple_SetItem(made, i, objects[i]);
        else
            Py_DecRef(objects[i]);
    }
    if (!failed) return made;
    Py_DecRef(made);
    return NULL;
}

#endif
