/* Declarations of the Linux interfaces that this library uses, for 64-bit machines. The headers of a C library
 * would bind the module to that library. */
#ifndef LOADGEN_LINUX_H
#define LOADGEN_LINUX_H

#include <stddef.h>
#include <stdint.h>

enum {
    CLOCK_REALTIME = 0,
    CLOCK_MONOTONIC = 1,
    TIMER_ABSOLUTE = 1,
    SOL_SOCKET = 1,
    SCM_TIMESTAMPNS = 35,
    MSG_DONTWAIT = 0x40,
    MSG_NOSIGNAL = 0x4000,
    EPOLL_IN = 1,
    EINTR = 4,
    EAGAIN = 11,
};

typedef struct {
    int64_t seconds, ns;
} Time;

typedef struct {
    Time interval, value;
} TimerSpec;

#if defined(__x86_64__)
#define PACKED __attribute__((packed))
#else
#define PACKED
#endif

typedef struct {
    uint32_t events;
    uint64_t data;
} PACKED Event;

typedef struct {
    void *at;
    size_t size;
} Buffer;

typedef struct {
    void *name;
    uint32_t name_size;
    Buffer *buffers;
    size_t buffer_count;
    void *control;
    size_t control_size;
    int flags;
} Message;

typedef struct {
    size_t size;
    int level, type;
    Time time;
} Control;

int clock_gettime(int clock, Time *now);
int epoll_wait(int poll, Event *events, int max_events, int timeout_ms);
intptr_t recvmsg(int socket, Message *message, int flags);
intptr_t sendto(int socket, const void *at, size_t size, int flags, const void *name, uint32_t name_size);
int timerfd_settime(int timer, int flags, const TimerSpec *spec, TimerSpec *before);
int *__errno_location(void);

static inline int64_t read_clock(int clock) {
    Time now;
    clock_gettime(clock, &now);
    return now.seconds * 1000000000 + now.ns;
}

#endif
