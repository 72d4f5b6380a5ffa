/* SPDX-License-Identifier: Apache-2.0 */
/* The ChaCha20 key stream, sixteen blocks at a time: word i of the state of sixteen blocks in vector i. */
#ifndef TS_CHACHA20X16_IMPL_H
#define TS_CHACHA20X16_IMPL_H

#include "../../util/util.h"

#define TS_CHACHA20X16_BYTES (16 * 64)

TS_INLINE void ts_chacha20x16_quarter(__m512i s[16], int a, int b, int c, int d) {
    s[a] = _mm512_add_epi32(s[a], s[b]), s[d] = _mm512_rol_epi32(_mm512_xor_si512(s[d], s[a]), 16);
    s[c] = _mm512_add_epi32(s[c], s[d]), s[b] = _mm512_rol_epi32(_mm512_xor_si512(s[b], s[c]), 12);
    s[a] = _mm512_add_epi32(s[a], s[b]), s[d] = _mm512_rol_epi32(_mm512_xor_si512(s[d], s[a]), 8);
    s[c] = _mm512_add_epi32(s[c], s[d]), s[b] = _mm512_rol_epi32(_mm512_xor_si512(s[b], s[c]), 7);
}

/* Word i of vector k becomes word k of vector i, and vector i is stored as block i. */
TS_INLINE void ts_chacha20x16_store(uint8_t *out, const __m512i s[16]) {
    __m512i t[16], u[16];
    TS_UNROLL(4)
    for (int i = 0; i < 16; i += 4) {
        const __m512i a = _mm512_unpacklo_epi32(s[i], s[i + 1]), b = _mm512_unpackhi_epi32(s[i], s[i + 1]);
        const __m512i c = _mm512_unpacklo_epi32(s[i + 2], s[i + 3]), d = _mm512_unpackhi_epi32(s[i + 2], s[i + 3]);
        /* Lane j of t[i + k] holds words i .. i + 3 of block 4 j + k. */
        t[i] = _mm512_unpacklo_epi64(a, c), t[i + 1] = _mm512_unpackhi_epi64(a, c);
        t[i + 2] = _mm512_unpacklo_epi64(b, d), t[i + 3] = _mm512_unpackhi_epi64(b, d);
    }
    TS_UNROLL(4)
    for (int k = 0; k < 4; k++) {
        const __m512i a = _mm512_shuffle_i32x4(t[k], t[4 + k], 0x44), b = _mm512_shuffle_i32x4(t[k], t[4 + k], 0xee);
        const __m512i c = _mm512_shuffle_i32x4(t[8 + k], t[12 + k], 0x44);
        const __m512i d = _mm512_shuffle_i32x4(t[8 + k], t[12 + k], 0xee);
        u[k] = _mm512_shuffle_i32x4(a, c, 0x88), u[4 + k] = _mm512_shuffle_i32x4(a, c, 0xdd);
        u[8 + k] = _mm512_shuffle_i32x4(b, d, 0x88), u[12 + k] = _mm512_shuffle_i32x4(b, d, 0xdd);
    }
    TS_UNROLL(16)
    for (int i = 0; i < 16; i++) _mm512_storeu_si512(out + 64 * i, u[i]);
}

/* The state of sixteen blocks after all rounds: constant, key and nonce of words in all lanes, counters of their own. */
TS_INLINE void ts_chacha20x16_rounds(__m512i s[16], const uint32_t words[16], __m512i counters) {
    TS_UNROLL(16)
    for (int i = 0; i < 16; i++) s[i] = i == 12 ? counters : _mm512_set1_epi32((int)words[i]);
    for (int round = 0; round < 10; round++) {
        TS_UNROLL(4)
        for (int i = 0; i < 4; i++) ts_chacha20x16_quarter(s, i, 4 + i, 8 + i, 12 + i);
        TS_UNROLL(4)
        for (int i = 0; i < 4; i++) ts_chacha20x16_quarter(s, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4);
    }
    TS_UNROLL(16)
    for (int i = 0; i < 16; i++)
        s[i] = _mm512_add_epi32(s[i], i == 12 ? counters : _mm512_set1_epi32((int)words[i]));
}

TS_INLINE void ts_chacha20x16_words(uint32_t words[16], const uint8_t *key32, const uint8_t *nonce12) {
    static const uint32_t constant[4] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
    memcpy(words, constant, sizeof constant);
    memcpy(words + 4, key32, 32);
    words[12] = 0;
    memcpy(words + 13, nonce12, 12);
}

/* Blocks counter .. counter + 15 in their order. */
TS_INLINE void ts_chacha20x16_blocks(uint8_t *out, const uint32_t words[16], uint32_t counter) {
    const __m512i lanes = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    __m512i s[16];
    ts_chacha20x16_rounds(s, words, _mm512_add_epi32(_mm512_set1_epi32((int)counter), lanes));
    ts_chacha20x16_store(out, s);
}

/* Sixteen blocks as 64-bit words, two states' words a vector: first[i] has word i of blocks counter + 0 2 1 3 4 6 5 7, the lanes of
 * ts_v8_transpose4, and second[i] of those eight later. Interleaving 32-bit words takes lanes 4 j and 4 j + 1 of the states to one
 * result and 4 j + 2 and 4 j + 3 to the other, which the order of the counters makes up for. */
TS_INLINE void ts_chacha20x16_pairs(__m512i first[8], __m512i second[8], const uint32_t words[16], uint32_t counter) {
    const __m512i lanes = _mm512_set_epi32(15, 13, 7, 5, 14, 12, 6, 4, 11, 9, 3, 1, 10, 8, 2, 0);
    __m512i s[16];
    ts_chacha20x16_rounds(s, words, _mm512_add_epi32(_mm512_set1_epi32((int)counter), lanes));
    TS_UNROLL(8)
    for (int i = 0; i < 8; i++) {
        first[i] = _mm512_unpacklo_epi32(s[2 * i], s[2 * i + 1]);
        second[i] = _mm512_unpackhi_epi32(s[2 * i], s[2 * i + 1]);
    }
}

static void ifma_chacha20_stream(uint8_t *out, size_t blocks, const uint8_t *key32, const uint8_t *nonce12,
                                 uint32_t counter) {
    uint32_t words[16];
    uint8_t last[TS_CHACHA20X16_BYTES];
    ts_chacha20x16_words(words, key32, nonce12);
    for (; blocks >= 16; blocks -= 16, out += sizeof last, counter += 16) ts_chacha20x16_blocks(out, words, counter);
    if (blocks) {
        ts_chacha20x16_blocks(last, words, counter);
        memcpy(out, last, 64 * blocks);
        ts_wipe(last, sizeof last);
    }
    ts_wipe(words, sizeof words);
}

#endif
