/* SPDX-License-Identifier: Apache-2.0 */
/* Eight-lane vectors of 52-bit limbs: what the AVX-512 IFMA kernels share.
 *
 * Representation: a field element in memory is w 64-bit words, least significant first (w = 4 for Fr, 6
 * for Fp). Eight elements are loaded, transposed into w vectors (word i of eight elements) and cut into
 * limbs of 52 bits, one vector a limb. The order of the elements in the lanes is that of
 * ts_v8_transpose4, the same for every operand; no code here assumes that lane k holds element k.
 *
 * Dirty limbs: VPMADD52 reads only the low 52 bits of its factors, so factors need no masking. A limb that is
 * added, compared or packed must be clean; each function says what it takes.
 *
 * Timing: nothing here branches on, or addresses memory by, what a lane holds. */
#ifndef TS_VEC52_H
#define TS_VEC52_H

#include "../../util/util.h"

#define TS_LIMB_BITS 52
#define TS_LIMB_MASK 0xfffffffffffffULL

typedef __m512i ts_v8;

TS_INLINE ts_v8 ts_v8_set1(uint64_t x) { return _mm512_set1_epi64((long long)x); }
TS_INLINE ts_v8 ts_v8_zero(void) { return _mm512_setzero_si512(); }
TS_INLINE ts_v8 ts_v8_add(ts_v8 a, ts_v8 b) { return _mm512_add_epi64(a, b); }
TS_INLINE ts_v8 ts_v8_sub(ts_v8 a, ts_v8 b) { return _mm512_sub_epi64(a, b); }
TS_INLINE ts_v8 ts_v8_and(ts_v8 a, ts_v8 b) { return _mm512_and_si512(a, b); }

/* (a & mask) | b. */
TS_INLINE ts_v8 ts_v8_and_or(ts_v8 a, ts_v8 mask, ts_v8 b) { return _mm512_ternarylogic_epi64(a, mask, b, 0xea); }

/* t plus bits 0..51 of a b, and t plus bits 52..103 of it. */
TS_INLINE ts_v8 ts_v8_lo(ts_v8 t, ts_v8 a, ts_v8 b) { return _mm512_madd52lo_epu64(t, a, b); }
TS_INLINE ts_v8 ts_v8_hi(ts_v8 t, ts_v8 a, ts_v8 b) { return _mm512_madd52hi_epu64(t, a, b); }

/* floor(a / 2^52) of signed and of unsigned lanes. */
TS_INLINE ts_v8 ts_v8_carry(ts_v8 a) { return _mm512_srai_epi64(a, TS_LIMB_BITS); }
TS_INLINE ts_v8 ts_v8_carry_unsigned(ts_v8 a) { return _mm512_srli_epi64(a, TS_LIMB_BITS); }

/* s = a + b mod 2^256, words of 64 bits. The carry out of a word is the top bit of (a and b) or (a or b) and not s. */
TS_INLINE void ts_v8_add4(ts_v8 s[4], const ts_v8 a[4], const ts_v8 b[4]) {
    s[0] = ts_v8_add(a[0], b[0]);
    TS_UNROLL(3)
    for (int i = 1; i < 4; i++) {
        const ts_v8 carry = _mm512_srli_epi64(_mm512_ternarylogic_epi64(a[i - 1], b[i - 1], s[i - 1], 0xd4), 63);
        s[i] = ts_v8_add(ts_v8_add(a[i], b[i]), carry);
    }
}

/* d = a - b mod 2^256; returns the lanes where that went below zero. The borrow out of a word is the top bit of (b and not a)
 * or (b or not a) and d. */
TS_INLINE __mmask8 ts_v8_sub4(ts_v8 d[4], const ts_v8 a[4], const ts_v8 b[4]) {
    d[0] = ts_v8_sub(a[0], b[0]);
    TS_UNROLL(3)
    for (int i = 1; i < 4; i++) {
        const ts_v8 borrow = _mm512_srli_epi64(_mm512_ternarylogic_epi64(a[i - 1], b[i - 1], d[i - 1], 0x8e), 63);
        d[i] = ts_v8_sub(ts_v8_sub(a[i], b[i]), borrow);
    }
    return _mm512_movepi64_mask(_mm512_ternarylogic_epi64(a[3], b[3], d[3], 0x8e));
}

