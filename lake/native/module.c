/* The lake's fast path, as a Python module of the stable ABI; ../_native.pyi describes its functions. */
#include "arguments.h"
#include "canonical.h"
#include "columns.h"
#include "texts.h"

static PyMethodDef methods[] = {METHOD(canonical), METHOD(columns), METHOD(texts), {0}};

static PyModuleDef definition = MODULE(methods);

__attribute__((visibility("default"))) PyObject *PyInit__native(void);

PyObject *PyInit__native(void) {
    return PyModuleDef_Init(&definition);
}
