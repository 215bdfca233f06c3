/* SHA-256 (FIPS 180-4), by the processor's own instructions where it has them, two messages at a time.
 *
 * A round waits for the one before it, so the instructions of two messages fit between each other:
 * both together take little longer than one. */
#ifndef LOADGEN_SHA256_H
#define LOADGEN_SHA256_H

#include <stddef.h>
#include <stdint.h>

#include "memory.h"

enum { SHA256_BLOCK = 64, SHA256_DIGEST = 32 };

/* The state of a message: the hash of its whole blocks, its number of bytes, and the bytes of the partial block. */
typedef struct {
    uint32_t hash[8];
    uint64_t bytes;
    uint8_t block[SHA256_BLOCK];
} Sha256;

/* Blocks to add to a hash. */
typedef struct {
    uint32_t *hash;
    const uint8_t *at;
    size_t blocks;
} Sha256Run;

static const uint32_t sha256_constants[64] __attribute__((aligned(16))) = {0x428a2f98, 0x71374491, 0xb5c0fbcf,
    0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
    0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
    0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e,
    0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee,
    0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static const uint32_t sha256_start[8] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

static inline uint32_t sha256_rotated(uint32_t word, int bits) {
    return word >> bits | word << (32 - bits);
}

static inline uint32_t sha256_word(const uint8_t *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void sha256_portable(uint32_t *hash, const uint8_t *at, size_t blocks) {
    for (; blocks--; at += SHA256_BLOCK) {
        uint32_t words[64], state[8];
        for (int i = 0; i < 16; i++) words[i] = sha256_word(at + 4 * i);
        for (int i = 16; i < 64; i++) {
            uint32_t first = words[i - 15], last = words[i - 2];
            words[i] = words[i - 16] + words[i - 7]
                + (sha256_rotated(first, 7) ^ sha256_rotated(first, 18) ^ first >> 3)
                + (sha256_rotated(last, 17) ^ sha256_rotated(last, 19) ^ last >> 10);
        }
        memcpy(state, hash, sizeof state);
        for (int i = 0; i < 64; i++) {
            uint32_t a = state[0], e = state[4];
            uint32_t one = state[7] + (sha256_rotated(e, 6) ^ sha256_rotated(e, 11) ^ sha256_rotated(e, 25))
                + ((e & state[5]) ^ (~e & state[6])) + sha256_constants[i] + words[i];
            uint32_t two = (sha256_rotated(a, 2) ^ sha256_rotated(a, 13) ^ sha256_rotated(a, 22))
                + ((a & state[1]) ^ (a & state[2]) ^ (state[1] & state[2]));
            memmove(state + 1, state, 7 * sizeof *state);
            state[4] += one;
            state[0] = one + two;
        }
        for (int i = 0; i < 8; i++) hash[i] += state[i];
    }
}

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

static int sha256_has_instructions(void) {
    unsigned a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && c & bit_SSE4_1 && c & bit_SSSE3 && __get_cpuid_count(7, 0, &a, &b, &c, &d)
        && b & 1u << 29;
}

/* https://www.intel.com/content/www/us/en/developer/articles/technical/intel-sha-extensions.html */
__attribute__((target("sha,sse4.1,ssse3"), always_inline)) static inline void sha256_lanes(
    const int lanes, Sha256Run *runs, size_t blocks) {
    const __m128i order = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    __m128i low[2], high[2], word[2][4], low_before[2], high_before[2], sum[2];
    for (int lane = 0; lane < lanes; lane++) {
        __m128i front = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)runs[lane].hash), 0xb1);
        __m128i back = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(runs[lane].hash + 4)), 0x1b);
        low[lane] = _mm_alignr_epi8(front, back, 8);
        high[lane] = _mm_blend_epi16(back, front, 0xf0);
    }
    for (; blocks--;) {
        for (int lane = 0; lane < lanes; lane++) {
            low_before[lane] = low[lane];
            high_before[lane] = high[lane];
        }
#pragma clang loop unroll(full)
        for (int r = 0; r < 16; r++) {
#pragma clang loop unroll(full)
            for (int lane = 0; lane < lanes; lane++) {
                __m128i *w = word[lane];
                if (r < 4) w[r] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(runs[lane].at + 16 * r)), order);
                sum[lane] = _mm_add_epi32(w[r & 3], _mm_load_si128((const __m128i *)(sha256_constants + 4 * r)));
                high[lane] = _mm_sha256rnds2_epu32(high[lane], low[lane], sum[lane]);
                if (r >= 3 && r < 15) {
                    __m128i shifted = _mm_alignr_epi8(w[r & 3], w[(r - 1) & 3], 4);
                    w[(r + 1) & 3] = _mm_sha256msg2_epu32(_mm_add_epi32(w[(r + 1) & 3], shifted), w[r & 3]);
                }
            }
