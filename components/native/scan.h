/* Text, sixteen bytes at a time. */
#ifndef NATIVE_SCAN_H
#define NATIVE_SCAN_H

#include "memory.h"
#include "text.h"

enum { AT_ONCE = 16 };

#define INLINE static inline __attribute__((always_inline))

typedef uint8_t Bytes16 __attribute__((ext_vector_type(AT_ONCE)));
typedef _Bool Bits16 __attribute__((ext_vector_type(AT_ONCE)));

INLINE Bytes16 load(const uint8_t *p) {
    Bytes16 bytes;
    memcpy(&bytes, p, AT_ONCE);
    return bytes;
}

#define BITS(condition) \
    __extension__({ \
        Bits16 found = __builtin_convertvector(condition, Bits16); \
        unsigned short bits; \
        memcpy(&bits, &found, sizeof bits); \
        bits; \
    })

/* A mask of the next 16 bytes that end a run of a string's characters: a quote, a backslash, a control character. */
INLINE unsigned stops(const uint8_t *p) {
    Bytes16 bytes = load(p);
    return BITS((bytes == '"') | (bytes == '\\') | (bytes < 0x20));
}

/* From anywhere in a string to its closing quote or its next backslash or control character. */
INLINE const uint8_t *skip_characters(const uint8_t *p) {
    unsigned found;
    while (!(found = stops(p))) p += AT_ONCE;
    return p + __builtin_ctz(found);
}

INLINE int is_same(const uint8_t *a, const uint8_t *b, int64_t count) {
    for (int64_t i = 0; i < count; i++)
        if (a[i] != b[i]) return 0;
    return 1;
}

#define IS(span, text) (length(span) == sizeof(text) - 1 && is_same((span).at, (const uint8_t *)text, sizeof(text) - 1))

INLINE int is_digit(uint8_t c) {
    return (uint8_t)(c - '0') < 10;
}

INLINE const uint8_t *skip_digits(const uint8_t *p) {
    while (is_digit(*p)) p++;
    return p;
}

INLINE const uint8_t *skip_spaces(const uint8_t *p) {
    while (*p == ' ') p++;
    return p;
}

/* Whether a backslash begins one of the escapes that are copied: each is one byte of the text. */
INLINE int is_short_escape(const uint8_t *p) {
    uint8_t c = p[1];
    return *p == '\\' && (c == '"' || c == '\\' || c == 'b' || c == 'f' || c == 'n' || c == 'r' || c == 't');
}

/* Whether the bytes of one text come before another's, as its characters do. */
INLINE int is_before(Span one, Span other) {
    int64_t shorter = length(one) < length(other) ? length(one) : length(other);
    for (int64_t i = 0; i < shorter; i++)
        if (one.at[i] != other.at[i]) return one.at[i] < other.at[i];
    return length(one) < length(other);
}

/* Whether a record is UTF-8: https://www.rfc-editor.org/rfc/rfc3629#section-4 */
static int is_utf8(const uint8_t *p, const uint8_t *end) {
    while (p < end) {
        if (!BITS(load(p) >= 0x80)) {
            p += AT_ONCE;
            continue;
        }
        uint8_t c = *p++;
        if (c < 0x80) continue;
        uint8_t least = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80, most = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;
        int more = c < 0xC2 ? 0 : c < 0xE0 ? 1 : c < 0xF0 ? 2 : c < 0xF5 ? 3 : 0;
        if (!more || *p < least || *p > most) return 0;
        for (p++; --more; p++)
            if ((*p & 0xC0) != 0x80) return 0;
    }
    return 1;
}

#endif
