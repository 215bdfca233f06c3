/* A timer on the monotonic clock. */
#ifndef LOADGEN_TIMER_H
#define LOADGEN_TIMER_H

#include "arguments.h"
#include "linux.h"

enum { NS_PER_S = 1000000000 };

static PyObject *set_timer(PyObject *module, PyObject *const *arguments, Py_ssize_t count) {
    (void)module;
    int64_t timer, at;
    if (read_count(count, 2, "set_timer takes a timerfd and a time") < 0 || read_integer(arguments[0], &timer) < 0
        || read_integer(arguments[1], &at) < 0)
        return NULL;
    /* All zeros would disarm the timer. */
    if (at < 1) at = 1;
    TimerSpec spec = {.value = {at / NS_PER_S, at % NS_PER_S}};
    if (timerfd_settime((int)timer, TIMER_ABSOLUTE, &spec, NULL) < 0) return PyErr_SetFromErrno(PyExc_OSError);
    return Py_BuildValue("");
}

#endif
