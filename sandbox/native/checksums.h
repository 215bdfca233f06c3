/* CRC-32C (https://www.rfc-editor.org/rfc/rfc3720#appendix-B.4) and CRC-64/NVME (NVM Express NVM Command Set
 * Specification, "64b CRC"): reflected, with a register that begins and ends inverted. */
#ifndef SANDBOX_CHECKSUMS_H
#define SANDBOX_CHECKSUMS_H

#include "arguments.h"

#define CRC32C UINT64_C(0x82f63b78)
#define CRC64NVME UINT64_C(0x9a6c9329ac4bc9b5)

enum { BYTES = 256 };

/* The checksum of `size` bytes, most significant first. */
static inline void write_checksum(const uint8_t *at, Py_ssize_t size, uint8_t *written, int width) {
    uint64_t table[BYTES], polynomial = width == 8 ? CRC64NVME : CRC32C,
                           inverted = width == 8 ? UINT64_MAX : UINT32_MAX;
    for (uint64_t byte = 0; byte < BYTES; byte++) {
        uint64_t rest = byte;
        for (int bit = 0; bit < 8; bit++) rest = rest >> 1 ^ (rest & 1 ? polynomial : 0);
        table[byte] = rest;
    }
    uint64_t rest = inverted;
    for (Py_ssize_t i = 0; i < size; i++) rest = rest >> 8 ^ table[(rest ^ at[i]) & 0xff];
    rest ^= inverted;
    for (int i = width; i--; rest >>= 8) written[i] = (uint8_t)rest;
}

#endif
