/* The three functions of C's library that compilers call themselves: each process that runs Python has them. */
#ifndef NATIVE_MEMORY_H
#define NATIVE_MEMORY_H

#define memcpy __builtin_memcpy
#define memmove __builtin_memmove
#define memset __builtin_memset

#endif
