/* SPDX-License-Identifier: Apache-2.0 */
/* The compression function of SHA-256 on the processor's SHA instructions (SHA-NI). All processors that have AVX-512 IFMA and
 * VBMI2 have them. */
#ifndef TS_SHA256_NI_H
#define TS_SHA256_NI_H

#include "../../hash/sha256.h"
#include "../../hash/sha256_constants.h"

#define TS_ARCH_SHA256

/* Words 16 to 63 follow from the 16 before: four of them from the last four vectors of four. */
TS_INLINE __m128i ts_sha256_next(__m128i w0, __m128i w1, __m128i w2, __m128i w3) {
    const __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(w0, w1), _mm_alignr_epi8(w3, w2, 4));
    return _mm_sha256msg2_epu32(sum, w3);
}

static void ts_sha256_compress(uint32_t state[8], const uint8_t block[TS_SHA256_BLOCK]) {
    const __m128i swap = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
    /* The instructions want the state as (a b e f) and (c d g h), the first named highest. */
    const __m128i abcd = _mm_loadu_si128((const __m128i *)state), efgh = _mm_loadu_si128((const __m128i *)(state + 4));
    const __m128i badc = _mm_shuffle_epi32(abcd, 0xb1), hgfe = _mm_shuffle_epi32(efgh, 0x1b);
    const __m128i abef = _mm_alignr_epi8(badc, hgfe, 8), cdgh = _mm_blend_epi16(hgfe, badc, 0xf0);
    __m128i x = abef, y = cdgh, w[16];
    for (int i = 0; i < 4; i++) w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(block + 16 * i)), swap);
    TS_UNROLL(16)
    for (int i = 0; i < 16; i++) {
        if (i >= 4) w[i] = ts_sha256_next(w[i - 4], w[i - 3], w[i - 2], w[i - 1]);
        const __m128i t = _mm_add_epi32(w[i], _mm_loadu_si128((const __m128i *)(ts_sha256_k + 4 * i)));
        y = _mm_sha256rnds2_epu32(y, x, t);
        x = _mm_sha256rnds2_epu32(x, y, _mm_shuffle_epi32(t, 0x0e));
    }
    x = _mm_add_epi32(x, abef);
    y = _mm_add_epi32(y, cdgh);
    const __m128i feba = _mm_shuffle_epi32(x, 0x1b), dchg = _mm_shuffle_epi32(y, 0xb1);
    _mm_storeu_si128((__m128i *)state, _mm_blend_epi16(feba, dchg, 0xf0));
    _mm_storeu_si128((__m128i *)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
    ts_wipe(w, sizeof w);
}

#endif
