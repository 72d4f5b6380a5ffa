/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TS_CHACHA20_IMPL_H
#define TS_CHACHA20_IMPL_H

#include "chacha20.h"

/* One 32-bit word of the state in every lane. The compiler maps this to the vectors it has. */
typedef uint32_t ts_lanes __attribute__((vector_size(4 * TS_CHACHA20_LANES)));

#define TS_ROTL(v, k) ((v) << (k) | (v) >> (32 - (k)))

#define TS_CHACHA20_QUARTER(s, a, b, c, d)                     \
    do {                                                       \
        s[a] += s[b], s[d] ^= s[a], s[d] = TS_ROTL(s[d], 16);  \
        s[c] += s[d], s[b] ^= s[c], s[b] = TS_ROTL(s[b], 12);  \
        s[a] += s[b], s[d] ^= s[a], s[d] = TS_ROTL(s[d], 8);   \
        s[c] += s[d], s[b] ^= s[c], s[b] = TS_ROTL(s[b], 7);   \
    } while (0)

/* All lanes equal to v. */
TS_INLINE void ts_lanes_fill(ts_lanes *out, uint32_t v) {
    for (int i = 0; i < TS_CHACHA20_LANES; i++) (*out)[i] = v;
}

TS_INLINE void ts_chacha20_setup(ts_lanes s[16], const uint8_t key[32], const uint8_t nonce[12], uint32_t counter) {
    static const uint32_t sigma[4] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
    for (int i = 0; i < 4; i++) ts_lanes_fill(&s[i], sigma[i]);
    for (int i = 0; i < 8; i++) ts_lanes_fill(&s[4 + i], ts_load_le32(key + 4 * i));
    for (int i = 0; i < TS_CHACHA20_LANES; i++) s[12][i] = counter + (uint32_t)i;
    for (int i = 0; i < 3; i++) ts_lanes_fill(&s[13 + i], ts_load_le32(nonce + 4 * i));
}

static void ts_chacha20_blocks(uint8_t out[TS_CHACHA20_LANES * TS_CHACHA20_BLOCK], const uint8_t key[32],
                               const uint8_t nonce[12], uint32_t counter) {
    ts_lanes s[16], start[16];
    ts_chacha20_setup(start, key, nonce, counter);
    memcpy(s, start, sizeof s);
    for (int round = 0; round < 10; round++) {
        TS_CHACHA20_QUARTER(s, 0, 4, 8, 12);
        TS_CHACHA20_QUARTER(s, 1, 5, 9, 13);
        TS_CHACHA20_QUARTER(s, 2, 6, 10, 14);
        TS_CHACHA20_QUARTER(s, 3, 7, 11, 15);
        TS_CHACHA20_QUARTER(s, 0, 5, 10, 15);
        TS_CHACHA20_QUARTER(s, 1, 6, 11, 12);
        TS_CHACHA20_QUARTER(s, 2, 7, 8, 13);
        TS_CHACHA20_QUARTER(s, 3, 4, 9, 14);
    }
    uint32_t words[16][TS_CHACHA20_LANES];
    for (int i = 0; i < 16; i++) s[i] += start[i];
    memcpy(words, s, sizeof words);
    for (int lane = 0; lane < TS_CHACHA20_LANES; lane++)
        for (int i = 0; i < 16; i++) ts_store_le32(out + TS_CHACHA20_BLOCK * lane + 4 * i, words[i][lane]);
    ts_wipe(words, sizeof words);
    ts_wipe(s, sizeof s);
    ts_wipe(start, sizeof start);
}

#endif