#pragma clang loop unroll(full)
            for (int lane = 0; lane < lanes; lane++) {
                __m128i *w = word[lane];
                low[lane] = _mm_sha256rnds2_epu32(low[lane], high[lane], _mm_shuffle_epi32(sum[lane], 0x0e));
                if (r >= 1 && r < 13) w[(r - 1) & 3] = _mm_sha256msg1_epu32(w[(r - 1) & 3], w[r & 3]);
            }
        }
        for (int lane = 0; lane < lanes; lane++) {
            low[lane] = _mm_add_epi32(low[lane], low_before[lane]);
            high[lane] = _mm_add_epi32(high[lane], high_before[lane]);
            runs[lane].at += SHA256_BLOCK;
        }
    }
    for (int lane = 0; lane < lanes; lane++) {
        __m128i front = _mm_shuffle_epi32(low[lane], 0x1b), back = _mm_shuffle_epi32(high[lane], 0xb1);
        _mm_storeu_si128((__m128i *)runs[lane].hash, _mm_blend_epi16(front, back, 0xf0));
        _mm_storeu_si128((__m128i *)(runs[lane].hash + 4), _mm_alignr_epi8(back, front, 8));
    }
}

__attribute__((target("sha,sse4.1,ssse3"))) static void sha256_one(Sha256Run *run) {
    sha256_lanes(1, run, run->blocks);
}

__attribute__((target("sha,sse4.1,ssse3"))) static void sha256_two(Sha256Run *runs, size_t blocks) {
    sha256_lanes(2, runs, blocks);
}

#elif defined(__aarch64__)

#include <arm_neon.h>
#if defined(__linux__)
unsigned long getauxval(unsigned long type);
enum { AUX_HARDWARE = 16, HARDWARE_SHA2 = 1 << 6 };
static int sha256_has_instructions(void) {
    return (getauxval(AUX_HARDWARE) & HARDWARE_SHA2) != 0;
}
#else
static int sha256_has_instructions(void) {
    return 1;
}
#endif

/* https://developer.arm.com/architectures/instruction-sets/intrinsics/#q=sha256 */
__attribute__((target("sha2"), always_inline)) static inline void sha256_lanes(
    const int lanes, Sha256Run *runs, size_t blocks) {
    uint32x4_t low[2], high[2], word[2][4], low_before[2], high_before[2];
    for (int lane = 0; lane < lanes; lane++) {
        low[lane] = vld1q_u32(runs[lane].hash);
        high[lane] = vld1q_u32(runs[lane].hash + 4);
    }
    for (; blocks--;) {
        for (int lane = 0; lane < lanes; lane++) {
            low_before[lane] = low[lane];
            high_before[lane] = high[lane];
            /* All four together: from the first round on, each depends on all of them. */
            for (int i = 0; i < 4; i++)
                word[lane][i] = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(runs[lane].at + 16 * i)));
        }
#pragma clang loop unroll(full)
        for (int r = 0; r < 16; r++) {
#pragma clang loop unroll(full)
            for (int lane = 0; lane < lanes; lane++) {
                uint32x4_t *w = word[lane], before = low[lane];
                uint32x4_t sum = vaddq_u32(w[r & 3], vld1q_u32(sha256_constants + 4 * r));
                if (r < 12)
                    w[r & 3] =
                        vsha256su1q_u32(vsha256su0q_u32(w[r & 3], w[(r + 1) & 3]), w[(r + 2) & 3], w[(r + 3) & 3]);
                low[lane] = vsha256hq_u32(low[lane], high[lane], sum);
                high[lane] = vsha256h2q_u32(high[lane], before, sum);
            }
        }
        for (int lane = 0; lane < lanes; lane++) {
            low[lane] = vaddq_u32(low[lane], low_before[lane]);
            high[lane] = vaddq_u32(high[lane], high_before[lane]);
            runs[lane].at += SHA256_BLOCK;
        }
    }
    for (int lane = 0; lane < lanes; lane++) {
        vst1q_u32(runs[lane].hash, low[lane]);
        vst1q_u32(runs[lane].hash + 4, high[lane]);
    }
}

