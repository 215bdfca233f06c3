/* The load generator's hot path, as a Python module of the stable ABI; ../_native.pyi describes its functions. */
#include "arguments.h"
#include "inserts.h"
#include "latency.h"
#include "orders.h"
#include "request.h"
#if defined(__linux__)
#include "receive.h"
#include "send.h"
#include "timer.h"
#endif

static PyMethodDef methods[] = {
    METHOD(state),
    METHOD(requests),
    METHOD(inserts),
    METHOD(orders),
    METHOD(lags),
    METHOD(acknowledge),
    METHOD(finish),
    METHOD(instructions),
#if defined(__linux__)
    METHOD(receive),
    METHOD(send),
    METHOD(set_timer),
#endif
    {0},
};

static PyModuleDef definition = MODULE(methods);

__attribute__((visibility("default"))) PyObject *PyInit__native(void);

PyObject *PyInit__native(void) {
    sha256_instructions = sha256_has_instructions();
    return PyModuleDef_Init(&definition);
}
