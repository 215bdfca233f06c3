/* A timer on the monotonic clock. */
#ifndef LOADGEN_ALARM_H
#define LOADGEN_ALARM_H

#include "linux.h"
#include "python.h"

static PyObject *set_timer(PyObject *module, PyObject *const *arguments, Py_ssize_t count) {
    (void)module;
    if (count != 2) {
        PyErr_SetString(PyExc_TypeError, "set_timer takes a timerfd and a time");
        return NULL;
    }
    long long timer = PyLong_AsLongLong(arguments[0]), at = timer == -1 ? -1 : PyLong_AsLongLong(arguments[1]);
    if (PyErr_Occurred()) return NULL;
    /* All zeros would be no time at all, but never. */
    if (at < 1) at = 1;
    TimerSpec spec = {.value = {at / 1000000000, at % 1000000000}};
    if (timerfd_settime((int)timer, TIMER_ABSOLUTE, &spec, NULL) < 0) return PyErr_SetFromErrno(PyExc_OSError);
    return Py_BuildValue("");
}

#endif