__attribute__((target("sha2"))) static void sha256_one(Sha256Run *run) {
    sha256_lanes(1, run, run->blocks);
}

__attribute__((target("sha2"))) static void sha256_two(Sha256Run *runs, size_t blocks) {
    sha256_lanes(2, runs, blocks);
}

#else

static int sha256_has_instructions(void) {
    return 0;
}
static void sha256_one(Sha256Run *run) {
    sha256_portable(run->hash, run->at, run->blocks);
}
static void sha256_two(Sha256Run *runs, size_t blocks) {
    sha256_portable(runs[0].hash, runs[0].at, blocks);
    sha256_portable(runs[1].hash, runs[1].at, blocks);
}

#endif

/* Whether the instructions are used; set when the module is initialized. */
static int sha256_instructions;

static void sha256_run(Sha256Run *run) {
    if (!sha256_instructions)
        sha256_portable(run->hash, run->at, run->blocks);
    else if (run->blocks)
        sha256_one(run);
}

/* Processes two runs side by side as far as both have blocks. */
static void sha256_runs(Sha256Run *runs, int count) {
    if (count == 2 && sha256_instructions) {
        size_t both = runs[0].blocks < runs[1].blocks ? runs[0].blocks : runs[1].blocks;
        if (both) sha256_two(runs, both);
        runs[0].blocks -= both;
        runs[1].blocks -= both;
    }
    for (int i = 0; i < count; i++) sha256_run(&runs[i]);
}

/* The end of a message: its last bytes with the padding. */
typedef struct {
    uint8_t bytes[3 * SHA256_BLOCK];
    size_t blocks;
} Sha256End;

/* Builds the last blocks of a message: the partial block of `state`, `more` (up to 64 bytes) and the padding. */
static void sha256_end(Sha256End *end, const Sha256 *state, const uint8_t *more, size_t size) {
    size_t kept = state->bytes % SHA256_BLOCK, filled = kept + size;
    uint64_t bits = (state->bytes + size) * 8;
    memcpy(end->bytes, state->block, kept);
    memcpy(end->bytes + kept, more, size);
    end->blocks = (filled + 9 + SHA256_BLOCK - 1) / SHA256_BLOCK;
    size_t whole = end->blocks * SHA256_BLOCK;
    end->bytes[filled] = 0x80;
    memset(end->bytes + filled + 1, 0, whole - filled - 9);
    for (int i = 0; i < 8; i++) end->bytes[whole - 1 - i] = (uint8_t)(bits >> 8 * i);
}

static void sha256_add(Sha256 *state, const uint8_t *at, size_t size) {
    size_t kept = state->bytes % SHA256_BLOCK;
    state->bytes += size;
    if (kept) {
        size_t room = SHA256_BLOCK - kept, taken = size < room ? size : room;
        memcpy(state->block + kept, at, taken);
        at += taken;
        size -= taken;
        if (kept + taken < SHA256_BLOCK) return;
        sha256_run(&(Sha256Run){state->hash, state->block, 1});
    }
    sha256_run(&(Sha256Run){state->hash, at, size / SHA256_BLOCK});
    memcpy(state->block, at + size / SHA256_BLOCK * SHA256_BLOCK, size % SHA256_BLOCK);
}

static void sha256_write(const uint32_t *hash, uint8_t *digest) {
    for (int i = 0; i < 8; i++)
        for (int j = 0; j < 4; j++) *digest++ = (uint8_t)(hash[i] >> (24 - 8 * j));
}

static void sha256_write_hex(const uint32_t *hash, uint8_t *hex) {
    for (int i = 0; i < 8; i++)
        for (int shift = 28; shift >= 0; shift -= 4) *hex++ = (uint8_t)"0123456789abcdef"[hash[i] >> shift & 15];
}

#endif
