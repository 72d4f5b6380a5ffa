/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (FIPS 180-4). Timing depends on lengths only. */
#ifndef TS_SHA256_H
#define TS_SHA256_H

#include "../util/util.h"

#define TS_SHA256_SIZE 32
#define TS_SHA256_BLOCK 64

/* bytes counts all input so far; the last bytes mod 64 of it wait in block. */
typedef struct {
    uint32_t state[8];
    uint64_t bytes;
    uint8_t block[TS_SHA256_BLOCK];
} ts_sha256;

static void ts_sha256_init(ts_sha256 *h);
static void ts_sha256_update(ts_sha256 *h, const uint8_t *data, size_t n);
/* Writes the digest and wipes the state. */
static void ts_sha256_final(uint8_t out[TS_SHA256_SIZE], ts_sha256 *h);

#endif
