/* The three C library functions that compilers call implicitly; each process that runs Python has them. */
#ifndef NATIVE_MEMORY_H
#define NATIVE_MEMORY_H

#define memcpy __builtin_memcpy
#define memmove __builtin_memmove
#define memset __builtin_memset

#endif
