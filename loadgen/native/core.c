/* The load generator's inner steps, as a Python module of the stable ABI; ../_native.pyi says what each does. */
#include "python.h"
#include "inserts.h"
#include "request.h"
#if defined(__linux__)
#include "alarm.h"
#include "receive.h"
#endif

static const PyMethodDef methods[] = {
    {"state", state, METH_FASTCALL, NULL},
    {"requests", requests, METH_FASTCALL, NULL},
    {"inserts", inserts, METH_FASTCALL, NULL},
    {"instructions", instructions, METH_FASTCALL, NULL},
#if defined(__linux__)
    {"receive", receive, METH_FASTCALL, NULL},
    {"set_timer", set_timer, METH_FASTCALL, NULL},
#endif
    {0},
};

static PyModuleDef definition = {.base = {.references = 1}, .name = "_native", .methods = methods};

__attribute__((visibility("default"))) PyObject *PyInit__native(void);

PyObject *PyInit__native(void) {
    sha256_instructions = sha256_has_instructions();
    return PyModuleDef_Init(&definition);
}