/* Every lane, as an unsigned number, is below the bound; checked in VERIFY builds. */
TS_INLINE void ts_v8_assert_below(ts_v8 a, uint64_t bound) {
    TS_ASSERT(_mm512_cmpge_epu64_mask(a, ts_v8_set1(bound)) == 0);
    (void)a;
    (void)bound;
}

/* Four vectors of two elements each, as in memory, to four vectors of one word each.
 * Lanes 0..7 of the result hold the elements 0 2 1 3 4 6 5 7. */
TS_INLINE void ts_v8_transpose4(ts_v8 w[4], const ts_v8 z[4]) {
    const ts_v8 p = _mm512_unpacklo_epi64(z[0], z[1]), q = _mm512_unpackhi_epi64(z[0], z[1]);
    const ts_v8 r = _mm512_unpacklo_epi64(z[2], z[3]), s = _mm512_unpackhi_epi64(z[2], z[3]);
    w[0] = _mm512_shuffle_i64x2(p, r, 0x88);
    w[1] = _mm512_shuffle_i64x2(q, s, 0x88);
    w[2] = _mm512_shuffle_i64x2(p, r, 0xdd);
    w[3] = _mm512_shuffle_i64x2(q, s, 0xdd);
}

/* The inverse of ts_v8_transpose4. */
TS_INLINE void ts_v8_untranspose4(ts_v8 z[4], const ts_v8 w[4]) {
    const ts_v8 p = _mm512_unpacklo_epi64(w[0], w[1]), q = _mm512_unpackhi_epi64(w[0], w[1]);
    const ts_v8 r = _mm512_unpacklo_epi64(w[2], w[3]), s = _mm512_unpackhi_epi64(w[2], w[3]);
    const ts_v8 even = _mm512_set_epi64(11, 10, 3, 2, 9, 8, 1, 0);
    const ts_v8 odd = _mm512_set_epi64(15, 14, 7, 6, 13, 12, 5, 4);
    z[0] = _mm512_permutex2var_epi64(p, even, r);
    z[1] = _mm512_permutex2var_epi64(q, even, s);
    z[2] = _mm512_permutex2var_epi64(p, odd, r);
    z[3] = _mm512_permutex2var_epi64(q, odd, s);
}

/* Vector i of four has its lanes that belong to the first n elements, n < 8. */
TS_INLINE __mmask8 ts_v8_tail4(size_t n, int i) { return (__mmask8)(((1U << 4 * n) - 1) >> 8 * i); }

/* Loads the first n of eight elements, all for n >= 8; the others read as zero. */
TS_INLINE void ts_v8_load4(ts_v8 w[4], const void *a, size_t n) {
    ts_v8 z[4];
    const uint64_t *p = a;
    if (n >= 8) {
        TS_UNROLL(4)
        for (int i = 0; i < 4; i++) z[i] = _mm512_loadu_si512(p + 8 * i);
    } else {
        TS_UNROLL(4)
        for (int i = 0; i < 4; i++) z[i] = _mm512_maskz_loadu_epi64(ts_v8_tail4(n, i), p + 8 * i);
    }
    ts_v8_transpose4(w, z);
}

/* Stores the first n of eight elements, all for n >= 8. */
TS_INLINE void ts_v8_store4(void *out, const ts_v8 w[4], size_t n) {
    ts_v8 z[4];
    uint64_t *p = out;
    ts_v8_untranspose4(z, w);
    if (n >= 8) {
        TS_UNROLL(4)
        for (int i = 0; i < 4; i++) _mm512_storeu_si512(p + 8 * i, z[i]);
    } else {
        TS_UNROLL(4)
        for (int i = 0; i < 4; i++) _mm512_mask_storeu_epi64(p + 8 * i, ts_v8_tail4(n, i), z[i]);
    }
}

