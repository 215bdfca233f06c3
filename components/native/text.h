/* Spans of text; numbers and times as text. */
#ifndef NATIVE_TEXT_H
#define NATIVE_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "memory.h"

/* From the first byte to the byte after the last; `at` is NULL for no span. */
typedef struct {
    const uint8_t *at, *end;
} Span;

/* A Span of a literal, without its NUL; for an initialiser. */
#define LITERAL(text) {(const uint8_t *)(text), (const uint8_t *)(text) + sizeof(text) - 1}

static inline int64_t length(Span span) {
    return span.end - span.at;
}

static inline uint8_t *put_bytes(uint8_t *to, Span text) {
    memcpy(to, text.at, (size_t)length(text));
    return to + length(text);
}

static inline int count_digits(int64_t number) {
    int digits = 1;
    while (number /= 10) digits++;
    return digits;
}

static inline uint8_t *put_digits(uint8_t *to, int64_t number, int digits) {
    for (int i = digits; i--; number /= 10) to[i] = (uint8_t)('0' + number % 10);
    return to + digits;
}

/* Seconds since 1970 as YYYY-MM-DD, a separator and HH:MM:SS, in UTC:
 * https://howardhinnant.github.io/date_algorithms.html#civil_from_days */
static inline uint8_t *put_time(uint8_t *to, int64_t seconds, char separator) {
    int64_t days = seconds / 86400 + 719468, second = seconds % 86400;
    int64_t era = days / 146097, day_of_era = days % 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    to = put_digits(to, era * 400 + year_of_era + (month <= 2), 4);
    *to++ = '-';
    to = put_digits(to, month, 2);
    *to++ = '-';
    to = put_digits(to, day_of_year - (153 * month_from_march + 2) / 5 + 1, 2);
    *to++ = (uint8_t)separator;
    to = put_digits(to, second / 3600, 2);
    *to++ = ':';
    to = put_digits(to, second / 60 % 60, 2);
    *to++ = ':';
    return put_digits(to, second % 60, 2);
}

#endif
