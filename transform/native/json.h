/* JSON (https://www.rfc-editor.org/rfc/rfc8259), from a value's first byte to the one behind it.

   Null where there is no value, or none that is plain: a name with an escape, half a
   surrogate pair, a bare number, nesting beyond MAX_DEPTH, white space but spaces. */

#ifndef JSON_H
#define JSON_H

#include "text.h"

enum { MAX_DEPTH = 96 };

static int is_hex(byte c) { return is_digit(c) || (byte)((c | 0x20) - 'a') < 6; }

/* An escape, from behind its backslash; half a surrogate pair is left to those who know of the other. */
static const byte *skip_escape(const byte *p) {
    switch (*p) {
    case '"': case '\\': case '/': case 'b': case 'f': case 'n': case 'r': case 't':
        return p + 1;
    case 'u':
        for (int i = 1; i <= 4; i++)
            if (!is_hex(p[i])) return 0;
        return (p[1] | 0x20) == 'd' && p[2] >= '8' ? 0 : p + 5;
    default:
        return 0;
    }
}

/* From anywhere in a string to its closing quote or its next backslash. */
INLINE const byte *skip_characters(const byte *p) {
    unsigned found;
    while (!(found = stops(p))) p += AT_ONCE;
    return p + __builtin_ctz(found);
}

/* A string without an escape: its bytes are its characters. */
INLINE const byte *skip_bare_string(const byte *p) {
    if (*p != '"') return 0;
    p = skip_characters(p + 1);
    return *p == '"' ? p + 1 : 0;
}

static const byte *skip_string(const byte *p) {
    for (p++; *(p = skip_characters(p)) == '\\';)
        if (!(p = skip_escape(p + 1))) return 0;
    return *p == '"' ? p + 1 : 0;
}

static const byte *skip_number(const byte *p) {
    p += *p == '-';
    if (!is_digit(*p)) return 0;
    p = *p == '0' ? p + 1 : skip_digits(p);
    if (*p == '.') {
        if (!is_digit(*++p)) return 0;
        p = skip_digits(p);
    }
    if ((*p | 0x20) == 'e') {
        p++;
        p += *p == '+' || *p == '-';
        if (!is_digit(*p)) return 0;
        p = skip_digits(p);
    }
    return p;
}

INLINE const byte *skip_word(const byte *p, const char *word) {
    for (; *word; word++)
        if (*p++ != (byte)*word) return 0;
    return p;
}

/* Reads a member's value and says where it ends. */
typedef const byte *visit(void *context, struct span name, const byte *value);

INLINE const byte *read_members(const byte *p, void *context, visit *read) {
    if (*p != '{') return 0;
    p = skip_spaces(p + 1);
    if (*p == '}') return p + 1;
    for (;;) {
        const byte *start = p;
        if (!(p = skip_bare_string(p))) return 0;
        struct span name = {start + 1, p - 1};
        p = skip_spaces(p);
        if (*p != ':' || !(p = read(context, name, skip_spaces(p + 1)))) return 0;
        p = skip_spaces(p);
        if (*p == '}') return p + 1;
        if (*p != ',') return 0;
        p = skip_spaces(p + 1);
    }
}

/* A value without a bare number, of which an image has none. */
static const byte *skip_value(const byte *p, int depth);

static const byte *skip_member(void *depth, struct span name, const byte *value) {
    (void)name;
    return skip_value(value, *(int *)depth);
}

static const byte *skip_value(const byte *p, int depth) {
    if (depth++ == MAX_DEPTH) return 0;
    switch (*p) {
    case '"':
        return skip_string(p);
    case '{':
        return read_members(p, &depth, skip_member);
    case '[':
        p = skip_spaces(p + 1);
        if (*p == ']') return p + 1;
        for (;;) {
            if (!(p = skip_value(p, depth))) return 0;
            p = skip_spaces(p);
            if (*p == ']') return p + 1;
            if (*p != ',') return 0;
            p = skip_spaces(p + 1);
        }
    case 't':
        return skip_word(p, "true");
    case 'f':
        return skip_word(p, "false");
    case 'n':
        return skip_word(p, "null");
    default:
        return 0;
    }
}

#endif
