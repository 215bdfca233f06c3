/* Base64 to bytes (https://www.rfc-editor.org/rfc/rfc4648#section-4), sixteen characters at a time.
 *
 * The characters' values come from three tables, as W. Mula and D. Lemire describe it
 * (https://arxiv.org/abs/1704.00605). A text that is not base64 is refused: the slow path says why. */
#ifndef TRANSFORM_BASE64_H
#define TRANSFORM_BASE64_H

#include "scan.h"

#if defined(__x86_64__)
#include <tmmintrin.h>
/* An entry of a table of sixteen for each index from 0 to 15. */
INLINE Bytes16 entries(Bytes16 table, Bytes16 indices) {
    return (Bytes16)_mm_shuffle_epi8((__m128i)table, (__m128i)indices);
}
#elif defined(__aarch64__)
#include <arm_neon.h>
INLINE Bytes16 entries(Bytes16 table, Bytes16 indices) {
    return (Bytes16)vqtbl1q_u8((uint8x16_t)table, (uint8x16_t)indices);
}
#else
INLINE Bytes16 entries(Bytes16 table, Bytes16 indices) {
    Bytes16 found;
    for (int i = 0; i < AT_ONCE; i++) found[i] = table[indices[i]];
    return found;
}
#endif

enum { CHARACTERS = 4, DECODED = 3, DECODED_AT_ONCE = AT_ONCE / CHARACTERS * DECODED };

typedef uint16_t Pairs __attribute__((ext_vector_type(AT_ONCE / 2)));
typedef uint32_t Groups __attribute__((ext_vector_type(AT_ONCE / 4)));

/* The 12 bytes of 16 characters, with 4 more behind them; `wrong` collects the characters that have no value. */
INLINE Bytes16 decode_characters(Bytes16 text, Bytes16 *wrong) {
    /* A character is wrong where the entries of its low and its high half have a bit in common. */
    static const Bytes16 by_low = {
        0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1A, 0x1B, 0x1B, 0x1B, 0x1A};
    static const Bytes16 by_high = {
        0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10};
    /* What is added to a character, by its high half; a slash has its own entry, the one before a plus. */
    static const Bytes16 shifts = {0, 16, 19, 4, (uint8_t)-65, (uint8_t)-65, (uint8_t)-71, (uint8_t)-71};
    Bytes16 high = text >> 4;
    *wrong |= entries(by_low, text & 15) & entries(by_high, high);
    Bytes16 sixes = text + entries(shifts, high + (Bytes16)(text == '/'));
    Pairs twelves = ((Pairs)sixes & 0xFF) << 6 | (Pairs)sixes >> 8;
    Groups groups = ((Groups)twelves & 0xFFFF) << 12 | (Groups)twelves >> 16;
    return __builtin_shufflevector(
        (Bytes16)groups, (Bytes16)groups, 2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, 3, 7, 11, 15);
}

/* The bytes that `decode_text` may write for a text of this length: it writes sixteen at a time. */
INLINE int64_t decoded_room(int64_t characters) {
    return characters / CHARACTERS * DECODED + AT_ONCE;
}

/* Writes the bytes of a text and returns the end of them; NULL where it is not base64. */
static uint8_t *decode_text(uint8_t *to, Span text) {
    const uint8_t *p = text.at;
    Bytes16 wrong = 0, last = 'A';
    if (length(text) % CHARACTERS) return NULL;
    if (!length(text)) return to;
    for (; text.end - p > AT_ONCE; p += AT_ONCE, to += DECODED_AT_ONCE) {
        Bytes16 decoded = decode_characters(load(p), &wrong);
        memcpy(to, &decoded, AT_ONCE);
    }
    int64_t rest = text.end - p, padding = text.end[-1] != '=' ? 0 : text.end[-2] != '=' ? 1 : 2;
    for (int64_t i = 0; i < rest - padding; i++) last[i] = p[i];
    Bytes16 decoded = decode_characters(last, &wrong);
    memcpy(to, &decoded, AT_ONCE);
    return BITS(wrong != 0) ? NULL : to + rest / CHARACTERS * DECODED - padding;
}

#endif
