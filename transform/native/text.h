/* Bytes, and what is told of them sixteen at a time. */

#ifndef TEXT_H
#define TEXT_H

typedef unsigned char byte;
typedef int i32;
typedef long long i64;

enum { AT_ONCE = 16 };

/* A piece of text; `at` is null where there is none. */
struct span {
    const byte *at, *end;
};

#define INLINE static inline __attribute__((always_inline))

typedef byte bytes16 __attribute__((ext_vector_type(AT_ONCE)));
typedef _Bool bits16 __attribute__((ext_vector_type(AT_ONCE)));

INLINE bytes16 load(const byte *p) {
    bytes16 bytes;
    __builtin_memcpy(&bytes, p, AT_ONCE);
    return bytes;
}

#define BITS(condition) \
    __extension__({ \
        bits16 found = __builtin_convertvector(condition, bits16); \
        unsigned short bits; \
        __builtin_memcpy(&bits, &found, sizeof bits); \
        bits; \
    })

/* Which of the next 16 bytes end a run of a string's characters: a quote, a backslash, a control character. */
INLINE unsigned stops(const byte *p) {
    bytes16 bytes = load(p);
    return BITS((bytes == '"') | (bytes == '\\') | (bytes < 0x20));
}

INLINE i64 length(struct span span) { return span.end - span.at; }

INLINE int is_same(const byte *a, const byte *b, i64 count) {
    for (i64 i = 0; i < count; i++)
        if (a[i] != b[i]) return 0;
    return 1;
}

#define IS(span, text) (length(span) == sizeof(text) - 1 && is_same((span).at, (const byte *)text, sizeof(text) - 1))

INLINE int is_digit(byte c) { return (byte)(c - '0') < 10; }

INLINE const byte *skip_digits(const byte *p) {
    while (is_digit(*p)) p++;
    return p;
}

INLINE const byte *skip_spaces(const byte *p) {
    while (*p == ' ') p++;
    return p;
}

/* Whether a record is UTF-8: https://www.rfc-editor.org/rfc/rfc3629#section-4 */
static int is_utf8(const byte *p, const byte *end) {
    while (p < end) {
        if (!BITS(load(p) >= 0x80)) {
            p += AT_ONCE;
            continue;
        }
        byte c = *p++;
        if (c < 0x80) continue;
        byte least = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80, most = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;
        int more = c < 0xC2 ? 0 : c < 0xE0 ? 1 : c < 0xF0 ? 2 : c < 0xF5 ? 3 : 0;
        if (!more || *p < least || *p > most) return 0;
        for (p++; --more; p++)
            if ((*p & 0xC0) != 0x80) return 0;
    }
    return 1;
}

#endif
