/* SPDX-License-Identifier: Apache-2.0 */
/* Integers of n limbs of 64 bits, least significant limb first; n is a compile-time constant
 * of at most TS_LIMBS_MAX, so every loop unrolls. All functions run in constant time, and
 * outputs may alias inputs. */
#ifndef TS_LIMBS_H
#define TS_LIMBS_H

#include "ct.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define TS_LIMBS_MAX 6

/* One limb of a sum or difference, with the carry or borrow (0 or 1) in and out. On x86-64 the intrinsics give
 * chains of adc and sbb, which gcc does not find in the 128-bit arithmetic. */
TS_INLINE uint64_t ts_limb_add(uint64_t *out, uint64_t a, uint64_t b, uint64_t carry) {
#if defined(__x86_64__)
    unsigned long long sum;
    carry = _addcarry_u64((unsigned char)carry, a, b, &sum);
    *out = sum;
    return carry;
#else
    ts_u128 sum = (ts_u128)a + b + carry;
    *out = (uint64_t)sum;
    return (uint64_t)(sum >> 64);
#endif
}

TS_INLINE uint64_t ts_limb_sub(uint64_t *out, uint64_t a, uint64_t b, uint64_t borrow) {
#if defined(__x86_64__)
    unsigned long long difference;
    borrow = _subborrow_u64((unsigned char)borrow, a, b, &difference);
    *out = difference;
    return borrow;
#else
    ts_u128 difference = (ts_u128)a - b - borrow;
    *out = (uint64_t)difference;
    return (uint64_t)(difference >> 64) & 1;
#endif
}

/* out = a + b modulo 2^(64 n); returns the carry. */
TS_INLINE uint64_t ts_limbs_add(uint64_t *out, const uint64_t *a, const uint64_t *b, int n) {
    uint64_t carry = 0;
    TS_UNROLL(6)
    for (int i = 0; i < n; i++) carry = ts_limb_add(&out[i], a[i], b[i], carry);
    return carry;
}

/* out = a - b modulo 2^(64 n); returns the borrow. */
TS_INLINE uint64_t ts_limbs_sub(uint64_t *out, const uint64_t *a, const uint64_t *b, int n) {
    uint64_t borrow = 0;
    TS_UNROLL(6)
    for (int i = 0; i < n; i++) borrow = ts_limb_sub(&out[i], a[i], b[i], borrow);
    return borrow;
}

TS_INLINE void ts_limbs_select(uint64_t *out, uint64_t mask, const uint64_t *if_true,
                               const uint64_t *if_false, int n) {
    TS_UNROLL(6)
    for (int i = 0; i < n; i++) out[i] = ts_ct_select(mask, if_true[i], if_false[i]);
}

/* A mask: a == 0. */
TS_INLINE uint64_t ts_limbs_is_zero(const uint64_t *a, int n) {
    uint64_t any = 0;
    TS_UNROLL(6)
    for (int i = 0; i < n; i++) any |= a[i];
    return ts_ct_is_zero(any);
}

/* A mask: a == b. */
TS_INLINE uint64_t ts_limbs_equal(const uint64_t *a, const uint64_t *b, int n) {
    uint64_t any = 0;
    TS_UNROLL(6)
    for (int i = 0; i < n; i++) any |= a[i] ^ b[i];
    return ts_ct_is_zero(any);
}

/* 1 if a < b, else 0. */
TS_INLINE uint64_t ts_limbs_less(const uint64_t *a, const uint64_t *b, int n) {
    uint64_t d[TS_LIMBS_MAX];
    return ts_limbs_sub(d, a, b, n);
}

/* Bits 4 i to 4 i + 3 of a. */
TS_INLINE unsigned ts_limbs_nibble(const uint64_t *a, int i) {
    return (unsigned)(a[i / 16] >> (4 * (i % 16))) & 15;
}

/* out = a - m if a >= m, else a; for a < 2 m this is a mod m. */
TS_INLINE void ts_limbs_reduce_once(uint64_t *out, const uint64_t *a, const uint64_t *m, int n) {
    uint64_t d[TS_LIMBS_MAX];
    uint64_t mask = ts_ct_mask(ts_limbs_sub(d, a, m, n));
    ts_limbs_select(out, mask, a, d, n);
}

/* Montgomery multiplication: out = a b / 2^(64 n) mod m, for odd m < 2^(64 n - 1), m_inv =
 * -1/m mod 2^64, a < m, and any n-limb b. The running value stays below a + m < 2 m after every
 * limb of b, so it fits n limbs and one subtraction reduces it; a limb of b only has to be below
 * 2^64, which is why b need not be reduced (operand scanning, "CIOS" of Koc, Acar and Kaliski,
 * "Analyzing and comparing Montgomery multiplication algorithms", IEEE Micro 1996). */
TS_INLINE void ts_limbs_montmul(uint64_t *out, const uint64_t *a, const uint64_t *b,
                                const uint64_t *m, uint64_t m_inv, int n) {
    uint64_t t[TS_LIMBS_MAX + 1] = {0};
    TS_UNROLL(6)
    for (int i = 0; i < n; i++) {
        uint64_t hi = 0;
        TS_UNROLL(6)
        for (int j = 0; j < n; j++) {
            ts_u128 s = (ts_u128)a[j] * b[i] + t[j] + hi;
            t[j] = (uint64_t)s;
            hi = (uint64_t)(s >> 64);
        }
        uint64_t q = t[0] * m_inv;
        ts_u128 s = (ts_u128)q * m[0] + t[0];
        uint64_t lo = (uint64_t)(s >> 64);
        TS_UNROLL(6)
        for (int j = 1; j < n; j++) {
            s = (ts_u128)q * m[j] + t[j] + lo;
            t[j - 1] = (uint64_t)s;
            lo = (uint64_t)(s >> 64);
        }
        t[n - 1] = hi + lo;
    }
    ts_limbs_reduce_once(out, t, m, n);
}

#endif
