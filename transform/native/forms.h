/* The common forms of a column's texts; each function takes the text between the quotes. */
#ifndef TRANSFORM_FORMS_H
#define TRANSFORM_FORMS_H

#include "json.h"

/* Whether a row's string has the same escapes: the codec writes no others. */
static int is_own_form(Span text) {
    for (const uint8_t *p = text.at; *(p = skip_characters(p)) == '\\'; p += 2)
        if (p[1] == '/' || p[1] == 'u') return 0;
    return 1;
}

static int is_integer(Span text, int32_t whole) {
    const uint8_t *p = text.at + (*text.at == '-');
    const uint8_t *end = skip_digits(p);
    if (end != text.end || end == p || end - p > whole) return 0;
    return *p != '0' || (end - p == 1 && p == text.at);
}

static int is_decimal(Span text, int32_t whole, int32_t fraction) {
    const uint8_t *p = text.at + (*text.at == '-');
    const uint8_t *end = skip_digits(p);
    if (end == p || end - p > whole) return 0;
    if (*end == '.') {
        p = end + 1;
        end = skip_digits(p);
        if (end == p || end - p > fraction) return 0;
    }
    return end == text.end;
}

static int is_double(Span text, int32_t whole, int32_t fraction) {
    return is_decimal(text, whole, fraction) && skip_number(text.at) == text.end;
}

INLINE int two_digits(const uint8_t *p) {
    return is_digit(p[0]) && is_digit(p[1]) ? (p[0] - '0') * 10 + p[1] - '0' : 255;
}

/* A day from 0001-01-01 on. */
static int is_date(Span text) {
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const uint8_t *p = text.at;
    if (length(text) != 10 || p[4] != '-' || p[7] != '-') return 0;
    int century = two_digits(p), year = two_digits(p + 2), month = two_digits(p + 5), day = two_digits(p + 8);
    if (century > 99 || year > 99 || century + year == 0 || month < 1 || month > 12) return 0;
    int is_leap = year ? year % 4 == 0 : century % 4 == 0;
    return day >= 1 && day <= days[month - 1] + (month == 2 && is_leap);
}

/* The start of the zone, Z or +00:00, after a time with at most nine fractional digits; NULL for another form. */
static const uint8_t *zone_of(Span text) {
    const uint8_t *p = text.at;
    if (length(text) < 20 || !is_date((Span){p, p + 10}) || p[10] != 'T' || p[13] != ':' || p[16] != ':') return NULL;
    if (two_digits(p + 11) > 23 || two_digits(p + 14) > 59 || two_digits(p + 17) > 59) return NULL;
    const uint8_t *zone = p + 19;
    if (*zone == '.') {
        zone = skip_digits(zone + 1);
        if (zone == p + 20 || zone > p + 29) return NULL;
    }
    Span rest = {zone, text.end};
    return IS(rest, "Z") || IS(rest, "+00:00") ? zone : NULL;
}

#endif