/* Stores eight elements past the cache; out is aligned to 64 bytes, and a fence follows the last call. */
TS_INLINE void ts_v8_stream4(void *out, const ts_v8 w[4]) {
    ts_v8 z[4];
    ts_v8_untranspose4(z, w);
    TS_UNROLL(4)
    for (int i = 0; i < 4; i++) _mm512_stream_si512((ts_v8 *)out + i, z[i]);
}

/* Asks for the eight elements TS_V8_AHEAD bytes behind those at a, which may be beyond the end. */
#define TS_V8_AHEAD 4096
TS_INLINE void ts_v8_prefetch4(const void *a) {
    TS_UNROLL(4)
    for (int i = 0; i < 4; i++) _mm_prefetch((const char *)((uintptr_t)a + TS_V8_AHEAD + 64 * (uintptr_t)i), _MM_HINT_T0);
}

/* Eight elements of 32 bytes from, or to, eight addresses; lanes as in ts_v8_transpose4. */
TS_INLINE void ts_v8_gather4(ts_v8 w[4], const void *const a[8]) {
    ts_v8 z[4];
    TS_UNROLL(4)
    for (int i = 0; i < 4; i++)
        z[i] = _mm512_inserti64x4(_mm512_castsi256_si512(_mm256_loadu_si256(a[2 * i])),
                                  _mm256_loadu_si256(a[2 * i + 1]), 1);
    ts_v8_transpose4(w, z);
}

TS_INLINE void ts_v8_scatter4(void *const out[8], const ts_v8 w[4]) {
    ts_v8 z[4];
    ts_v8_untranspose4(z, w);
    TS_UNROLL(4)
    for (int i = 0; i < 4; i++) {
        _mm256_storeu_si256(out[2 * i], _mm512_castsi512_si256(z[i]));
        _mm256_storeu_si256(out[2 * i + 1], _mm512_extracti64x4_epi64(z[i], 1));
    }
}

/* Eight vectors of eight words each, one an element, to eight vectors of one word each, and back; lane k holds
 * element k. */
TS_INLINE void ts_v8_transpose8(ts_v8 w[8], const ts_v8 z[8]) {
    ts_v8 t[8], u[8];
    TS_UNROLL(4)
    for (int i = 0; i < 4; i++) {
        t[i] = _mm512_unpacklo_epi64(z[2 * i], z[2 * i + 1]);     /* words 0 2 4 6 of two elements */
        t[i + 4] = _mm512_unpackhi_epi64(z[2 * i], z[2 * i + 1]); /* words 1 3 5 7 */
    }
    TS_UNROLL(4)
    for (int i = 0; i < 4; i++) {
        u[2 * i] = _mm512_shuffle_i64x2(t[2 * i], t[2 * i + 1], 0x88);
        u[2 * i + 1] = _mm512_shuffle_i64x2(t[2 * i], t[2 * i + 1], 0xdd);
    }
    TS_UNROLL(2)
    for (int i = 0; i < 2; i++) {
        w[i] = _mm512_shuffle_i64x2(u[4 * i], u[4 * i + 2], 0x88);
        w[i + 4] = _mm512_shuffle_i64x2(u[4 * i], u[4 * i + 2], 0xdd);
        w[i + 2] = _mm512_shuffle_i64x2(u[4 * i + 1], u[4 * i + 3], 0x88);
        w[i + 6] = _mm512_shuffle_i64x2(u[4 * i + 1], u[4 * i + 3], 0xdd);
    }
}

/* One element in all lanes. */
TS_INLINE void ts_v8_broadcast4(ts_v8 w[4], const uint64_t a[4]) {
    TS_UNROLL(4)
    for (int i = 0; i < 4; i++) w[i] = ts_v8_set1(a[i]);
}

#endif
