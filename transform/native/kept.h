/* Keeps the process's freed memory for its next batch, where the C library is glibc.
 *
 * glibc gives the end of the heap back to the system when more than M_TRIM_THRESHOLD are free there, and gets blocks
 * above M_MMAP_THRESHOLD from the system each time (https://man7.org/linux/man-pages/man3/mallopt.3.html). A batch's
 * event, rows and response are such memory: the system then clears their pages again for each batch. */
#ifndef TRANSFORM_KEPT_H
#define TRANSFORM_KEPT_H

#include "arguments.h"

/* https://sourceware.org/git/?p=glibc.git;a=blob;f=malloc/malloc.h */
enum { M_TRIM_THRESHOLD = -1, M_MMAP_THRESHOLD = -3 };

/* Lambda's request and response have at most 6 MB each; 32 MiB is the most that M_MMAP_THRESHOLD may be. */
enum { KEPT_BYTES = 64 << 20, LARGEST_BLOCK_BYTES = 32 << 20 };

#if defined(__linux__)
/* Weak, because other C libraries have no such function. */
extern int mallopt(int parameter, int value) __attribute__((weak));
#else
static int (*const mallopt)(int parameter, int value) = NULL;
#endif

static PyObject *keep_memory(PyObject *module, PyObject *const *arguments, Py_ssize_t count) {
    (void)module;
    (void)arguments;
    if (read_count(count, 0, "keep_memory takes nothing") < 0) return NULL;
    if (mallopt) {
        mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
        mallopt(M_MMAP_THRESHOLD, LARGEST_BLOCK_BYTES);
    }
    return Py_BuildValue("");
}

#endif
