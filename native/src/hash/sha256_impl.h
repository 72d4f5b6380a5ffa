/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_SHA256_IMPL_H
#define TS_SHA256_IMPL_H

#include "sha256.h"
#include "sha256_constants.h"

/* A path that has instructions for it defines TS_ARCH_SHA256 and this function. */
#ifndef TS_ARCH_SHA256
TS_INLINE uint32_t ts_rotr32(uint32_t v, int k) { return v >> k | v << (32 - k); }

TS_INLINE void ts_sha256_round(uint32_t v[8], uint32_t k_plus_w) {
    uint32_t s1 = ts_rotr32(v[4], 6) ^ ts_rotr32(v[4], 11) ^ ts_rotr32(v[4], 25);
    uint32_t s0 = ts_rotr32(v[0], 2) ^ ts_rotr32(v[0], 13) ^ ts_rotr32(v[0], 22);
    uint32_t t1 = v[7] + s1 + ((v[4] & v[5]) ^ (~v[4] & v[6])) + k_plus_w;
    uint32_t t2 = s0 + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
    for (int i = 7; i > 0; i--) v[i] = v[i - 1];
    v[4] += t1;
    v[0] = t1 + t2;
}

static void ts_sha256_compress(uint32_t state[8], const uint8_t block[TS_SHA256_BLOCK]) {
    uint32_t w[64], v[8];
    for (int i = 0; i < 16; i++) w[i] = ts_load_be32(block + 4 * i);
    for (int i = 16; i < 64; i++) {
        uint32_t s0 = ts_rotr32(w[i - 15], 7) ^ ts_rotr32(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t s1 = ts_rotr32(w[i - 2], 17) ^ ts_rotr32(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    memcpy(v, state, sizeof v);
    for (int i = 0; i < 64; i++) ts_sha256_round(v, ts_sha256_k[i] + w[i]);
    for (int i = 0; i < 8; i++) state[i] += v[i];
    ts_wipe(w, sizeof w);
    ts_wipe(v, sizeof v);
}
#endif

static void ts_sha256_init(ts_sha256 *h) {
    memcpy(h->state, ts_sha256_start, sizeof h->state);
    h->bytes = 0;
}

static void ts_sha256_update(ts_sha256 *h, const uint8_t *data, size_t n) {
    size_t used = h->bytes % TS_SHA256_BLOCK;
    h->bytes += n;
    while (n > 0) {
        size_t take = n < TS_SHA256_BLOCK - used ? n : TS_SHA256_BLOCK - used;
        memcpy(h->block + used, data, take);
        data += take, n -= take, used += take;
        if (used == TS_SHA256_BLOCK) {
            ts_sha256_compress(h->state, h->block);
            used = 0;
        }
    }
}

static void ts_sha256_final(uint8_t out[TS_SHA256_SIZE], ts_sha256 *h) {
    static const uint8_t pad[TS_SHA256_BLOCK] = {0x80};
    uint8_t length[8];
    ts_store_be64(length, 8 * h->bytes);
    /* The padding ends 8 bytes before the end of a block. */
    ts_sha256_update(h, pad, 1 + (119 - h->bytes % TS_SHA256_BLOCK) % TS_SHA256_BLOCK);
    ts_sha256_update(h, length, sizeof length);
    for (int i = 0; i < 8; i++) ts_store_be32(out + 4 * i, h->state[i]);
    ts_wipe(h, sizeof *h);
}

#endif
