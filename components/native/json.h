/* JSON (https://www.rfc-editor.org/rfc/rfc8259), from a value's first byte to the byte after it.
 *
 * NULL where there is no value, or one in an uncommon form: a name with an escape, half a surrogate pair,
 * a bare number, nesting beyond MAX_DEPTH, white space other than spaces. */
#ifndef NATIVE_JSON_H
#define NATIVE_JSON_H

#include "scan.h"

enum { MAX_DEPTH = 96 };

static int is_hex(uint8_t c) {
    return is_digit(c) || (uint8_t)((c | 0x20) - 'a') < 6;
}

/* An escape, from the byte after its backslash; half a surrogate pair takes the slow path. */
static const uint8_t *skip_escape(const uint8_t *p) {
    switch (*p) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        return p + 1;
    case 'u':
        for (int i = 1; i <= 4; i++)
            if (!is_hex(p[i])) return NULL;
        return (p[1] | 0x20) == 'd' && p[2] >= '8' ? NULL : p + 5;
    default:
        return NULL;
    }
}

/* A string without an escape: its bytes are its characters. */
INLINE const uint8_t *skip_bare_string(const uint8_t *p) {
    if (*p != '"') return NULL;
    p = skip_characters(p + 1);
    return *p == '"' ? p + 1 : NULL;
}

static const uint8_t *skip_string(const uint8_t *p) {
    for (p++; *(p = skip_characters(p)) == '\\';)
        if (!(p = skip_escape(p + 1))) return NULL;
    return *p == '"' ? p + 1 : NULL;
}

static const uint8_t *skip_number(const uint8_t *p) {
    p += *p == '-';
    if (!is_digit(*p)) return NULL;
    p = *p == '0' ? p + 1 : skip_digits(p);
    if (*p == '.') {
        if (!is_digit(*++p)) return NULL;
        p = skip_digits(p);
    }
    if ((*p | 0x20) == 'e') {
        p++;
        p += *p == '+' || *p == '-';
        if (!is_digit(*p)) return NULL;
        p = skip_digits(p);
    }
    return p;
}

INLINE const uint8_t *skip_word(const uint8_t *p, const char *word) {
    for (; *word; word++)
        if (*p++ != (uint8_t)*word) return NULL;
    return p;
}

/* Reads the value of a member, or of an element, which has no name, and returns its end. */
typedef const uint8_t *Visit(void *context, Span name, const uint8_t *value);

INLINE const uint8_t *read_members(const uint8_t *p, void *context, Visit *read) {
    if (*p != '{') return NULL;
    p = skip_spaces(p + 1);
    if (*p == '}') return p + 1;
    for (;;) {
        const uint8_t *start = p;
        if (!(p = skip_bare_string(p))) return NULL;
        Span name = {start + 1, p - 1};
        p = skip_spaces(p);
        if (*p != ':' || !(p = read(context, name, skip_spaces(p + 1)))) return NULL;
        p = skip_spaces(p);
        if (*p == '}') return p + 1;
        if (*p != ',') return NULL;
        p = skip_spaces(p + 1);
    }
}

INLINE const uint8_t *read_elements(const uint8_t *p, void *context, Visit *read) {
    if (*p != '[') return NULL;
    p = skip_spaces(p + 1);
    if (*p == ']') return p + 1;
    for (;;) {
        if (!(p = read(context, (Span){0}, p))) return NULL;
        p = skip_spaces(p);
        if (*p == ']') return p + 1;
        if (*p != ',') return NULL;
        p = skip_spaces(p + 1);
    }
}

INLINE const uint8_t *skip_any_word(const uint8_t *p) {
    return skip_word(p, *p == 't' ? "true" : *p == 'f' ? "false" : "null");
}

/* A value without bare numbers, which images never contain. */
static const uint8_t *skip_value(const uint8_t *p, int depth);

static const uint8_t *skip_member(void *depth, Span name, const uint8_t *value) {
    (void)name;
    return skip_value(value, *(int *)depth);
}

static const uint8_t *skip_value(const uint8_t *p, int depth) {
    if (depth++ == MAX_DEPTH) return NULL;
    switch (*p) {
    case '"':
        return skip_string(p);
    case '{':
        return read_members(p, &depth, skip_member);
    case '[':
        return read_elements(p, &depth, skip_member);
    default:
        return skip_any_word(p);
    }
}

#endif
